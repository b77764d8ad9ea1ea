//! The history of a small organization, from both sources, as an admin would read it.

use std::fs;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::audit::{AuditEvent, Audited};
use super::budget::Coverage;
use super::journal::{version, Event, Journal, Place, What};
use super::offline::Offline;
use super::timeline::{History, HistoryEvent, Record, Timeline};
use crate::error::Code;
use crate::reason::BlockType;
use crate::restriction::Key;

const MEGAN: &str = "megan@contoso.com";
const SPAM: &str = "OutboundSpamLast24Hours=842;OutboundMailLast24Hours=1203;OutboundSpamPercent=70;";

/// So many minutes after Monday 2026-11-02 08:00 UTC.
fn at(minutes: i64) -> OffsetDateTime {
    datetime!(2026-11-02 08:00 UTC) + Duration::minutes(minutes)
}

fn whenever() -> RangeInclusive<OffsetDateTime> {
    datetime!(2000-01-01 0:00 UTC)..=datetime!(2100-01-01 0:00 UTC)
}

fn sender(address: &str) -> Key {
    Key::Sender(address.into())
}

fn audit_of(address: &str, minutes: i64, what: Audited) -> Record {
    let unblocked = what == Audited::Unblocked;
    Record::Audit(AuditEvent {
        id: format!("{what:?}-{minutes}-{address}"),
        time: at(minutes),
        what,
        key: sender(address),
        reason: if what == Audited::Listed { SPAM.into() } else { String::new() },
        account: unblocked.then(|| "adele@contoso.com".into()),
        comment: unblocked.then(|| "secured".into()),
        organization_id: None,
    })
}

fn audit(minutes: i64, what: Audited) -> Record {
    audit_of(MEGAN, minutes, what)
}

fn journal_of(address: &str, minutes: i64, what: What, error: Option<Code>) -> Record {
    Record::Journal(Event {
        time: at(minutes),
        what,
        key: sender(address),
        organization: "contoso.com".into(),
        tenant_id: None,
        account: "App 1".into(),
        place: Place { machine: "ADMIN01".into(), user: "adele".into(), process: 1 },
        comment: Some("secured".into()),
        override_reason: None,
        action: None,
        before: None,
        request_id: Some("r-1".into()),
        error_code: error.map(Code::id),
        detail: error.map(|error| error.meaning().into()),
        version: version(),
    })
}

fn journal(minutes: i64, what: What) -> Record {
    journal_of(MEGAN, minutes, what, None)
}

fn failed(minutes: i64, error: Code) -> Record {
    journal_of(MEGAN, minutes, What::Failed, Some(error))
}

fn history(records: &[Record]) -> History {
    let mut timeline = Timeline::new();
    records.iter().for_each(|record| timeline.add(record));
    timeline.finish()
}

/// Each record: what, minutes it was listed at and released at, minutes from unblock to release, by whom.
type Told = (&'static str, Option<i64>, Option<i64>, Option<i64>, Option<String>);

fn told(records: &[Record]) -> Vec<Told> {
    let mut history = history(records);
    let minutes = |time: Option<OffsetDateTime>| time.map(|time| (time - at(0)).whole_minutes());
    let line = |event: HistoryEvent| {
        let to_release = event.time_to_release().map(Duration::whole_minutes);
        (event.happened.name(), minutes(event.listed_at), minutes(event.released_at), to_release, event.unblocked_by)
    };
    records.iter().filter_map(|record| history.tell(record.clone())).map(line).collect()
}

type Belonging<'a> = (Option<i64>, Option<i64>, Option<i64>, Option<&'a str>);

fn all(lines: &[Told]) -> Vec<Belonging<'_>> {
    lines.iter().map(|(_, listed, released, took, who)| (*listed, *released, *took, who.as_deref())).collect()
}

const ADELE: &str = "adele@contoso.com";
const APP: &str = "App 1 (adele on ADMIN01)";

#[test]
fn what_belongs_together_is_told_with_each_record() {
    use {Audited::*, What::*};
    let by_the_service = told(&[audit(0, Listed), audit(600, Delisted)]);
    assert_eq!(all(&by_the_service), [(Some(0), Some(600), None, None); 2]);

    let by_adele = told(&[audit(0, Listed), audit(60, Unblocked), audit(180, Delisted)]);
    assert_eq!(all(&by_adele), [(Some(0), Some(180), Some(120), Some(ADELE)); 3]);

    let by_us = told(&[
        audit(0, Listed),
        journal(60, Requested),
        audit(60, Unblocked),
        journal(61, Answered),
        audit(180, Delisted),
        journal(185, Released),
    ]);
    assert_eq!(all(&by_us), [(Some(0), Some(180), Some(120), Some(APP)); 6]);

    let without_the_audit_log = told(&[journal(60, Requested), journal(61, Answered), journal(180, Released)]);
    assert_eq!(all(&without_the_audit_log), [(None, Some(180), Some(120), Some(APP)); 3]);
}

