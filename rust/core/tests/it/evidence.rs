//! The evidence against the practice tenant's stories: the verdict that a good analyst would give, and never `Safe` where
//! something could not be seen.

use std::collections::HashMap;

use crate::tenant::{address, run, Tenant};
use restricted_sender_core::connection::{Connection, OpenSession};
use restricted_sender_core::error::Code;
use restricted_sender_core::evidence::{
    test, Check, CheckName, CheckState, LooksLike, Report, SinceBasis, TestOptions, Verdict,
};
use restricted_sender_core::exchange::session::{Argument, Ran};
use restricted_sender_core::exchange::Value as RunValue;
use restricted_sender_core::host::{converse, Answer, Event, Question, Row};
use restricted_sender_core::restriction::{
    get, unblock, EntityType, NextStep, Query, Restriction, Target, UnblockOptions,
};
use restricted_sender_core::Clock;
use restricted_sender_sandbox::Scenario;
use serde_json::json;

const TAKEN_OVER: &str = "adele.vance@contoso.com";
const SECURED: &str = "megan.bowen@contoso.onmicrosoft.com";
const NEWSLETTER: &str = "johanna.lorenz@contoso.com";
const SCANNER: &str = "scanner@print.contoso.com";
const SYNCHRONIZED: &str = "o'brien@contoso.com";

async fn reports(tenant: &Tenant, targets: Vec<Target>, options: &TestOptions) -> Vec<Report> {
    let (said, result) = run!(targets, host => test(&tenant.connection, options, &host));
    result.unwrap();
    assert!(said.failed.is_empty(), "{:?}", said.failed);
    said.reports
}

async fn report(tenant: &Tenant, who: &str) -> Report {
    reports(tenant, vec![address(who)], &TestOptions::default()).await.remove(0)
}

fn check(report: &Report, name: CheckName) -> &Check {
    report.checks.iter().find(|check| check.name == name).unwrap()
}

fn states(report: &Report) -> HashMap<CheckName, CheckState> {
    report.checks.iter().map(|check| (check.name, check.state)).collect()
}

fn failed(report: &Report) -> Vec<CheckName> {
    report.checks.iter().filter(|check| check.state == CheckState::Failed).map(|check| check.name).collect()
}

async fn entries(tenant: &Tenant, entity_type: Option<EntityType>) -> Vec<Restriction> {
    let (said, result) = run!(vec![], host => get(&tenant.connection, Query::Everything(entity_type), &host));
    result.unwrap();
    said.entries
}

async fn connectors(tenant: &Tenant) -> HashMap<String, Target> {
    let connectors = entries(tenant, Some(EntityType::Connector)).await;
    let target = |entry: &Restriction| Target { connector_id: entry.key.connector_id(), ..Target::default() };
    connectors.iter().map(|entry| (entry.connector_name.clone().unwrap(), target(entry))).collect()
}

#[tokio::test]
async fn a_takeover_is_told_by_what_was_left_behind() {
    use CheckName::{
        AppConsents, AuthenticationMethods, Forwarding, FullAccess, InboxRules, PasswordChanged, SessionsRevoked,
        UserRisk,
    };
    let tenant = Tenant::new(Scenario::Standard).await;
    let report = report(&tenant, TAKEN_OVER).await;
    assert_eq!((report.verdict, report.looks_like), (Verdict::NotSafe, LooksLike::Takeover), "{}", report.summary);
    let signs = [
        PasswordChanged,
        SessionsRevoked,
        AuthenticationMethods,
        Forwarding,
        InboxRules,
        FullAccess,
        AppConsents,
        UserRisk,
    ];
    assert!(signs.iter().all(|name| failed(&report).contains(name)), "{:?}", failed(&report));
    assert!(report.unseen.is_empty(), "{:?}", report.unseen);
    assert_eq!(report.since_basis, SinceBasis::Listed);
    assert_eq!(report.recipient_type.as_deref(), Some("UserMailbox"));

    let rule = check(&report, InboxRules);
    assert!(rule.seen_text().contains("The rule '.' deletes mail"), "{}", rule.seen_text());
    let identity = &rule.objects[0];
    let disable = format!("Disable-InboxRule -Mailbox '{TAKEN_OVER}' -Identity '{identity}' -Confirm:$false");
    assert_eq!(rule.commands, [disable]);
    assert!(check(&report, FullAccess).seen[0].at.is_some(), "the audit log dates the delegate");
    for check in report.checks.iter().filter(|check| check.state == CheckState::Failed) {
        assert!(check.seen.iter().any(|fact| fact.is_suspicious) || check.name.is_informational(), "{check:?}");
        assert!(!check.commands.is_empty() && !check.recommendation.is_empty(), "{check:?}");
    }
    assert!(report.reasons.iter().any(|reason| reason.contains("outside the organization")), "{:?}", report.reasons);
}

