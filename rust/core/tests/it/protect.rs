//! Securing accounts of the practice tenant: asked for each action, written down before, sent once, undone by what was
//! written down.

use crate::tenant::{address, run, Said, Tenant};
use restricted_sender_core::error::Code;
use restricted_sender_core::evidence::{
    protect, test, CheckName, CheckState, ProtectOptions, Protection, Protective, Report, TestOptions,
};
use restricted_sender_core::history::journal::{Event as Entry, What};
use restricted_sender_core::host::{converse, Answer, Event, Question, Row};
use restricted_sender_core::restriction::Target;
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const TAKEN_OVER: &str = "adele.vance@contoso.com";
const SECURED: &str = "megan.bowen@contoso.onmicrosoft.com";
const SYNCHRONIZED: &str = "o'brien@contoso.com";

fn everything() -> ProtectOptions {
    ProtectOptions {
        disable_forwarding: true,
        disable_inbox_rule: true,
        revoke_session: true,
        block_sign_in: true,
        reset_password: true,
        comment: Some("INC-4711".to_owned()),
        ..ProtectOptions::default()
    }
}

async fn secure(tenant: &Tenant, who: &str, options: &ProtectOptions) -> Said {
    let (said, result) = run!(vec![address(who)], host => protect(&tenant.connection, options, &host));
    result.unwrap();
    said
}

async fn report(tenant: &Tenant, who: &str) -> Report {
    let options = TestOptions::default();
    let (mut said, result) = run!(vec![address(who)], host => test(&tenant.connection, &options, &host));
    result.unwrap();
    said.reports.remove(0)
}

fn state(report: &Report, name: CheckName) -> CheckState {
    report.checks.iter().find(|check| check.name == name).unwrap().state
}

async fn account(tenant: &Tenant, who: &str) -> Value {
    let reply = tenant.control.get(tenant.at(&format!("accounts/{who}"))).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    reply.json().await.unwrap()
}

fn journal(tenant: &Tenant) -> Vec<Entry> {
    let mut events = Vec::new();
    tenant.connection.journal().unwrap().read(|event| events.push(event)).unwrap();
    events
}

fn of(said: &Said, action: Protective) -> &Protection {
    said.protections.iter().find(|row| row.action == action).unwrap()
}

#[tokio::test]
async fn each_action_shows_in_the_tenant_and_in_the_journal() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.pass(60).await;
    let said = secure(&tenant, TAKEN_OVER, &everything()).await;
    assert!(said.failed.is_empty(), "{:?}", said.failed);
    let actions: Vec<_> = said.protections.iter().map(|row| row.action).collect();
    assert_eq!(
        actions,
        [
            Protective::BlockSignIn,
            Protective::ResetPassword,
            Protective::RevokeSession,
            Protective::DisableForwarding,
            Protective::DisableInboxRule
        ]
    );
    assert!(said.protections.iter().all(|row| row.changed), "{:?}", said.protections);
    assert_eq!(said.questions.len(), 5, "each is asked for by itself");

    assert_eq!(writes(&tenant).await, 5, "each is sent once");
    let after = report(&tenant, TAKEN_OVER).await;
    for name in [CheckName::PasswordChanged, CheckName::SessionsRevoked, CheckName::Forwarding, CheckName::InboxRules] {
        assert_eq!(state(&after, name), CheckState::Passed, "{name:?}");
    }
    let sign_in = after.checks.iter().find(|check| check.name == CheckName::SignInState).unwrap();
    assert!(sign_in.seen_text().contains("kept from signing in"), "{}", sign_in.seen_text());

    let events = journal(&tenant);
    assert_eq!(events.len(), 10, "each before and after");
    for pair in events.chunks(2) {
        assert_eq!((pair[0].what, pair[1].what), (What::ActionRequested, What::ActionTaken));
        assert_eq!(pair[0].action, pair[1].action);
        assert!(pair[0].before.is_some(), "{:?}", pair[0]);
        assert_eq!(pair[0].comment.as_deref(), Some("INC-4711"));
    }
    let forwarding = events.iter().find(|event| event.action.as_deref() == Some("DisableForwarding")).unwrap();
    assert!(forwarding.before.as_deref().unwrap().contains("ForwardingSmtpAddress="), "{forwarding:?}");
    assert!(forwarding.detail.as_deref().unwrap().starts_with("Undo: Set-Mailbox -Identity"), "{forwarding:?}");
}

