//! From the service's words to the admin's.

use std::sync::Arc;

use proptest::option::of;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{json, Value};
use time::macros::datetime;

use super::*;
use crate::connection::Origin;
use crate::exchange::cloud::Cloud;
use crate::restriction::list::entry;
use crate::restriction::{EntityType, Restriction};

const NOW: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

const SPAM: &str = "OutboundSpamLast24Hours=229;OutboundMailLast24Hours=418;OutboundSpamPercent=54;Last Spam Message MessagetraceId:0c6c1eb9-0000-4000-8000-000000000001;CIP=203.0.113.45;AS:7";
const EXTERNAL: &str = "EmailSendingLimitExceeded;InternalRecipientCountToday=50;ExternalRecipientCountToday=1050;ExceedingLimitType=External";
const INTERNAL: &str = "EmailSendingLimitExceeded;InternalRecipientCountToday=1200;ExternalRecipientCountToday=3;ExceedingLimitType=Internal;";
const RATE: &str = "RecipientRateLimitExceeded;RecipientCountLast24Hours=10412;RcptRateLimit=10000;";
const HELD: &str = "Sending from this account was suspended after a manual review";

/// The entry of a list of which the service says this.
fn listed(entity_type: EntityType, row: &Value) -> Restriction {
    let origin = Arc::new(Origin {
        organization: "contoso.onmicrosoft.com".into(),
        tenant_id: None,
        practice: false,
        portals: Arc::clone(&Cloud::named(None).unwrap().portals),
    });
    entry(entity_type, serde_json::from_value(row.clone()).unwrap(), &origin, NOW).unwrap()
}

/// A sender that has been restricted since 02:06 today.
fn sender(reason: &str, temporary: Option<bool>) -> Restriction {
    let row = json!({"SenderAddress": "news@contoso.com", "Reason": reason,
        "CreatedDatetime": "2026-11-23T02:06:00Z", "TemporaryBlock": temporary});
    listed(EntityType::Mailbox, &row)
}

fn connector(reason: &str, expiration: Option<&str>) -> Restriction {
    let row = json!({"ConnectorId": "5a2e8b1c-0000-4000-8000-00000000000a", "ConnectorName": "Relay", "Reason": reason,
        "CreatedTime": "2026-11-23T02:06:00Z", "ExpirationTime": expiration});
    listed(EntityType::Connector, &row)
}

/// The same entry, now that more is known.
fn knowing(mut entry: Restriction, circumstances: Circumstances) -> Restriction {
    entry.decision = Decision::of(&entry.case(), &circumstances, NOW);
    entry
}

fn policy(action: Action, changed: OffsetDateTime) -> Circumstances {
    Circumstances { policy: Some(Policy { name: None, action, changed }), ..Circumstances::default() }
}

fn evidence(evidence: Verdict) -> Circumstances {
    Circumstances { evidence: Some(evidence), ..Circumstances::default() }
}

fn unblocks(requested_at: Option<OffsetDateTime>, count: u32, refused: bool) -> Circumstances {
    Circumstances { unblocks: Some(UnblockHistory { requested_at, count, refused }), ..Circumstances::default() }
}

const LONG_AGO: OffsetDateTime = datetime!(2025-01-01 00:00 UTC);

#[track_caller]
fn check(entry: &Restriction, next_step: NextStep, until: Option<(OffsetDateTime, Basis)>, advice: &str) {
    assert_eq!(entry.decision.next_step(), next_step, "{}", entry.reason.text);
    assert_eq!(entry.decision.restricted_until().map(|until| (until.at, until.basis)), until, "{}", entry.reason.text);
    assert_eq!(entry.decision.advice(&entry.summary), advice);
}

/// The lines of the reasons above.
const SPAM_LINE: &str = "229 of 418 messages in 24 hours judged spam (54%), sent from 203.0.113.45.";
const EXTERNAL_LINE: &str =
    "Over the outbound spam policy's limit (External): 1,050 external and 50 internal recipients today.";