#[tokio::test]
async fn whoever_was_secured_after_the_block_is_safe_and_may_be_unblocked() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let report = report(&tenant, SECURED).await;
    assert_eq!(report.verdict, Verdict::Safe, "{}", report.summary);
    assert!(check(&report, CheckName::InboxRules).seen_text().contains("it is off"));
    let (said, _) = run!(vec![address(SECURED)], host => get(&tenant.connection, Query::Named, &host));
    assert_eq!(said.entries[0].decision.next_step(), NextStep::Unblock);
    // The verdict is old news after an hour.
    tenant.pass(3601).await;
    let (said, _) = run!(vec![address(SECURED)], host => get(&tenant.connection, Query::Named, &host));
    assert_eq!(said.entries[0].decision.next_step(), NextStep::SecureThenUnblock);
}

#[tokio::test]
async fn a_job_and_a_device_need_no_new_password() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let newsletter = report(&tenant, NEWSLETTER).await;
    assert_eq!(newsletter.looks_like, LooksLike::ScheduledJob, "{:?}", newsletter.reasons);
    assert_eq!(newsletter.verdict, Verdict::Safe, "{}", newsletter.summary);
    assert_eq!(check(&newsletter, CheckName::PasswordChanged).state, CheckState::NotApplicable);
    assert!(newsletter.reasons.iter().any(|reason| reason.contains("every Monday")), "{:?}", newsletter.reasons);

    let scanner = report(&tenant, SCANNER).await;
    assert_eq!(scanner.looks_like, LooksLike::RelayOrDevice, "{:?}", scanner.reasons);
    assert!(failed(&scanner).is_empty(), "{:?}", failed(&scanner));
    assert_eq!(check(&scanner, CheckName::PasswordChanged).state, CheckState::NotApplicable);
    assert_eq!(check(&scanner, CheckName::SentFrom).state, CheckState::Passed, "{:?}", scanner.unseen);

    // Without the trace nothing speaks for a job any more, and the password counts.
    tenant.forbid("Get-MessageTraceV2").await;
    let newsletter = report(&tenant, NEWSLETTER).await;
    assert_eq!((newsletter.looks_like, newsletter.verdict), (LooksLike::Unclear, Verdict::NotSafe));
    assert!(newsletter.unseen.iter().any(|unseen| unseen.contains("Get-MessageTraceV2")), "{:?}", newsletter.unseen);
    let scanner = report(&tenant, SCANNER).await;
    assert_eq!(scanner.verdict, Verdict::CannotTell, "{}", scanner.summary);
}

#[tokio::test]
async fn a_synchronized_account_is_secured_on_premises() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let report = report(&tenant, SYNCHRONIZED).await;
    let password = check(&report, CheckName::PasswordChanged);
    assert_eq!(password.state, CheckState::Failed);
    assert_eq!(
        password.commands,
        ["Get-ADUser -LDAPFilter '(userPrincipalName=o''brien@contoso.com)' | Set-ADAccountPassword -Reset"]
    );
    assert_eq!(report.verdict, Verdict::NotSafe);
    assert_ne!(report.looks_like, LooksLike::Takeover, "a weakness is no sign: {:?}", report.reasons);
}