#[tokio::test]
async fn a_new_password_is_handed_out_once_and_is_nowhere_else() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.pass(60).await;
    let options = ProtectOptions { reset_password: true, ..ProtectOptions::default() };
    let said = secure(&tenant, TAKEN_OVER, &options).await;
    let row = of(&said, Protective::ResetPassword);
    let password = row.password.as_ref().unwrap().reveal().to_owned();
    let shown = format!("{row:?} {:?} {:?} {:?} {:?}", said.details, said.warnings, said.questions, journal(&tenant));
    assert!(!shown.contains(&password), "it is shown to nobody");
    let kept = account(&tenant, TAKEN_OVER).await.to_string();
    assert!(!kept.contains(&password) && kept.to_lowercase().contains(&sha256(&password)), "the tenant has it: {kept}");
    assert!(row.undo.is_none());
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    format!("{:x}", Sha256::digest(text))
}

#[tokio::test]
async fn what_was_done_is_undone_by_what_was_written_down() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let before = report(&tenant, TAKEN_OVER).await;
    let seen = |report: &Report, name| report.checks.iter().find(|check| check.name == name).unwrap().seen_text();
    let options = ProtectOptions { disable_forwarding: true, disable_inbox_rule: true, ..ProtectOptions::default() };
    let said = secure(&tenant, TAKEN_OVER, &options).await;
    let forwarding = of(&said, Protective::DisableForwarding);
    let address = forwarding.before[0].1.as_str();
    assert_eq!(
        forwarding.undo.as_deref().unwrap(),
        format!("Set-Mailbox -Identity '{TAKEN_OVER}' -ForwardingSmtpAddress '{address}'")
    );
    let rule = of(&said, Protective::DisableInboxRule);
    let identity = rule.object.as_deref().unwrap();
    let undo = format!("Enable-InboxRule -Mailbox '{TAKEN_OVER}' -Identity '{identity}' -Confirm:$false");
    assert_eq!(rule.undo.as_deref(), Some(undo.as_str()));
    // As an admin would paste it.
    invoke(&tenant, "Set-Mailbox", json!({ "Identity": TAKEN_OVER, "ForwardingSmtpAddress": address })).await;
    invoke(&tenant, "Enable-InboxRule", json!({ "Mailbox": TAKEN_OVER, "Identity": identity })).await;
    let after = report(&tenant, TAKEN_OVER).await;
    for name in [CheckName::Forwarding, CheckName::InboxRules] {
        assert_eq!(seen(&after, name), seen(&before, name), "{name:?}");
    }
}

async fn invoke(tenant: &Tenant, cmdlet: &str, parameters: Value) {
    let invitation = tenant.sandbox.invitation();
    let token = [
        ("grant_type", "client_credentials"),
        ("client_id", invitation.app_id.as_str()),
        ("client_secret", invitation.client_secret.as_str()),
        ("scope", &format!("{}/.default", invitation.plain_uri)),
    ];
    let (base, organization) = (&invitation.plain_uri, &invitation.organization);
    let address = format!("{base}/{organization}/oauth2/v2.0/token");
    let token: Value = tenant.control.post(address).form(&token).send().await.unwrap().json().await.unwrap();
    let body = json!({ "CmdletInput": { "CmdletName": cmdlet, "Parameters": parameters } });
    let request = tenant.control.post(format!("{base}/adminapi/beta/{organization}/InvokeCommand")).json(&body);
    let reply = request.bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
    assert!(reply.status().is_success(), "{cmdlet}: {}", reply.text().await.unwrap());
}

/// How many requests that change something the tenant has seen.
async fn writes(tenant: &Tenant) -> usize {
    let log: Vec<Value> = tenant.control.get(tenant.at("requests")).send().await.unwrap().json().await.unwrap();
    let is_write = |request: &&Value| {
        let (method, path) = (request["method"].as_str().unwrap_or(""), request["path"].as_str().unwrap_or(""));
        let cmdlet = request["cmdlet"].as_str().unwrap_or("Get-");
        method == "PATCH"
            || path.contains("/graph/") && method == "POST"
            || !cmdlet.starts_with("Get-") && !cmdlet.starts_with("Search-")
    };
    log.iter().filter(is_write).count()
}