const INTERNAL_LINE: &str =
    "Over the outbound spam policy's limit (Internal): 3 external and 1,200 internal recipients today.";
const RATE_LINE: &str =
    "10,412 recipients in 24 hours, over the service limit of 10,000; frees up by itself as the hours pass.";
const HELD_LINE: &str =
    "Reason not known to this version: Sending from this account was suspended after a manual review.";

const SECURE: &str = "Treat it as a compromised account until you know better: reset the password, revoke the sessions, set up multi-factor authentication, remove foreign forwarding and inbox rules, then unblock.";
const HIGH_RISK_POOL: &str = "Mail judged spam left through the high-risk delivery pool, so some of it may never have arrived; what looks like it will leave that way again.";
const FIND_OUT: &str = "Exceeding a limit is an indicator of a compromised account: find out what was sent and by whom, change what exceeds the limit, then unblock";
const BEFORE_THE_END: &str = "Exceeding a limit is an indicator of a compromised account, and the end does not wait for it to be secured: find out before then what was sent.";
const NO_HELP: &str = "Unblocking does not help: the service counts the recipients of the last 24 hours,";

const MIDNIGHT: OffsetDateTime = datetime!(2026-11-24 00:00 UTC);

#[test]
fn spam_is_secured_first() {
    let advice = format!("{SPAM_LINE} {SECURE} {HIGH_RISK_POOL}");
    check(&sender(SPAM, None), NextStep::SecureThenUnblock, None, &advice);
    // What TemporaryBlock means is an assumption about policy limits, and about nothing else.
    check(&sender(SPAM, Some(true)), NextStep::SecureThenUnblock, None, &advice);
}

#[test]
fn an_unknown_reason_is_shown_as_it_came_and_treated_as_the_worst() {
    check(&sender(HELD, Some(true)), NextStep::SecureThenUnblock, None, &format!("{HELD_LINE} {SECURE}"));
    check(&sender("", None), NextStep::SecureThenUnblock, None, &format!("No reason given. {SECURE}"));
}

#[test]
fn a_policy_limit_follows_the_action_of_its_policy() {
    let today = policy(Action::BlockUserForToday, LONG_AGO);
    let line = format!(
        "{INTERNAL_LINE} The outbound spam policy blocks for the day: it ends by itself at 2026-11-24 00:00 UTC, and you can unblock earlier. {BEFORE_THE_END}"
    );
    let until = Some((MIDNIGHT, Basis::Policy));
    check(&knowing(sender(INTERNAL, Some(false)), today), NextStep::Wait, until, &line);

    let always = policy(Action::BlockUser, LONG_AGO);
    let line = format!(
        "{EXTERNAL_LINE} The outbound spam policy blocks until an admin unblocks; to raise its limit does not lift the block. {FIND_OUT} (which keeps the sender from being restricted again that day)."
    );
    check(&knowing(sender(EXTERNAL, Some(true)), always), NextStep::FixSenderThenUnblock, None, &line);

    let alert = policy(Action::Alert, LONG_AGO);
    let line = format!(
        "{EXTERNAL_LINE} The outbound spam policy of this sender only alerts, so something else must have blocked, and whether it ends by itself cannot be told. {FIND_OUT}."
    );
    check(&knowing(sender(EXTERNAL, Some(true)), alert), NextStep::FixSenderThenUnblock, None, &line);
}

#[test]
fn a_policy_that_was_changed_since_tells_nothing_about_the_end() {
    let since = datetime!(2026-11-23 02:06 UTC);
    let line = format!(
        "{EXTERNAL_LINE} Whether it ends by itself cannot be told, because the outbound spam policy was changed after the block, and a change does not lift it. {FIND_OUT}."
    );
    for action in [Action::Alert, Action::BlockUserForToday, Action::BlockUser] {
        let changed = policy(action, since + Duration::seconds(1));
        check(&knowing(sender(EXTERNAL, Some(true)), changed), NextStep::FixSenderThenUnblock, None, &line);
    }
    let as_it_was = knowing(sender(EXTERNAL, None), policy(Action::BlockUserForToday, since));
    assert_eq!(as_it_was.decision.next_step(), NextStep::Wait);
}