#[tokio::test]
async fn an_abused_connector_is_told_from_one_that_is_fine() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let connectors = connectors(&tenant).await;
    let options = TestOptions::default();
    let of = |name: &str| vec![connectors[name].clone()];
    let abused = reports(&tenant, of("On-premises relay to Microsoft 365"), &options).await.remove(0);
    assert_eq!((abused.verdict, abused.looks_like), (Verdict::NotSafe, LooksLike::Takeover), "{}", abused.summary);
    let changed = check(&abused, CheckName::ConnectorChanges);
    assert!(changed.seen_text().contains("svc-migration@contoso.onmicrosoft.com"), "{}", changed.seen_text());
    let identity = check(&abused, CheckName::ConnectorIdentity);
    assert!(identity.seen_text().contains("relay.adatum.example"), "{}", identity.seen_text());
    let others = check(&abused, CheckName::Connectors);
    assert!(others.seen_text().contains("Head office scanners"), "changed with it: {}", others.seen_text());
    assert!(abused.checks.iter().all(|check| check.name != CheckName::PasswordChanged));

    let fine = reports(&tenant, of("Fabrikam newsletter service"), &options).await.remove(0);
    assert_eq!((fine.verdict, fine.looks_like), (Verdict::Safe, LooksLike::RelayOrDevice), "{}", fine.summary);
}

/// What each permission of the app is for. Removing it takes exactly that away.
const NEEDED: [(&str, &[CheckName]); 15] = [
    ("User.Read.All", &[CheckName::PasswordChanged, CheckName::SessionsRevoked, CheckName::SignInState]),
    ("UserAuthenticationMethod.Read.All", &[CheckName::AuthenticationMethods]),
    ("Directory.Read.All", &[CheckName::AppConsents, CheckName::AdminRoles]),
    ("IdentityRiskyUser.Read.All", &[CheckName::UserRisk]),
    ("Get-Mailbox", &[CheckName::Forwarding, CheckName::SendAs, CheckName::MailboxAudit]),
    ("Get-AcceptedDomain", &[CheckName::Forwarding, CheckName::InboxRules]),
    ("Get-InboxRule", &[CheckName::InboxRules]),
    ("Get-SweepRule", &[CheckName::SweepRules]),
    ("Get-MailboxPermission", &[CheckName::FullAccess]),
    ("Get-RecipientPermission", &[CheckName::SendAs]),
    ("Get-CASMailbox", &[CheckName::Protocols]),
    ("Get-MailboxAuditBypassAssociation", &[CheckName::MailboxAudit]),
    ("Get-TransportRule", &[CheckName::TransportRules]),
    ("Get-InboundConnector", &[CheckName::Connectors]),
    ("Get-OutboundConnector", &[CheckName::Connectors]),
];

#[tokio::test]
async fn each_missing_permission_leaves_exactly_its_checks_unknown() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let whole = report(&tenant, SECURED).await;
    assert_eq!(whole.verdict, Verdict::Safe);
    for (permission, checks) in NEEDED {
        tenant.forbid(permission).await;
        let half = report(&tenant, SECURED).await;
        let mut expected = states(&whole);
        for check in checks {
            expected.insert(*check, CheckState::Unknown);
        }
        assert_eq!(states(&half), expected, "without {permission}");
        let decides = checks.iter().any(|check| !check.is_informational());
        let verdict = if decides { Verdict::CannotTell } else { Verdict::Safe };
        assert_eq!(half.verdict, verdict, "without {permission}: {}", half.summary);
        for name in checks {
            let check = check(&half, *name);
            let told = format!("{} {}", check.seen_text(), check.recommendation);
            assert!(told.contains(permission), "{name:?} names what is missing: {told}");
            assert!(half.unseen.iter().any(|unseen| unseen.contains(permission)), "{:?}", half.unseen);
        }
        tenant.allow(permission).await;
    }
    assert_eq!(report(&tenant, SECURED).await.verdict, Verdict::Safe, "everything was given back");
    // Of whoever has delegates and consents, the audit log tells since when.
    tenant.forbid("Search-UnifiedAuditLog").await;
    let taken_over = report(&tenant, TAKEN_OVER).await;
    assert_eq!(check(&taken_over, CheckName::FullAccess).state, CheckState::Unknown);
}

