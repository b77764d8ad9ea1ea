//! Each judge on dossiers made by hand. Times count from the block.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::{access, account, connector, mailbox, organization, sent};
use crate::domains::Domains;
use crate::error::{Code, Error};
use crate::evidence::dossier::{Dossier, Has};
use crate::evidence::facts::{
    Account, App, Change, Connector, Consent, Delegate, InboxRule, Mailbox, Method, Recipient, Risk, Role, Sent,
    SweepRule, TransportRule,
};
use crate::evidence::finding::Finding;
use crate::evidence::frame::Frame;
use crate::evidence::looks::Look;
use crate::evidence::{CheckName, CheckState, LooksLike};
use crate::reason::{BlockType, Reason};
use CheckState::{Failed, Passed, Unknown};

const BLOCK: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

fn at(hours: i64) -> OffsetDateTime {
    BLOCK + Duration::hours(hours)
}

fn frame() -> Frame {
    Frame::of(None, Some(BLOCK), at(48))
}

fn domains() -> Domains {
    Domains::named(&["*.contoso.com".to_owned()])
}

fn dossier() -> Dossier {
    Dossier {
        address: "adele@contoso.com".into(),
        recipient: Some(Ok(Some(Recipient {
            kind: "UserMailbox".into(),
            names: vec!["adele@contoso.com".into(), "Adele".into()],
            ..Recipient::default()
        }))),
        domains: Some(Ok(domains())),
        changes: Some(Ok(Vec::new())),
        ..Dossier::default()
    }
}

fn of(account: Account) -> Dossier {
    Dossier { account: Some(Ok(Some(account))), ..dossier() }
}

fn lost() -> Error {
    Error::new(Code::NoRole, "This account or app may not run it.")
}

fn change(operation: &str, hours: i64, record: &str) -> Change {
    let record = record.to_lowercase();
    Change { at: at(hours), operation: operation.into(), who: "mallory@contoso.com".into(), record }
}

#[test]
fn what_is_to_happen_after_the_block_has_to_happen_after_it() {
    let changed = |hours: i64| {
        account::password_changed(&of(Account { password_changed: Some(at(hours)), ..Account::default() }), &frame())
    };
    assert_eq!(changed(1).state, Passed);
    assert_eq!((changed(0).state, changed(-1).state), (Failed, Failed), "at the same moment is not after");
    let revoked = |hours: i64| {
        account::sessions_revoked(&of(Account { sessions_valid_from: Some(at(hours)), ..Account::default() }), &frame())
    };
    assert_eq!((revoked(1).state, revoked(-1).state), (Passed, Failed));
    assert_eq!(account::password_changed(&of(Account::default()), &frame()).state, Unknown, "no date is no yes");
    let assumed = Frame::of(None, None, at(48));
    let recent = of(Account { password_changed: Some(at(47)), ..Account::default() });
    assert_eq!(account::password_changed(&recent, &assumed).state, Unknown, "of no block nothing is after");
    let gone = Dossier { account: Some(Ok(None)), ..dossier() };
    assert_eq!(account::password_changed(&gone, &frame()).state, Unknown, "a mailbox has an account");
}

#[test]
fn no_judge_passes_what_could_not_be_read() {
    let unread = dossier();
    let unread = Dossier { domains: None, changes: None, connector: None, ..unread };
    let unreadable = Dossier {
        account: Some(Err(lost())),
        methods: Some(Err(lost())),
        consents: Some(Err(lost())),
        roles: Some(Err(lost())),
        risk: Some(Err(lost())),
        mailbox: Some(Err(lost())),
        inbox_rules: Some(Err(lost())),
        sweep_rules: Some(Err(lost())),
        full_access: Some(Err(lost())),
        send_as: Some(Err(lost())),
        protocols: Some(Err(lost())),
        audit_bypassed: Some(Err(lost())),
        sent: Some(Err(lost())),
        domains: Some(Err(lost())),
        transport_rules: Some(Err(lost())),
        inbound: Some(Err(lost())),
        outbound: Some(Err(lost())),
        ..dossier()
    };
    for row in crate::evidence::catalog::CATALOG {
        assert_eq!((row.judge)(&unread, &frame()).state, Unknown, "{:?} was not read", row.name);
        let finding = (row.judge)(&unreadable, &frame());
        assert_eq!(finding.state, Unknown, "{:?} could not be read", row.name);
        assert_eq!(finding.problem.map(|error| error.code()), Some(Code::NoRole), "{:?}", row.name);
    }
}