#[test]
fn the_order_of_the_records_does_not_matter_and_each_is_told_once() {
    use {Audited::*, What::*};
    let mut records = vec![audit(180, Delisted), journal(60, Requested), audit(0, Listed)];
    let expected = [(Some(0), Some(180), Some(120), Some(APP)); 3];
    assert_eq!(all(&told(&records)), expected);
    records.extend(records.clone());
    assert_eq!(all(&told(&records)), expected);
}

#[test]
fn a_release_that_nobody_told_does_not_join_two_restrictions() {
    use Audited::*;
    let lines = told(&[audit(0, Listed), audit(2000, Listed), audit(2060, Delisted)]);
    assert_eq!(
        all(&lines),
        [(Some(0), None, None, None), (Some(2000), Some(2060), None, None), (Some(2000), Some(2060), None, None)]
    );
}

#[test]
fn a_return_begins_another_restriction_and_is_the_listing_that_the_service_tells() {
    use {Audited::*, What::*};
    let seen_later = [journal(0, Requested), journal(60, Released), audit(70, Listed), journal(75, Returned)];
    assert_eq!(all(&told(&seen_later))[2..], [(Some(70), None, None, None); 2]);
    assert_eq!(history(&seen_later).summaries(&whenever())[0].times_restricted, 1);
    // The machine's clock is ahead.
    let seen_before = [journal(0, Requested), journal(60, Released), journal(75, Returned), audit(77, Listed)];
    assert_eq!(history(&seen_before).summaries(&whenever())[0].times_restricted, 1);
}

#[test]
fn an_unblock_that_failed_released_nobody() {
    use {Audited::*, What::*};
    let ended = audit(600, Delisted);
    let refused = [audit(0, Listed), journal(60, Requested), failed(61, Code::UnblockLimitReached), ended.clone()];
    assert_eq!(all(&told(&refused))[3], (Some(0), Some(600), None, None));
    let lost = [audit(0, Listed), journal(60, Requested), failed(61, Code::OutcomeUnknown), ended.clone()];
    assert_eq!(all(&told(&lost))[3], (Some(0), Some(600), Some(540), Some(APP)));
    let twice = [audit(0, Listed), audit(50, Unblocked), journal(60, Requested), failed(61, Code::AlreadyGone), ended];
    assert_eq!(all(&told(&twice))[4], (Some(0), Some(600), Some(550), Some(ADELE)));
}

#[test]
fn the_reason_is_decoded_and_the_failure_told() {
    let mut history = history(&[]);
    let listed = history.tell(audit(0, Audited::Listed)).unwrap();
    assert_eq!(listed.block_type, Some(BlockType::Spam));
    assert_eq!(listed.summary.as_deref(), Some("842 of 1,203 messages in 24 hours judged spam (70%)"));
    assert_eq!((listed.happened.source(), listed.reason.as_str()), ("AuditLog", SPAM));
    let delisted = history.tell(audit(1, Audited::Delisted)).unwrap();
    assert_eq!((delisted.block_type, delisted.summary), (None, None));
    let failed = history.tell(failed(2, Code::UnblockLimitReached)).unwrap();
    assert_eq!(failed.detail.as_deref(), Some("RS4004: The service unblocks this entity no more."));
    assert_eq!((failed.happened.source(), failed.id.as_deref()), ("Journal", Some("r-1")));
}

#[test]
fn a_summary_says_how_often_how_long_when_and_why() {
    use Audited::*;
    const WEEK: i64 = 7 * 24 * 60;
    let mut records = Vec::new();
    for (week, took) in [(0, 30), (1, 50), (2, 400), (3, 70)] {
        let monday = week * WEEK;
        records.extend([audit(monday, Listed), audit(monday + 10, Unblocked), audit(monday + 10 + took, Delisted)]);
    }
    records.push(audit_of("Diego@contoso.com", 5, Listed));
    records.push(audit_of("diego@CONTOSO.com", 9, Delisted));
    records.push(audit_of("nobody@contoso.com", 9, Delisted));
    let summaries = history(&records).summaries(&whenever());
    let [megan, diego] = summaries.as_slice() else { panic!("{summaries:?}") };
    assert_eq!((&megan.key, megan.times_restricted), (&sender(MEGAN), 4));
    assert_eq!((megan.first, megan.last), (at(0), at(3 * WEEK)));
    assert_eq!(megan.median_time_to_release, Some(Duration::minutes(60)));
    assert_eq!(megan.median_restricted_for, Some(Duration::minutes(70)));
    assert_eq!(megan.rhythm.unwrap().to_string(), "every Monday 08:00 UTC: looks like a scheduled job");
    assert_eq!((megan.last_block_type, megan.last_reason.as_deref()), (Some(BlockType::Spam), Some(SPAM)));
    assert_eq!((diego.times_restricted, diego.median_time_to_release, diego.rhythm), (1, None, None));
    assert_eq!(diego.median_restricted_for, Some(Duration::minutes(4)));

    let first_fortnight = history(&records).summaries(&(at(0)..=at(WEEK + 1)));
    assert_eq!(first_fortnight[0].times_restricted, 2);
    assert!(history(&records).summaries(&(at(1)..=at(2))).is_empty());
}