#[tokio::test]
async fn no_fault_reads_as_passed() {
    let tenant = Tenant::new(Scenario::Standard).await;
    for fault in [
        json!({ "kind": "status", "status": 500 }),
        json!({ "kind": "status", "status": 200, "body": "<html>Sign in</html>" }),
        json!({ "kind": "truncate" }),
        json!({ "kind": "drop" }),
    ] {
        tenant.break_down("Get-InboxRule", fault.clone()).await;
        let report = report(&tenant, SECURED).await;
        assert_eq!(check(&report, CheckName::InboxRules).state, CheckState::Unknown, "{fault}");
        assert_eq!(report.verdict, Verdict::CannotTell, "{fault}");
        tenant.heal().await;
    }
}

#[tokio::test]
async fn without_mailboxes_their_checks_make_no_sense_and_the_rest_works() {
    let tenant = Tenant::new(Scenario::Standalone).await;
    let report = report(&tenant, TAKEN_OVER).await;
    assert_eq!(report.recipient_type.as_deref(), Some("MailUser"));
    for name in [CheckName::Forwarding, CheckName::InboxRules, CheckName::FullAccess, CheckName::MailboxAudit] {
        assert_eq!(check(&report, name).state, CheckState::NotApplicable, "{name:?}");
    }
    assert_eq!(report.verdict, Verdict::NotSafe, "{}", report.summary);
    assert!(failed(&report).contains(&CheckName::UserRisk));
    // Where not even the type can be told, nothing is left out for that.
    tenant.forbid("Get-Recipient").await;
    let blind = self::report(&tenant, TAKEN_OVER).await;
    assert_eq!(check(&blind, CheckName::Forwarding).state, CheckState::Unknown, "{}", blind.summary);
}

#[tokio::test]
async fn some_checks_alone_make_nobody_safe() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = TestOptions { checks: vec![CheckName::PasswordChanged, CheckName::InboxRules], since: None };
    let report = reports(&tenant, vec![address(SECURED)], &options).await.remove(0);
    assert_eq!(report.checks.iter().map(|check| check.name).collect::<Vec<_>>(), options.checks);
    assert_eq!(report.verdict, Verdict::CannotTell, "{}", report.summary);
    assert_eq!(tenant.seen("Get-Mailbox").await, 0, "nothing else was read");
    let one = TestOptions { checks: vec![CheckName::PasswordChanged], since: None };
    let report = reports(&tenant, vec![address(TAKEN_OVER)], &one).await.remove(0);
    assert_eq!(report.verdict, Verdict::NotSafe, "one failure is enough");
}

#[tokio::test]
async fn the_moment_of_the_block_can_be_named_and_is_never_made_up() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let free = "diego.siciliani@contoso.com";
    let assumed = report(&tenant, free).await;
    assert_eq!(assumed.since_basis, SinceBasis::Assumed);
    assert_eq!(check(&assumed, CheckName::PasswordChanged).state, CheckState::Unknown);
    assert_eq!(assumed.verdict, Verdict::CannotTell, "{}", assumed.summary);
    let listed = report(&tenant, SECURED).await;
    let later = TestOptions { checks: Vec::new(), since: Some(listed.tested_at) };
    let given = reports(&tenant, vec![address(SECURED)], &later).await.remove(0);
    assert_eq!((given.since_basis, given.verdict), (SinceBasis::Given, Verdict::NotSafe), "{}", given.summary);
    let nobody = reports(&tenant, vec![address("nobody@contoso.com")], &TestOptions::default()).await.remove(0);
    assert_ne!(nobody.verdict, Verdict::Safe, "{}", nobody.summary);
    assert_eq!(nobody.looks_like, LooksLike::Unclear, "{:?}", nobody.reasons);
}