#[test]
fn a_new_second_step_is_suspicious_unless_it_came_with_the_new_password() {
    let method = |kind: &str, created: Option<i64>| Method {
        id: "m".into(),
        kind: kind.into(),
        name: None,
        created: created.map(at),
    };
    let judge = |methods: Vec<Method>, password: Option<i64>| {
        let known = of(Account { password_changed: password.map(at), ..Account::default() });
        account::authentication_methods(&Dossier { methods: Some(Ok(methods)), ..known }, &frame()).state
    };
    let app = |created| method("microsoftAuthenticator", created);
    assert_eq!(judge(vec![app(Some(-24 * 30))], None), Passed);
    assert_eq!(judge(vec![app(None)], None), Passed, "a telephone has no date");
    assert_eq!(judge(vec![app(Some(-5))], Some(5)), Failed, "before the block");
    assert_eq!(judge(vec![app(Some(3))], Some(5)), Failed, "after it, by whoever had the password");
    assert_eq!(judge(vec![app(Some(6))], Some(5)), Passed, "set up with the new password");
    assert_eq!(judge(vec![app(Some(3))], Some(-100)), Failed, "the password is the old one");
    assert_eq!(judge(vec![app(Some(3))], None), Unknown);
    assert_eq!(judge(vec![method("password", None), method("email", None)], Some(5)), Failed, "none is a second step");
    assert_eq!(judge(Vec::new(), Some(5)), Failed);
}

#[test]
fn forwarding_counts_where_it_leaves_the_organization() {
    let judge = |mailbox: Mailbox| mailbox::forwarding(&Dossier { mailbox: Some(Ok(mailbox)), ..dossier() }, &frame());
    let to = |address: &str| Mailbox { forwarding_address: Some(address.into()), ..Mailbox::default() };
    assert_eq!(judge(Mailbox::default()).state, Passed);
    assert_eq!(judge(to("boss@sales.contoso.com")).state, Passed);
    let outside = judge(to("m@evil.example"));
    assert_eq!(outside.state, Failed);
    assert!(outside.commands[0].starts_with("Set-Mailbox -Identity 'adele@contoso.com' -ForwardingSmtpAddress $null"));
    let contact = |external| Mailbox {
        forwarding_recipient: Some("Contact".into()),
        forwarding_recipient_external: external,
        ..Mailbox::default()
    };
    assert_eq!(judge(contact(Some(Some("m@evil.example".into())))).state, Failed);
    assert_eq!(judge(contact(Some(None))).state, Passed);
    assert_eq!(judge(contact(None)).state, Unknown);
}

#[test]
fn rules_of_intruders_are_told_from_those_of_tidy_people() {
    let judge = |rule: InboxRule| {
        let finding = mailbox::inbox_rules(&Dossier { inbox_rules: Some(Ok(vec![rule])), ..dossier() }, &frame());
        finding.state
    };
    let rule = || InboxRule { identity: "i".into(), name: "Newsletters".into(), enabled: true, ..InboxRule::default() };
    let hides = |folder: &str, marks_read| InboxRule { moves_to: Some(folder.into()), marks_read, ..rule() };
    for suspicious in [
        InboxRule { sends_to: vec!["\"M\" [SMTP:m@evil.example]".into()], ..rule() },
        InboxRule { deletes: true, ..rule() },
        hides("RSS Feeds", true),
        InboxRule { words: vec!["Invoice".into()], ..hides("Archive", false) },
        InboxRule { name: "..".into(), ..hides("Archive", false) },
    ] {
        assert_eq!(judge(suspicious.clone()), Failed, "{suspicious:?}");
        assert_eq!(judge(InboxRule { enabled: false, ..suspicious.clone() }), Passed, "it is off: {suspicious:?}");
    }
    for tidy in [
        rule(),
        hides("Projects", true),
        hides("Archive", false),
        InboxRule { sends_to: vec!["\"Boss\" [EX:/o=x]".into(), "b@contoso.com".into()], ..rule() },
        InboxRule { name: "Junk E-mail Rule".into(), deletes: true, ..rule() },
    ] {
        assert_eq!(judge(tidy.clone()), Passed, "{tidy:?}");
    }
}