#[tokio::test]
async fn who_says_no_changes_nothing() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (host, mut caller) = converse(|event| event);
    caller.input.send(address(TAKEN_OVER).into()).await.unwrap();
    drop(caller.input);
    let options = everything();
    let asked = async {
        let mut asked = 0;
        while let Some(event) = caller.events.recv().await {
            match event {
                Event::Question(Question::Confirm(_), answer) => {
                    asked += 1;
                    answer.send(Answer::Confirmed(false)).unwrap();
                }
                Event::Rows(rows) => assert!(!rows.iter().any(|row| matches!(row, Row::Protection(_))), "{rows:?}"),
                Event::ItemFailed(error) => panic!("{error}"),
                _ => {}
            }
        }
        asked
    };
    let work = async {
        let result = protect(&tenant.connection, &options, &host).await;
        drop(host);
        result
    };
    let (asked, result) = tokio::join!(asked, work);
    result.unwrap();
    assert_eq!(asked, 5);
    assert_eq!(writes(&tenant).await, 0);
    assert!(!tenant.connection.journal().unwrap().folder().exists(), "nothing was done, so nothing is written down");
}

#[tokio::test]
async fn nothing_is_done_by_default_and_nothing_twice() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = ProtectOptions::default();
    let (_, result) = run!(vec![address(TAKEN_OVER)], host => protect(&tenant.connection, &options, &host));
    assert_eq!(result.unwrap_err().code(), Code::NothingChosen);

    let options = ProtectOptions { disable_forwarding: true, disable_inbox_rule: true, ..ProtectOptions::default() };
    let said = secure(&tenant, SECURED, &options).await;
    assert!(said.protections.iter().all(|row| !row.changed) && said.protections.len() == 2, "{:?}", said.protections);
    assert!(said.questions.is_empty());
    let blocked = ProtectOptions { block_sign_in: true, ..ProtectOptions::default() };
    assert!(secure(&tenant, SECURED, &blocked).await.protections[0].changed);
    assert!(!secure(&tenant, SECURED, &blocked).await.protections[0].changed, "it is blocked already");
}

#[tokio::test]
async fn a_synchronized_account_gets_no_password_here() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = ProtectOptions { reset_password: true, revoke_session: true, ..ProtectOptions::default() };
    let said = secure(&tenant, SYNCHRONIZED, &options).await;
    assert_eq!(said.failed[0].code(), Code::SynchronizedAccount);
    assert!(
        said.failed[0].message.contains(
            "Get-ADUser -LDAPFilter '(userPrincipalName=o''brien@contoso.com)' | Set-ADAccountPassword -Reset"
        ),
        "{}",
        said.failed[0]
    );
    assert_eq!(said.questions.len(), 1, "the rest goes on");
    assert!(of(&said, Protective::RevokeSession).changed);
}

#[tokio::test]
async fn a_missing_permission_fails_its_action_alone() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.forbid("User-PasswordProfile.ReadWrite.All").await;
    let options = ProtectOptions { reset_password: true, disable_forwarding: true, ..ProtectOptions::default() };
    let said = secure(&tenant, TAKEN_OVER, &options).await;
    assert_eq!(said.failed[0].code(), Code::NoGraphPermission);
    assert!(said.failed[0].message.contains("User-PasswordProfile.ReadWrite.All"), "{}", said.failed[0]);
    assert!(of(&said, Protective::DisableForwarding).changed);
    let failure = journal(&tenant).into_iter().find(|event| event.what == What::ActionFailed).unwrap();
    assert_eq!(failure.error_code.as_deref(), Some("RS2023"));
}

#[tokio::test]
async fn a_lost_reply_is_looked_into_and_not_repeated() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault("Disable-InboxRule", 1, json!({ "kind": "lose-reply" })).await;
    let options = ProtectOptions { disable_inbox_rule: true, ..ProtectOptions::default() };
    let said = secure(&tenant, TAKEN_OVER, &options).await;
    assert!(said.failed.is_empty(), "{:?}", said.failed);
    assert!(of(&said, Protective::DisableInboxRule).detail.contains("the reply was lost"));
    assert_eq!(tenant.seen("Disable-InboxRule").await, 1);

    tenant.fault("Set-Mailbox", 1, json!({ "kind": "drop" })).await;
    let options = ProtectOptions { disable_forwarding: true, ..ProtectOptions::default() };
    let said = secure(&tenant, TAKEN_OVER, &options).await;
    assert_eq!(said.failed[0].code(), Code::OutcomeUnknown, "{}", said.failed[0]);
    assert_eq!(tenant.seen("Set-Mailbox").await, 1, "it was not sent again");
}

#[tokio::test]
async fn a_connector_has_no_account() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let id = "5a2e8b1c-0000-4000-8000-00000000000a";
    let target = Target { connector_id: Some(id.into()), ..Target::default() };
    let options = everything();
    let (said, result) = run!(vec![target], host => protect(&tenant.connection, &options, &host));
    result.unwrap();
    assert_eq!((said.failed[0].code(), said.protections.len()), (Code::AccountNotFound, 0));
}