const COVERED: Option<Coverage> =
    Some(Coverage { from: datetime!(2026-11-01 0:00 UTC), until: datetime!(2026-12-31 0:00 UTC) });

fn count(records: &[Record], audit: Option<Coverage>) -> (usize, bool) {
    let unblocks = history(records).unblocks(&sender("MEGAN@contoso.com"), at(0), at(40_000), audit);
    (unblocks.times.len(), unblocks.at_least)
}

#[test]
fn unblocks_are_counted_once_and_marked_where_there_may_be_more() {
    use {Audited::*, What::*};
    let ours = [journal(59, Requested), journal(60, Answered)];
    let audited = [audit(60, Unblocked), audit(500, Unblocked)];
    let both = [&ours[..], &audited].concat();
    assert_eq!(count(&ours, None), (1, true), "other machines have journals of their own");
    assert_eq!(count(&both, None), (2, true), "nobody says for what time the audit log was read");
    assert_eq!(count(&both, COVERED), (2, false));
    let too_short = Some(Coverage { from: at(1), until: at(40_000) });
    assert_eq!(count(&both, too_short), (2, true));
    let late = Some(Coverage { from: at(0), until: at(39_999) });
    assert_eq!(count(&both, late), (2, true));
    assert_eq!(count(&[both.clone(), both.clone()].concat(), COVERED), (2, false), "two exports may overlap");
    assert_eq!(count(&[audit(0, Listed)], COVERED), (0, true), "whether it tells of unblocks is not seen");
    assert_eq!(count(&ours, COVERED), (1, true), "an audit log that tells of no unblock proves nothing");
    assert_eq!(count(&[&both[..], &[journal(900, Answered)]].concat(), COVERED), (3, true), "it lacks one");
    assert_eq!(count(&[&both[..], &[audit(50_000, Unblocked), audit(-1, Unblocked)]].concat(), COVERED), (2, false));
}

#[test]
fn only_what_the_service_took_counts() {
    use {Audited::*, What::*};
    let known = audit(500, Unblocked);
    let refused = [journal(10, Requested), failed(11, Code::UnblockLimitReached), audit(0, Listed), known.clone()];
    assert_eq!(count(&refused, COVERED), (1, false));
    let lost = failed(501, Code::OutcomeUnknown);
    assert_eq!(count(&[known.clone(), lost], COVERED), (1, false), "the audit log has it");
    let lost = failed(700, Code::OutcomeUnknown);
    assert_eq!(count(&[known, lost], COVERED), (1, true), "it may have counted");
}

#[test]
fn the_count_that_was_refused_last_time_warns_the_next() {
    use What::*;
    let other = "isaiah@contoso.com";
    let records = [
        journal_of(other, 0, Answered, None),
        journal_of(other, 2000, Answered, None),
        journal_of(other, 4000, Failed, Some(Code::UnblockLimitReached)),
        journal(100, Answered),
    ];
    let mut history = history(&records);
    let refusal = history.last_refusal().unwrap();
    assert_eq!((&refusal.key, refusal.time, refusal.after), (&sender(other), at(4000), 2));
    let unblocks = |history: &History| history.unblocks(&sender(MEGAN), at(0), at(40_000), None);
    assert_eq!(unblocks(&history).warning(Some(&refusal)), None, "one more is known to be taken");

    history = self::history(&[&records[..], &[journal(200, Answered)]].concat());
    let unblocks = unblocks(&history);
    assert_eq!(unblocks.to_string(), "unblocked at least twice (2026-11-02 09:40 UTC, 2026-11-02 11:20 UTC)");
    assert_eq!(
        unblocks.warning(Some(&refusal)).unwrap(),
        "megan@contoso.com was unblocked at least twice (2026-11-02 09:40 UTC, 2026-11-02 11:20 UTC). The service refused to unblock isaiah@contoso.com on 2026-11-05 02:40 UTC, after it had been unblocked twice: it may refuse now, and then only Microsoft Support can help."
    );
    assert_eq!(unblocks.warning(None), None);
    assert_eq!(self::history(&[]).last_refusal(), None);
}