#[test]
fn delegates_and_consents_and_roles_count_by_their_age() {
    let delegate = || vec![Delegate { who: "nestor@contoso.com".into(), rights: "FullAccess".into() }];
    let judge = |changes: Result<Vec<Change>, Error>, frame: &Frame| {
        let known = Dossier { full_access: Some(Ok(delegate())), changes: Some(changes), ..dossier() };
        access::full_access(&known, frame)
    };
    let added = |hours, record: &str| vec![change("Add-MailboxPermission", hours, record)];
    let new = judge(Ok(added(-3, "adele@contoso.com nestor@contoso.com")), &frame());
    assert_eq!(new.state, Failed);
    assert!(new.commands[0].ends_with("-User 'nestor@contoso.com' -AccessRights FullAccess -Confirm:$false"));
    assert_eq!(judge(Ok(Vec::new()), &frame()).state, Passed, "no record since then: it is old");
    assert_eq!(
        judge(Ok(added(-24 * 9, "adele@contoso.com nestor@contoso.com")), &frame()).state,
        Passed,
        "long before"
    );
    assert_eq!(judge(Ok(added(-3, "boss@contoso.com nestor@contoso.com")), &frame()).state, Passed, "another mailbox");
    assert_eq!(judge(Ok(added(-3, "adele@contoso.com somebody")), &frame()).state, Unknown, "somebody was added");
    assert_eq!(judge(Err(lost()), &frame()).state, Unknown);
    let early = Frame::of(None, Some(BLOCK), at(23));
    assert_eq!(judge(Ok(Vec::new()), &early).state, Unknown, "its record may be on its way");

    let consent = |created: Option<i64>, scope: &str| {
        let app = App { name: "Tool".into(), created: created.map(at), publisher: None };
        let permissions = vec![scope.to_owned()];
        let consent = Consent { id: "g".into(), permissions, for_all: false, app: Some(app), client_id: "c".into() };
        access::app_consents(&Dossier { consents: Some(Ok(vec![consent])), ..dossier() }, &frame()).state
    };
    assert_eq!(consent(Some(-24), "Mail.Send"), Failed);
    assert_eq!((consent(Some(-24 * 300), "Mail.Send"), consent(Some(-24), "User.Read")), (Passed, Passed));

    let roles = |changes| {
        let role = Role { id: "r".into(), name: "Exchange Administrator".into() };
        account::admin_roles(
            &Dossier { roles: Some(Ok(vec![role])), changes: Some(Ok(changes)), ..dossier() },
            &frame(),
        )
    };
    assert_eq!(roles(Vec::new()).state, Passed);
    let record = "adele@contoso.com exchange administrator";
    assert_eq!(roles(vec![change("Add member to role.", -2, record)]).state, Failed);
    let sweep = SweepRule { identity: "s".into(), name: "all".into(), enabled: true, moves_to: None };
    let swept = |changes| {
        let known = Dossier { sweep_rules: Some(Ok(vec![sweep.clone()])), changes: Some(Ok(changes)), ..dossier() };
        mailbox::sweep_rules(&known, &frame()).state
    };
    assert_eq!(swept(vec![change("New-SweepRule", -2, "adele@contoso.com all")]), Failed);
    assert_eq!(swept(Vec::new()), Passed);
}

#[test]
fn risk_is_settled_by_its_state_and_nothing_else() {
    let judge = |risk: Option<Risk>| account::user_risk(&Dossier { risk: Some(Ok(risk)), ..dossier() }, &frame()).state;
    let risk = |level: &str, state: &str| Some(Risk { level: level.into(), state: state.into(), ..Risk::default() });
    assert_eq!(judge(None), Passed);
    assert_eq!((judge(risk("high", "remediated")), judge(risk("none", "none"))), (Passed, Passed));
    assert_eq!((judge(risk("low", "atRisk")), judge(risk("none", "confirmedCompromised"))), (Failed, Failed));
    assert_eq!((judge(risk("hidden", "unknownFutureValue")), judge(risk("high", ""))), (Unknown, Unknown));
}