#[test]
fn without_the_policy_temporary_block_is_an_assumption_and_said_to_be_one() {
    let line = format!(
        "{EXTERNAL_LINE} It seems to be a block for the day (TemporaryBlock is set), which ends by itself at 2026-11-24 00:00 UTC; you can unblock earlier. {BEFORE_THE_END}"
    );
    check(&sender(EXTERNAL, Some(true)), NextStep::Wait, Some((MIDNIGHT, Basis::Assumed)), &line);

    let line = format!("{EXTERNAL_LINE} Whether it ends by itself cannot be told from the list alone. {FIND_OUT}.");
    for temporary in [None, Some(false)] {
        check(&sender(EXTERNAL, temporary), NextStep::FixSenderThenUnblock, None, &line);
    }
}

#[test]
fn the_day_of_a_policy_is_a_day_of_utc() {
    let since = |since| Case {
        block_type: BlockType::PolicyLimit,
        since: Some(since),
        temporary_block: Some(true),
        expiration: None,
    };
    let none = Circumstances::default();
    for (blocked, until) in [
        (datetime!(2026-11-23 00:30 UTC), MIDNIGHT),
        (datetime!(2026-11-23 23:30 -8), datetime!(2026-11-25 00:00 UTC)),
        (datetime!(2026-11-24 01:00 +2), MIDNIGHT),
    ] {
        let decision = Decision::of(&since(blocked), &none, datetime!(2026-11-23 23:59:59 UTC));
        assert_eq!(decision.restricted_until().map(|until| until.at), Some(until), "{blocked}");
    }
    let passed = Decision::of(&since(datetime!(2026-11-23 00:30 UTC)), &none, MIDNIGHT);
    assert_eq!((passed.next_step(), passed.restricted_until()), (NextStep::FixSenderThenUnblock, None));
    let line = format!("It should have ended by itself and has not, so do not wait for it. {FIND_OUT}.");
    assert_eq!(passed.recommendation(), line);
}

#[test]
fn a_recipient_rate_is_waited_for_whatever_was_tried() {
    let until = Some((datetime!(2026-11-24 02:06 UTC), Basis::Service));
    let line = format!(
        "{RATE_LINE} {NO_HELP} and by 2026-11-24 02:06 UTC at the latest none of those counts any more. Exceeding a limit is an indicator of a compromised account: secure it now, unless this was a mailing that you know of and that can be sent more slowly, or by a service made for bulk mail."
    );
    check(&sender(RATE, None), NextStep::Wait, until, &line);
    let safe = evidence(Verdict::Safe);
    check(&knowing(sender(RATE, None), safe), NextStep::Wait, until, &line);
    let refused = knowing(sender(RATE, None), unblocks(None, 3, true));
    assert_eq!(refused.decision.next_step(), NextStep::Wait);

    let line = format!(
        "{RATE_LINE} The checks found signs of a compromised account: secure it now, before it may send again by itself at 2026-11-24 02:06 UTC at the latest. Unblocking earlier does not help: the service counts the recipients of the last 24 hours."
    );
    let not_safe = knowing(sender(RATE, None), evidence(Verdict::NotSafe));
    check(&not_safe, NextStep::SecureThenUnblock, until, &line);

    let row = json!({"SenderAddress": "news@contoso.com", "Reason": RATE});
    let line = format!(
        "{RATE_LINE} {NO_HELP} so it ends by itself a day after they were written to. Exceeding a limit is an indicator of a compromised account: secure it now, unless this was a mailing that you know of."
    );
    check(&listed(EntityType::Mailbox, &row), NextStep::Wait, None, &line);

    let row = json!({"SenderAddress": "news@contoso.com", "Reason": RATE, "CreatedDatetime": "2026-11-22T08:00:00Z"});
    let line = format!("{RATE_LINE} It should have ended by itself and has not, so do not wait for it. {FIND_OUT}.");
    check(&listed(EntityType::Mailbox, &row), NextStep::FixSenderThenUnblock, None, &line);
}