#[tokio::test]
async fn many_senders_come_in_their_order_and_share_what_is_common() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let who = [TAKEN_OVER, SECURED, NEWSLETTER, SCANNER, SYNCHRONIZED];
    let many: Vec<_> = who.iter().cycle().take(20).map(|who| address(who)).collect();
    let reports = reports(&tenant, many, &TestOptions::default()).await;
    let verdicts: Vec<_> = reports.iter().map(|report| report.verdict).collect();
    let one = [Verdict::NotSafe, Verdict::Safe, Verdict::Safe, Verdict::Safe, Verdict::NotSafe];
    assert_eq!(verdicts, one.repeat(4));
    assert!(reports.iter().zip(who.iter().cycle()).all(|(report, who)| report.named == *who));
    for shared in ["Get-TransportRule", "Get-InboundConnector", "Get-OutboundConnector", "Get-AcceptedDomain"] {
        assert_eq!(tenant.seen(shared).await, 1, "{shared}");
    }
    assert_eq!(tenant.connection.status().await.retries, Some(0), "nothing was throttled");
}

#[tokio::test]
async fn only_the_safe_are_unblocked_where_evidence_is_required() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions { require_evidence: true, pass_thru: true, ..UnblockOptions::default() };
    let targets = vec![address(TAKEN_OVER), address(SECURED)];
    let (said, result) = run!(targets, host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    assert_eq!(said.failed.len(), 1, "{:?}", said.failed);
    let refusal = &said.failed[0];
    assert_eq!((refusal.code(), refusal.target.as_deref()), (Code::NotSafe, Some(TAKEN_OVER)));
    for told in ["PasswordChanged", "InboxRules", "Disable-InboxRule -Mailbox", "Nothing was changed"] {
        assert!(refusal.message.contains(told), "{told}: {refusal}");
    }
    assert!(!refusal.message.contains("Protocols"), "what only informs is no reason: {refusal}");
    assert_eq!(tenant.seen("Remove-BlockedSenderAddress").await, 1);
    assert_eq!(said.questions.len(), 1, "who is refused is not asked about");
    assert!(said.questions[0].contains("Evidence:     Safe"), "{}", said.questions[0]);
}

#[tokio::test]
async fn half_a_view_is_no_evidence() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.forbid("UserAuthenticationMethod.Read.All").await;
    let options = UnblockOptions { require_evidence: true, ..UnblockOptions::default() };
    let (said, _) = run!(vec![address(SECURED)], host => unblock(&tenant.connection, &options, &host));
    assert_eq!(said.failed[0].code(), Code::NotSafe);
    assert!(said.failed[0].message.contains("UserAuthenticationMethod.Read.All"), "{}", said.failed[0]);
    assert_eq!(tenant.seen("Remove-BlockedSenderAddress").await, 0);
}

#[tokio::test]
async fn an_override_is_kept_with_its_reason() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let with = |reason: &str| UnblockOptions {
        require_evidence: true,
        override_reason: Some(reason.to_owned()),
        ..UnblockOptions::default()
    };
    let (said, _) = run!(vec![address(TAKEN_OVER)], host => unblock(&tenant.connection, &with("  "), &host));
    assert_eq!(said.failed[0].code(), Code::NotSafe, "a blank is no reason");
    let reason = "The mailbox is forensic evidence";
    let (said, _) = run!(vec![address(TAKEN_OVER)], host => unblock(&tenant.connection, &with(reason), &host));
    assert!(said.failed.is_empty(), "{:?}", said.failed);
    assert!(said.questions[0].contains("Evidence:     NotSafe") && said.questions[0].contains(reason));
    let mut events = Vec::new();
    tenant.connection.journal().unwrap().read(|event| events.push(event)).unwrap();
    assert_eq!(events[0].override_reason.as_deref(), Some(reason));
    assert!(events[0].detail.as_deref().unwrap().starts_with("NotSafe. Failed: PasswordChanged"), "{events:?}");
    let (said, _) = run!(vec![address(SECURED)], host => unblock(&tenant.connection, &with(reason), &host));
    assert!(said.failed.is_empty());
    let mut events = Vec::new();
    tenant.connection.journal().unwrap().read(|event| events.push(event)).unwrap();
    assert!(events[2].override_reason.is_none(), "nothing had to be overridden: {events:?}");
}