#[test]
fn auditing_has_to_be_on_for_everybody() {
    let judge = |enabled, bypassed| {
        let mailbox = Mailbox { audit_enabled: enabled, ..Mailbox::default() };
        let known = Dossier { mailbox: Some(Ok(mailbox)), audit_bypassed: Some(Ok(bypassed)), ..dossier() };
        mailbox::mailbox_audit(&known, &frame()).state
    };
    assert_eq!((judge(Some(true), Some(false)), judge(Some(true), None)), (Passed, Passed));
    assert_eq!((judge(Some(false), Some(false)), judge(Some(true), Some(true))), (Failed, Failed));
    assert_eq!(judge(None, Some(false)), Unknown);
}

#[test]
fn mail_flow_rules_count_where_they_divert_and_are_new() {
    let judge = |changed: Option<i64>, enabled, diverts: &[&str]| {
        let diverts = diverts.iter().map(|what| (*what).to_owned()).collect();
        let rule = TransportRule { name: "r".into(), enabled, changed: changed.map(at), diverts };
        organization::transport_rules(&Dossier { transport_rules: Some(Ok(vec![rule])), ..dossier() }, &frame()).state
    };
    let diverts = &["BlindCopyTo m@evil.example"];
    assert_eq!(judge(Some(-2), true, diverts), Failed);
    assert_eq!((judge(Some(-24 * 8), true, diverts), judge(Some(-2), false, diverts)), (Passed, Passed));
    assert_eq!(judge(Some(-2), true, &[]), Passed);
    assert_eq!(judge(None, true, diverts), Unknown);
}

fn inbound(name: &str, changed: i64, addresses: &[&str]) -> Connector {
    Connector {
        name: name.into(),
        inbound: true,
        enabled: true,
        on_premises: true,
        changed: Some(at(changed)),
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        ..Connector::default()
    }
}

fn message(hours: i64, from: &str) -> Sent {
    let subject = format!("Scan {hours}");
    Sent { at: Some(at(hours)), sender: "scanner@contoso.com".into(), subject, from: from.parse().ok() }
}

#[test]
fn a_device_sends_from_where_it_stands() {
    let judge = |connectors: Vec<Connector>, messages: Vec<Sent>| {
        let known = Dossier { inbound: Some(Ok(connectors)), sent: Some(Ok(messages)), ..dossier() };
        sent::sent_from(&known, &frame()).state
    };
    let own = || inbound("own", -24 * 400, &["198.51.100.0/24"]);
    assert_eq!(judge(vec![own()], vec![message(-1, "198.51.100.77")]), Passed);
    assert_eq!(judge(vec![], vec![message(-200, "203.0.113.9"), message(-1, "203.0.113.9")]), Passed, "as before");
    assert_eq!(judge(vec![own()], vec![message(-200, "198.51.100.77"), message(-1, "203.0.113.9")]), Failed);
    assert_eq!(judge(vec![own()], vec![message(-1, "203.0.113.9")]), Unknown, "nothing to compare with");
    let opened = inbound("opened", -9, &["203.0.113.9"]);
    assert_eq!(judge(vec![opened], vec![message(-1, "203.0.113.9")]), Failed, "let in by a change of yesterday");
    assert_eq!(judge(vec![own()], Vec::new()), Unknown);
    assert_eq!(judge(vec![own()], vec![message(-1, "")]), Unknown);
}

#[test]
fn networks_are_addresses_and_ranges() {
    let within = |address: &str, network| sent::is_within(address.parse().unwrap(), network);
    assert!(within("198.51.100.7", "198.51.100.7") && within("198.51.100.7", "198.51.100.0/24"));
    assert!(within("198.51.100.7", "198.51.100.1-198.51.100.9") && within("2001:db8::7", "2001:db8::/32"));
    assert!(!within("198.51.101.7", "198.51.100.0/24") && !within("198.51.100.8", "198.51.100.7"));
    assert!(!within("2001:db9::7", "2001:db8::/32") && !within("198.51.100.7", "nonsense"));
    assert!(!within("198.51.100.7", "198.51.100.0/x") && within("198.51.100.7", "0.0.0.0/0"));
}