#[test]
fn a_connector_is_checked_whatever_its_reason() {
    let questions = "Find out who changed the connector last, whether its certificate and source addresses are all yours, and what was relayed through it: a compromised account or server may be behind it.";
    for (reason, line) in [(SPAM, SPAM_LINE), (EXTERNAL, EXTERNAL_LINE), (RATE, RATE_LINE), (HELD, HELD_LINE)] {
        let advice = format!("{line} {questions} Then unblock, which takes up to an hour.");
        check(&connector(reason, None), NextStep::CheckConnector, None, &advice);
        let not_safe = knowing(connector(reason, None), evidence(Verdict::NotSafe));
        check(&not_safe, NextStep::CheckConnector, None, &advice);
    }
    let until = datetime!(2026-11-30 02:06 UTC);
    let advice = format!(
        "{SPAM_LINE} {questions} Do it before 2026-11-30 02:06 UTC, which the service names as the end; to unblock earlier takes up to an hour."
    );
    let expiring = connector(SPAM, Some("2026-11-30T02:06:00Z"));
    check(&expiring, NextStep::CheckConnector, Some((until, Basis::Service)), &advice);
    for none in ["0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999", "2026-11-23T07:00:00Z"] {
        assert_eq!(connector(SPAM, Some(none)).decision.restricted_until(), None, "{none}");
    }
    let message = connector(SPAM, None).decision.user_message();
    assert!(!message.contains("password") && message.contains("can still receive mail"), "{message}");
}

#[test]
fn only_evidence_leads_to_an_unblock() {
    let safe = "The checks found no sign of a compromised account: unblock. It takes usually an hour, at most 24; what exceeded the limit will do so again unless it is changed.";
    for (entry, line) in [
        (sender(SPAM, None), SPAM_LINE),
        (sender(EXTERNAL, Some(true)), EXTERNAL_LINE),
        (sender(HELD, None), HELD_LINE),
        (connector(SPAM, None), SPAM_LINE),
    ] {
        let until = entry.decision.restricted_until().map(|until| (until.at, until.basis));
        check(&knowing(entry, evidence(Verdict::Safe)), NextStep::Unblock, until, &format!("{line} {safe}"));
    }
    let line = format!(
        "{EXTERNAL_LINE} The checks found signs of a compromised account. Reset the password, revoke the sessions, set up multi-factor authentication and undo what failed the checks; unblock when they pass."
    );
    let not_safe = knowing(sender(EXTERNAL, None), evidence(Verdict::NotSafe));
    check(&not_safe, NextStep::SecureThenUnblock, None, &line);
    let line = format!(
        "{SPAM_LINE} {SECURE} {HIGH_RISK_POOL} Whether the account is safe could not be told: that is not a yes."
    );
    let cannot_tell = knowing(sender(SPAM, None), evidence(Verdict::CannotTell));
    check(&cannot_tell, NextStep::SecureThenUnblock, None, &line);
}