#[tokio::test]
async fn the_question_shows_a_verdict_that_is_known() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions::default();
    let (said, _) = run!(vec![address(NEWSLETTER)], host => unblock(&tenant.connection, &options, &host));
    assert!(!said.questions[0].contains("Evidence:"), "{}", said.questions[0]);
    report(&tenant, TAKEN_OVER).await;
    let (said, _) = run!(vec![address(TAKEN_OVER)], host => unblock(&tenant.connection, &options, &host));
    assert!(said.questions[0].contains("Evidence:     NotSafe"), "{}", said.questions[0]);
}

#[tokio::test]
async fn a_session_has_no_way_to_graph_and_says_so() {
    let (host, mut caller) = converse(|event| event);
    caller.input.send(address(SECURED).into()).await.unwrap();
    drop(caller.input);
    let text = |name: &str, value: &str| (name.to_owned(), RunValue::Text(value.to_owned()));
    let answering = async {
        let (mut reports, mut hidden) = (Vec::new(), None);
        while let Some(event) = caller.events.recv().await {
            match event {
                Event::Question(Question::Cmdlet(run), answer) => {
                    if run.cmdlet == "Get-InboxRule" {
                        hidden = run.parameters.iter().find(|(name, _)| name == "IncludeHidden").cloned();
                    }
                    let row = match run.cmdlet {
                        "Get-BlockedSenderAddress" => vec![text("SenderAddress", SECURED)],
                        "Get-Recipient" => vec![
                            text("RecipientTypeDetails", "UserMailbox"),
                            text("PrimarySmtpAddress", SECURED),
                            text("ExternalDirectoryObjectId", "5a2e8b1c-0000-4000-8000-00000000000a"),
                        ],
                        "Get-AcceptedDomain" => vec![text("DomainName", "contoso.com")],
                        "Get-Mailbox" => vec![("AuditEnabled".to_owned(), RunValue::Bool(true))],
                        _ => Vec::new(),
                    };
                    let rows = if row.is_empty() { Vec::new() } else { vec![row] };
                    answer.send(Answer::Ran(Ran { rows, ..Ran::default() })).unwrap();
                }
                Event::Rows(rows) => reports.extend(rows),
                Event::ItemFailed(error) => panic!("{error}"),
                _ => {}
            }
        }
        (reports, hidden)
    };
    let options = TestOptions::default();
    let work = async {
        let session = OpenSession { organization: Some("contoso.com".into()), ..OpenSession::default() };
        let connection = Connection::through(session, Clock::system(), &host).await.unwrap();
        let result = test(&connection, &options, &host).await;
        drop(host);
        result
    };
    let ((mut rows, hidden), result) = tokio::join!(answering, work);
    result.unwrap();
    let Some(Row::Account(report)) = rows.pop() else { panic!("{rows:?}") };
    assert_eq!(check(&report, CheckName::Forwarding).state, CheckState::Passed, "{}", report.summary);
    for name in [CheckName::PasswordChanged, CheckName::AuthenticationMethods, CheckName::UserRisk] {
        let check = check(&report, name);
        assert_eq!(check.state, CheckState::Unknown, "{name:?}");
        assert_eq!(check.problem.as_ref().map(restricted_sender_core::error::Error::code), Some(Code::NoGraph));
        assert!(check.recommendation.contains("-Device"), "{}", check.recommendation);
    }
    assert_ne!(report.verdict, Verdict::Safe);
    assert_eq!(hidden.map(|(_, argument)| argument), Some(Argument::Truth(true)), "a switch takes no number");
}