#[test]
fn a_connector_takes_mail_from_its_owner_alone() {
    let judge = |own: Connector| {
        let known =
            Dossier { address: String::new(), connector: Some(own), inbound: Some(Ok(Vec::new())), ..dossier() };
        connector::identity(&known, &frame()).state
    };
    let certificate = |name: &str| Connector { certificate: Some(name.into()), ..inbound("c", -9999, &[]) };
    assert_eq!(judge(certificate("*.contoso.com")), Passed);
    assert_eq!(judge(certificate("relay.adatum.example")), Failed);
    assert_eq!(judge(Connector { on_premises: false, ..certificate("mail.fabrikam.example") }), Passed);
    assert_eq!(judge(inbound("c", -9999, &["198.51.100.7"])), Passed);
    assert_eq!((judge(inbound("c", -9999, &["0.0.0.0/0"])), judge(inbound("c", -9999, &[]))), (Failed, Failed));
}

#[test]
fn what_was_relayed_has_to_be_of_the_organization() {
    let judge = |messages: Vec<Sent>, reason: &str| {
        let known = Dossier {
            address: String::new(),
            reason: Some(Reason::parse(reason)),
            connector: Some(inbound("c", -9999, &["198.51.100.7", "203.0.113.9"])),
            inbound: Some(Ok(Vec::new())),
            sent: Some(Ok(messages)),
            ..dossier()
        };
        connector::relayed(&known, &frame()).state
    };
    let foreign = Sent { sender: "a@evil.example".into(), ..message(-1, "198.51.100.7") };
    assert_eq!(judge(vec![message(-1, "198.51.100.7")], ""), Passed);
    assert_eq!(judge(vec![foreign], ""), Failed);
    assert_eq!(judge(vec![message(-1, "192.0.2.1")], ""), Unknown, "it came another way");
    assert_eq!(judge(vec![message(-1, "203.0.113.9")], "CIP=203.0.113.9;"), Failed, "never seen before");
    let before = vec![message(-200, "203.0.113.9"), message(-1, "203.0.113.9")];
    assert_eq!(judge(before, "CIP=203.0.113.9;"), Passed);
}

#[test]
fn other_connectors_count_where_the_mail_runs_through_them() {
    let outbound = || Connector { inbound: false, ..inbound("out", -9, &[]) };
    let judge = |known: Dossier| organization::connectors(&known, &frame()).state;
    let with = |inbound: Vec<Connector>, outbound: Vec<Connector>, sent: Vec<Sent>| Dossier {
        inbound: Some(Ok(inbound)),
        outbound: Some(Ok(outbound)),
        sent: Some(Ok(sent)),
        ..dossier()
    };
    let opened = || inbound("opened", -9, &["203.0.113.9"]);
    assert_eq!(judge(with(Vec::new(), vec![outbound()], Vec::new())), Failed, "everybody's mail leaves through it");
    assert_eq!(judge(with(vec![opened()], Vec::new(), Vec::new())), Passed);
    assert_eq!(judge(with(vec![opened()], Vec::new(), vec![message(-1, "203.0.113.9")])), Failed);
    let of_connector = |own: Connector| Dossier {
        address: String::new(),
        connector: Some(own),
        ..with(vec![opened()], Vec::new(), Vec::new())
    };
    assert_eq!(judge(of_connector(inbound("own", -10, &[]))), Failed, "changed together");
    assert_eq!(judge(of_connector(inbound("own", -9999, &[]))), Passed);
    let undated = Connector { changed: None, ..opened() };
    assert_eq!(judge(with(vec![undated], Vec::new(), Vec::new())), Unknown);
}