#[test]
fn an_unblock_on_its_way_is_waited_for_a_day_and_then_taken_to_support() {
    let requested = datetime!(2026-11-23 07:30 UTC);
    let line = format!(
        "{SPAM_LINE} The unblock of 2026-11-23 07:30 UTC is on its way: usually until 2026-11-23 08:30 UTC, at most until 2026-11-24 07:30 UTC. Do not repeat it, since the service counts unblocks; use the time to make sure that this is no compromised account."
    );
    let waiting = knowing(sender(SPAM, None), unblocks(Some(requested), 1, false));
    check(&waiting, NextStep::Wait, None, &line);
    assert_eq!(
        (waiting.decision.expected_by(), waiting.decision.overdue()),
        (Some(datetime!(2026-11-23 08:30 UTC)), Some(false))
    );

    let case = waiting.case();
    let at = |now| Decision::of(&case, &unblocks(Some(requested), 1, false), now);
    let last = at(requested + DAY);
    assert_eq!((last.next_step(), last.overdue()), (NextStep::Wait, Some(false)));
    let late = at(requested + DAY + Duration::seconds(1));
    assert_eq!((late.next_step(), late.overdue()), (NextStep::ContactSupport, Some(true)));
    assert_eq!(
        late.recommendation(),
        "The unblock of 2026-11-23 07:30 UTC has not taken effect within 24 hours, the documented maximum: open a ticket with Microsoft Support, and do not unblock again, since the service counts unblocks. Make sure meanwhile that this is no compromised account."
    );

    let unsafe_account = Circumstances { evidence: Some(Verdict::NotSafe), ..unblocks(Some(requested), 1, false) };
    let line = format!(
        "{SPAM_LINE} The unblock of 2026-11-23 07:30 UTC is on its way (usually until 2026-11-23 08:30 UTC, at most until 2026-11-24 07:30 UTC), but the checks found signs of a compromised account. Secure it now, or keep it from signing in, before it can send again; do not unblock again, since the service counts unblocks."
    );
    check(&knowing(sender(SPAM, None), unsafe_account), NextStep::Wait, None, &line);
}

#[test]
fn an_unblock_of_an_earlier_block_counts_and_is_not_waited_for() {
    let line = format!(
        "{SPAM_LINE} {SECURE} {HIGH_RISK_POOL} Known unblocks before: 3; after a number that is not published the service refuses more, so remove the cause first."
    );
    let earlier = unblocks(Some(datetime!(2026-11-23 02:05:59 UTC)), 3, false);
    let again = knowing(sender(SPAM, None), earlier);
    check(&again, NextStep::SecureThenUnblock, None, &line);
    assert_eq!((again.decision.expected_by(), again.decision.overdue()), (None, None));
    let third = knowing(sender(SPAM, None), unblocks(Some(datetime!(2026-11-23 02:06 UTC)), 3, false));
    let advice = third.decision.recommendation();
    assert!(advice.contains("Known unblocks before: 2;"), "{advice}");
}

#[test]
fn a_refused_unblock_needs_support() {
    let refusal = "The service refuses a further unblock, because there were too many: only Microsoft Support can lift this now. Secure what sends here before you open the ticket, since exceeding a limit again and again is an indicator of a compromised account.";
    let refused = unblocks(Some(NOW), 4, true);
    for (entry, line) in [
        (sender(SPAM, None), format!("{SPAM_LINE} {refusal}")),
        (connector(HELD, None), format!("{HELD_LINE} {refusal}")),
    ] {
        check(&knowing(entry, refused.clone()), NextStep::ContactSupport, None, &line);
    }
    let line = format!("{EXTERNAL_LINE} {refusal} Otherwise it should end by itself at 2026-11-24 00:00 UTC.");
    let until = Some((MIDNIGHT, Basis::Assumed));
    check(&knowing(sender(EXTERNAL, Some(true)), refused), NextStep::ContactSupport, until, &line);
}

#[test]
fn the_blocked_person_is_told_why_and_what_comes() {
    assert_eq!(
        sender(EXTERNAL, Some(true)).decision.user_message(),
        "Microsoft 365 has stopped your mailbox from sending, because it wrote to more recipients than your organization allows. You can still receive mail. It should end by itself at 2026-11-24 00:00 UTC; your administrator can lift it earlier. If you did not write to so many people, tell your administrator at once: somebody else may be using your account."
    );
    assert_eq!(
        sender(SPAM, None).decision.user_message(),
        "Microsoft 365 has stopped your mailbox from sending, because many of the messages sent from it were judged to be spam. You can still receive mail. Your administrator has to secure your account first: expect a new password and a second step when you sign in. After that the block is lifted, which takes usually an hour, at most 24. If your Sent Items hold messages that you did not send, say so: somebody else may be using your account."
    );
}

