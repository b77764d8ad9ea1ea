//! `Wait-RestrictedSender -Proof Sent`: what proves that mail flows again, and what does not.

use crate::tenant::{address, run, Said, Tenant};
use restricted_sender_core::error::Code;
use restricted_sender_core::exchange::Secret;
use restricted_sender_core::restriction::{
    get, unblock, wait, EntityType, Outcome, Proof, Query, Target, TestMessage, UnblockOptions, WaitOptions,
};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const ADELE: &str = "adele.vance@contoso.com";
const TRACE: &str = "Get-MessageTraceV2";
const OUTSIDE: &str = "customer@fabrikam.example";

async fn unblocked() -> Tenant {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions::default();
    let (_, result) = run!(vec![address(ADELE)], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    tenant
}

async fn prove(tenant: &Tenant, proof: Proof, target: Target) -> Said {
    let options = WaitOptions::default();
    let (said, result) = run!(vec![target], host => wait(&tenant.connection, &options, &proof, &host));
    result.unwrap();
    said
}

fn send(tenant: &Tenant, from: &str, to: &str) -> Value {
    tenant.sandbox.control("POST", "submissions", &json!({"authenticatedUser": from, "recipients": [to]})).unwrap()
}

fn password_of(tenant: &Tenant, user: &str) -> String {
    let account = tenant.sandbox.control("GET", &format!("accounts/{user}"), &Value::Null).unwrap();
    account["password"].as_str().unwrap().to_owned()
}

fn message(tenant: &Tenant, user: &str, password: &str) -> Proof {
    let server = tenant.sandbox.invitation().smtp_address.as_str();
    let password = Secret::new(password.to_owned());
    Proof::Sent(Some(
        TestMessage::new(OUTSIDE, Some(server), Some(user.to_owned()), Some(password), Vec::new()).unwrap(),
    ))
}

fn outcomes(said: &Said) -> Vec<Outcome> {
    said.unblocks.iter().map(|result| result.outcome).collect()
}

#[tokio::test]
async fn a_message_to_somebody_outside_after_the_unblock_is_proof() {
    let tenant = unblocked().await;
    // Adele's own story has mail that went out before.
    let said = prove(&tenant, Proof::Sent(None), address(ADELE)).await;
    assert_eq!(outcomes(&said), [Outcome::Released]);
    assert!(
        said.warnings.iter().any(|warning| warning.contains("no message of it to anybody outside")),
        "{:?}",
        said.warnings
    );
    assert!(said.unblocks[0].proven.is_none() && said.failed.is_empty());
    assert!(said.questions.is_empty(), "nothing is sent by itself");

    let inside = send(&tenant, ADELE, "lee.gu@contoso.com");
    tenant.pass(60).await;
    assert_eq!(outcomes(&prove(&tenant, Proof::Sent(None), address(ADELE)).await), [Outcome::Released], "{inside}");

    let sent = send(&tenant, ADELE, OUTSIDE);
    let taken = tenant.now();
    tenant.pass(60).await;
    let said = prove(&tenant, Proof::Sent(None), address(ADELE)).await;
    assert_eq!(outcomes(&said), [Outcome::Proven], "{:?}", said.warnings);
    let proven = said.unblocks[0].proven.as_ref().unwrap();
    assert_eq!(Some(proven.message_trace_id.as_str()), sent["messageTraceId"].as_str(), "{sent}");
    assert_eq!((proven.recipient.as_str(), proven.at.unix_timestamp()), (OUTSIDE, taken.unix_timestamp()));
    assert!(said.unblocks[0].support_text().contains(&proven.message_trace_id));
    assert!(said.details.iter().any(|detail| detail.contains("can send again")), "{:?}", said.details);
    let journal = tenant.connection.journal().unwrap();
    let lines =
        std::fs::read_dir(journal.folder()).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    assert!(lines.collect::<String>().contains("\"Proven\""));
}

#[tokio::test]
async fn a_test_message_is_asked_for_sent_once_and_found() {
    let tenant = unblocked().await;
    let proof = message(&tenant, ADELE, &password_of(&tenant, ADELE));
    let said = prove(&tenant, proof, address(ADELE)).await;
    assert_eq!(outcomes(&said), [Outcome::Proven], "{:?} {:?}", said.failed, said.warnings);
    assert_eq!(said.questions.len(), 1);
    assert!(said.questions[0].contains(OUTSIDE) && !said.questions[0].contains(&password_of(&tenant, ADELE)));
    assert_eq!(said.unblocks[0].proven.as_ref().unwrap().recipient, OUTSIDE);
    let handed_over: Vec<_> = said.details.iter().filter(|detail| detail.contains("was handed to")).collect();
    assert_eq!(handed_over.len(), 1, "{:?}", said.details);
    assert!(said.unblocks[0].support_text().contains("was handed to"));
}

#[tokio::test]
async fn a_test_message_that_the_trace_does_not_show_yet_is_not_sent_again() {
    let tenant = unblocked().await;
    // The first looks at the trace fail.
    tenant.fault(TRACE, 2, json!({"kind": "status", "status": 400, "body": "{}"})).await;
    let said = prove(&tenant, message(&tenant, ADELE, &password_of(&tenant, ADELE)), address(ADELE)).await;
    assert_eq!(outcomes(&said), [Outcome::Proven], "{:?}", said.failed);
    assert_eq!(said.details.iter().filter(|detail| detail.contains("was handed to")).count(), 1, "{:?}", said.details);
    assert!(tenant.seen(TRACE).await >= 3);
}

#[tokio::test]
async fn of_several_senders_each_has_a_moment_of_its_own() {
    const LEE: &str = "lee.gu@contoso.com";
    let tenant = unblocked().await;
    tenant.pass(600).await;
    send(&tenant, LEE, OUTSIDE);
    tenant.pass(600).await;
    tenant.order("restrictions", &json!({"senderAddress": LEE, "reason": "OutboundSpamLast24Hours=1"}));
    tenant.pass(600).await;
    let options = UnblockOptions::default();
    let (_, result) = run!(vec![address(LEE)], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    let (options, proof) = (WaitOptions::default(), Proof::Sent(None));
    let targets = || vec![address(ADELE), address(LEE)];
    let (said, result) = run!(targets(), host => wait(&tenant.connection, &options, &proof, &host));
    result.unwrap();
    assert_eq!(outcomes(&said), [Outcome::Released, Outcome::Released], "Lee wrote before the restriction");
    send(&tenant, LEE, OUTSIDE);
    tenant.pass(60).await;
    let (said, result) = run!(targets(), host => wait(&tenant.connection, &options, &proof, &host));
    result.unwrap();
    assert_eq!(outcomes(&said), [Outcome::Proven, Outcome::Released]);
    assert_eq!(said.unblocks[0].sender_address.as_deref(), Some(LEE));
}

#[tokio::test]
async fn a_server_that_takes_no_test_message_leaves_the_release_unproven() {
    let tenant = unblocked().await;
    for (user, password, code) in [
        (ADELE, "wrong".to_owned(), Code::MailSignInRefused),
        // Lee may not send as Adele.
        ("lee.gu@contoso.com", password_of(&tenant, "lee.gu@contoso.com"), Code::TestMessageRefused),
    ] {
        let said = prove(&tenant, message(&tenant, user, &password), address(ADELE)).await;
        let codes: Vec<_> = said.failed.iter().map(restricted_sender_core::error::Error::code).collect();
        assert_eq!(codes, [code], "it is not tried again");
        assert!(said.failed[0].message.contains("No message was sent") && !said.failed[0].message.contains(&password));
        assert_eq!(outcomes(&said), [Outcome::Released]);
    }
}

#[tokio::test]
async fn a_trace_that_cannot_be_read_proves_nothing_and_says_so() {
    let tenant = unblocked().await;
    tenant.pass(3600).await;
    send(&tenant, ADELE, OUTSIDE);
    tenant.forbid(TRACE).await;
    let said = prove(&tenant, Proof::Sent(None), address(ADELE)).await;
    assert_eq!(outcomes(&said), [Outcome::Released]);
    assert_eq!(said.failed.iter().map(|error| error.code()).collect::<Vec<_>>(), [Code::ProofUnknown]);
    tenant.allow(TRACE).await;
    assert_eq!(outcomes(&prove(&tenant, Proof::Sent(None), address(ADELE)).await), [Outcome::Proven]);
}

#[tokio::test]
async fn whoever_is_still_listed_is_not_looked_for() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let said = prove(&tenant, Proof::Sent(None), address(ADELE)).await;
    assert_eq!(outcomes(&said), [Outcome::StillListed]);
    assert_eq!(tenant.seen(TRACE).await, 0);
}

#[tokio::test]
async fn a_recipient_inside_is_refused_before_anything_is_waited_for() {
    let tenant = unblocked().await;
    let test = TestMessage::new(
        "lee.gu@contoso.com",
        Some("localhost"),
        Some(ADELE.to_owned()),
        Some(Secret::new("x".to_owned())),
        Vec::new(),
    );
    let proof = Proof::Sent(Some(test.unwrap()));
    let options = WaitOptions::default();
    let (said, result) = run!(vec![address(ADELE)], host => wait(&tenant.connection, &options, &proof, &host));
    assert_eq!(result.unwrap_err().code(), Code::InvalidTestMessage);
    assert!(said.questions.is_empty() && said.unblocks.is_empty());
    for (server, user) in [(None, Some("u")), (Some("localhost"), None), (Some("a b"), Some("u"))] {
        let password = Some(Secret::new("x".to_owned()));
        let error = TestMessage::new(OUTSIDE, server, user.map(str::to_owned), password, Vec::new()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidTestMessage);
    }
}

#[tokio::test]
async fn of_a_connector_the_trace_tells_nothing() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (listed, result) =
        run!(vec![], host => get(&tenant.connection, Query::Everything(Some(EntityType::Connector)), &host));
    result.unwrap();
    let id = listed.entries[0].key.connector_id().unwrap();
    let target = || Target { connector_id: Some(id.clone()), ..Target::default() };
    let options = UnblockOptions::default();
    let (_, result) = run!(vec![target()], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    let said = prove(&tenant, Proof::Sent(None), target()).await;
    assert_eq!(outcomes(&said), [Outcome::Released]);
    assert!(said.warnings.iter().any(|warning| warning.contains("which connector")), "{:?}", said.warnings);
}