#[test]
fn who_has_a_mailbox_and_an_account_is_never_told_by_a_failure() {
    let failed = Dossier { recipient: Some(Err(lost())), account: Some(Ok(None)), ..dossier() };
    assert_eq!((failed.has_mailbox(), failed.has_account()), (Has::Unknown, Has::Unknown));
    let nobody = |account| Dossier { recipient: Some(Ok(None)), account: Some(account), ..dossier() };
    assert!(matches!(nobody(Ok(None)).has_account(), Has::No(_)));
    assert_eq!(nobody(Err(lost())).has_account(), Has::Unknown, "Microsoft Entra may know it");
    assert_eq!(Dossier { account: Some(Ok(None)), ..dossier() }.has_account(), Has::Yes, "a mailbox has one");
}

/// Every Monday for five weeks, and the messages of the block.
fn newsletter(block_from: &str) -> Vec<Sent> {
    let monday = datetime!(2026-11-16 08:04 UTC);
    let week = |weeks: i64| Sent { at: Some(monday - Duration::weeks(weeks)), ..message(0, "198.51.100.40") };
    let block = (0..6).map(|minute| Sent { at: Some(at(0) - Duration::minutes(minute)), ..message(0, block_from) });
    (1..6).map(week).chain(block).collect()
}

fn look(known: &Dossier, block_type: BlockType) -> Look {
    let failed = Finding::failed(Vec::new(), Vec::new());
    Look::of(known, &[(CheckName::PasswordChanged, failed)], Some(block_type), false, &frame())
}

#[test]
fn only_what_is_known_from_before_excuses_from_a_new_password() {
    let known = |sent| Dossier { sent: Some(Ok(sent)), account: Some(Ok(Some(Account::default()))), ..dossier() };
    let job = look(&known(newsletter("198.51.100.40")), BlockType::RecipientRate);
    assert_eq!((job.like, job.excuses), (LooksLike::ScheduledJob, true), "{:?}", job.reasons);
    let elsewhere = look(&known(newsletter("203.0.113.9")), BlockType::RecipientRate);
    assert!(!elsewhere.excuses, "the password may be used elsewhere: {:?}", elsewhere.reasons);
    let spam = look(&known(newsletter("198.51.100.40")), BlockType::Spam);
    assert_eq!((spam.like, spam.excuses), (LooksLike::Unclear, false), "spam is no mailing");
    let new: Vec<_> = (0..9).map(|_| message(-1, "198.51.100.40")).collect();
    let bulk = look(&known(new), BlockType::PolicyLimit);
    assert_eq!((bulk.like, bulk.excuses), (LooksLike::BulkSender, false), "an intruder's mailing looks the same");
    let unread = look(&dossier(), BlockType::RecipientRate);
    assert_eq!((unread.like, unread.excuses), (LooksLike::Unclear, false));

    let password = Finding::failed(Vec::new(), Vec::new());
    assert!(job.drops(CheckName::PasswordChanged, &dossier(), &password));
    assert!(!job.drops(CheckName::Forwarding, &dossier(), &password));
    assert!(!bulk.drops(CheckName::PasswordChanged, &dossier(), &password));
    let unknown = Finding::unclear("");
    assert!(!job.drops(CheckName::PasswordChanged, &dossier(), &unknown), "what could not be read is not excused");
}

#[test]
fn one_sign_of_a_takeover_is_enough_and_a_weakness_is_none() {
    let failed = |what: &str| Finding::failed(vec![crate::evidence::finding::sign(None, what)], Vec::new());
    let of = |known: &Dossier, name| {
        Look::of(known, &[(name, failed("x"))], Some(BlockType::RecipientRate), false, &frame()).like
    };
    let job = Dossier { sent: Some(Ok(newsletter("198.51.100.40"))), ..dossier() };
    assert_eq!(of(&job, CheckName::Forwarding), LooksLike::Takeover);
    assert_eq!(of(&job, CheckName::UserRisk), LooksLike::Takeover);
    assert_eq!(of(&job, CheckName::MailboxAudit), LooksLike::ScheduledJob);
    let one_step = Dossier { methods: Some(Ok(Vec::new())), ..job };
    assert_eq!(of(&one_step, CheckName::AuthenticationMethods), LooksLike::ScheduledJob);
}