#[test]
fn the_pages_are_those_of_the_cloud_and_a_connector_has_no_password() {
    let entry = sender(SPAM, None);
    assert!(entry.mfa_url().is_some_and(|url| url.starts_with("https://entra.microsoft.com/")));
    assert!(entry.password_url().is_some_and(|url| url.starts_with("https://admin.microsoft.com/")));
    assert_eq!(entry.origin.portals.restricted_entities, "https://security.microsoft.com/restrictedentities");
    let connector = connector(SPAM, None);
    assert_eq!((connector.mfa_url(), connector.password_url()), (None, None));
}

fn moment() -> impl Strategy<Value = OffsetDateTime> {
    let extremes =
        [datetime!(0001-01-01 00:00 UTC), datetime!(9999-12-31 23:59:59 -23), datetime!(9999-12-31 23:59 UTC)];
    let near = (-200_000_i64..200_000).prop_map(|seconds| NOW + Duration::seconds(seconds));
    prop_oneof![9 => near, 1 => prop::sample::select(extremes.to_vec())]
}

fn cases() -> impl Strategy<Value = Case> {
    let block_type = prop::sample::select(vec![
        BlockType::Spam,
        BlockType::PolicyLimit,
        BlockType::RecipientRate,
        BlockType::Connector,
        BlockType::Unknown,
    ]);
    (block_type, of(moment()), of(any::<bool>()), of(moment())).prop_map(
        |(block_type, since, temporary_block, expiration)| Case { block_type, since, temporary_block, expiration },
    )
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    let action = prop::sample::select(vec![Action::Alert, Action::BlockUserForToday, Action::BlockUser]);
    let policy = (action, moment()).prop_map(|(action, changed)| Policy { name: None, action, changed });
    let evidence = prop::sample::select(vec![Verdict::Safe, Verdict::NotSafe, Verdict::CannotTell]);
    let unblocks = (of(moment()), 0..5_u32, prop::bool::weighted(0.1))
        .prop_map(|(requested_at, count, refused)| UnblockHistory { requested_at, count, refused });
    (of(policy), of(evidence), of(unblocks)).prop_map(|(policy, evidence, unblocks)| Circumstances {
        policy,
        evidence,
        unblocks,
    })
}

proptest! {
    #[test]
    fn every_decision_is_complete_and_careful(case in cases(), circumstances in circumstances()) {
        let decision = Decision::of(&case, &circumstances, NOW);
        let (advice, message) = (decision.recommendation(), decision.user_message());
        prop_assert!(!advice.contains(['{', '}']) && !message.contains(['{', '}']), "{} {}", advice, message);
        prop_assert!(advice.contains("compromised account"), "{}", advice);
        prop_assert!(message.contains("can still receive mail"), "{}", message);
        prop_assert!(decision.restricted_until().is_none_or(|until| until.at > NOW));
        prop_assert!(decision.next_step() != NextStep::Unblock || circumstances.evidence == Some(Verdict::Safe));
        prop_assert_eq!(decision.overdue().is_some(), decision.expected_by().is_some());
    }
}

#[test]
fn every_rule_decides_something_in_two_sentences_with_a_source() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (cases(), circumstances());
    let mut unused: Vec<&Rule> = RULES.iter().chain([&rules::OTHERWISE]).collect();
    for _ in 0..20_000 {
        let (case, circumstances) = strategy.new_tree(&mut runner).unwrap().current();
        let decided = Decision::of(&case, &circumstances, NOW).rule;
        unused.retain(|rule| rule.advice != decided.advice);
    }
    assert!(unused.is_empty(), "{unused:?}");
    for rule in RULES {
        assert!(rule.source.starts_with("Microsoft Learn, "), "{rule:?}");
        assert!(rule.advice.matches(['.', '?']).count() <= 2, "{}", rule.advice);
    }
}