/// A row of an export in JSON, from an event.
fn line(record: &Record) -> String {
    let Record::Audit(event) = record else { panic!("no audit event") };
    let time = event.time.format(&Rfc3339).unwrap();
    let (id, value) = (&event.id, event.key.to_string());
    match event.what {
        Audited::Unblocked => serde_json::json!({
            "CreationTime": time, "Id": id, "Operation": "Remove-BlockedSenderAddress", "UserId": event.account,
            "Parameters": [{"Name": "SenderAddress", "Value": value}, {"Name": "Reason", "Value": event.comment}],
        }),
        what => serde_json::json!({
            "CreationTime": time, "Id": id, "Operation": "HygieneTenantEvents", "Event": format!("{what:?}"),
            "EventValue": value, "Reason": event.reason,
        }),
    }
    .to_string()
}

fn file(folder: &Path, name: &str, records: &[Record]) -> PathBuf {
    let path = folder.join(name);
    let lines: Vec<_> = records.iter().map(line).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    path
}

#[test]
fn exports_and_journal_are_told_together() {
    use {Audited::*, What::*};
    let folder = TempDir::new().unwrap();
    let later = [audit(780, Delisted), audit_of("diego@contoso.com", 5, Listed), audit(720, Listed)];
    let earlier = [audit(720, Listed), audit(730, Unblocked)];
    let exports = [file(folder.path(), "later", &later), file(folder.path(), "earlier", &earlier)];
    let journal_here = Journal::at(folder.path().join("journal"));
    for record in [journal(730, Requested), journal(731, Answered), journal_of("diego@contoso.com", 9, Requested, None)]
    {
        let Record::Journal(event) = record else { continue };
        journal_here.append(&event).unwrap();
    }
    let offline = Offline {
        exports: &exports,
        journals: &[journal_here],
        wanted: &|key| *key == sender(MEGAN),
        within: at(721)..=at(100_000),
        unwanted: &|| false,
    };
    let mut read = offline.read().unwrap();
    assert_eq!(read.exports.iter().map(|export| export.events).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(read.journals[0].lines, 3);
    let mut told = Vec::new();
    offline
        .tell(&mut read.history, |event| {
            told.push((event.happened.name(), event.listed_at, event.time_to_release(), event.unblocked_by));
            ControlFlow::Continue(())
        })
        .unwrap();
    let by = |event, by: &str| (event, Some(at(720)), Some(Duration::minutes(50)), Some(by.to_owned()));
    assert_eq!(
        told,
        ["Delisted", "Unblocked", "Requested", "Answered"].map(|event| by(event, APP)),
        "the listing lies before, and still tells when it began"
    );

    let mut first = 0;
    let mut read = offline.read().unwrap();
    offline
        .tell(&mut read.history, |_| {
            first += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(first, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the records say, each is told once, in any order the same, and nothing ends before it began.
    #[test]
    fn any_records_in_any_order_tell_the_same(
        records in prop::collection::vec((0i64..300, 0usize..8), 0..40).prop_map(|records| {
            use {Audited::*, What::*};
            let record = |(minutes, kind)| match kind {
                0 => audit(minutes, Listed),
                1 => audit(minutes, Delisted),
                2 => audit(minutes, Unblocked),
                3 => journal(minutes, Requested),
                4 => journal(minutes, Answered),
                5 => journal(minutes, Released),
                6 => journal(minutes, Returned),
                _ => failed(minutes, Code::CmdletFailed),
            };
            records.into_iter().map(record).collect::<Vec<_>>()
        }).prop_shuffle(),
    ) {
        let tell = |records: &[Record]| {
            let mut history = history(records);
            let mut told: Vec<_> = records.iter().filter_map(|record| history.tell(record.clone())).collect();
            told.sort_by_key(|event| format!("{} {:?}", event.time, event.happened));
            told
        };
        let told = tell(&records);
        let distinct: std::collections::BTreeSet<_> = records.iter().map(|record| format!("{record:?}")).collect();
        prop_assert_eq!(told.len(), distinct.len());
        for event in &told {
            prop_assert!(event.restricted_for().is_none_or(|time| !time.is_negative()), "{:?}", event);
            prop_assert!(event.time_to_release().is_none_or(|time| !time.is_negative()), "{:?}", event);
            prop_assert_eq!(event.requested_at.is_some(), event.unblocked_by.is_some());
        }
        let reversed: Vec<_> = records.into_iter().rev().collect();
        prop_assert_eq!(tell(&reversed), told);
    }
}
