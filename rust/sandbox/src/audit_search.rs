//! `Search-UnifiedAuditLog`: finding records, a block at a time. A session goes on where its last block ended, so a
//! block that got lost on its way does not come again; `ResultIndex` tells.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use time::format_description::well_known::Rfc3339;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::audit::{Organization, Record};
use crate::cmdlets::{Invocation, Output, Rows};
use crate::parameter::Arguments;
use crate::refusal::Refusal;
use crate::restriction::Reading;
use crate::row::{Row, Value};
use crate::tenant::Tenant;

/// Records per block where the client asks for nothing, and the most it gets.
const USUAL_BLOCK: usize = 100;
pub(crate) const LARGEST_BLOCK: usize = 5000;

/// The most that one session shows in all, sorted and unsorted. Beyond it there is silence: `ResultCount` says no more
/// than this either (?).
const MOST_SORTED: usize = 5000;
const MOST_UNSORTED: usize = 50_000;

/// Every so many records of an unsorted set, one comes twice (?): documented is only that there are duplicates.
const DUPLICATE_EVERY: usize = 100;

/// How many searches are remembered; the oldest is forgotten first.
const MOST_SEARCHES: usize = 20;

const PLAIN_TIME: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
const SHORT_TIME: &[FormatItem<'_>] =
    format_description!("[month padding:none]/[day padding:none]/[year] [hour padding:none]:[minute]:[second]");
const PLAIN_DATE: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]");
const SHORT_DATE: &[FormatItem<'_>] = format_description!("[month padding:none]/[day padding:none]/[year]");

/// A time as a client writes it: without an offset it is UTC, without a time of day midnight.
pub(crate) fn parse_time(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let plain = [PLAIN_TIME, SHORT_TIME].into_iter().find_map(|form| PrimitiveDateTime::parse(text, form).ok());
    let date = || [PLAIN_DATE, SHORT_DATE].into_iter().find_map(|form| Date::parse(text, form).ok());
    let utc = plain.or_else(|| date().map(Date::midnight)).map(PrimitiveDateTime::assume_utc);
    utc.or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok())
}

/// How a session shows what it found (`-SessionCommand`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    /// `ReturnNextPreviewPage`, and where nothing is said (?): newest first, each record once.
    #[default]
    Sorted,
    /// `ReturnLargeSet`
    Unsorted,
}

/// What is searched for.
#[derive(Debug)]
struct Query<'a> {
    /// The first moment that belongs to it, and the first that no longer does (?).
    time: Range<OffsetDateTime>,
    record_type: Option<&'a str>,
    operations: Vec<String>,
    user_ids: Vec<String>,
    object_ids: Vec<String>,
    free_text: Option<String>,
    order: Order,
    block: usize,
}

impl<'a> Query<'a> {
    fn of(arguments: &'a Arguments) -> Result<Self, Refusal> {
        let time =
            |name: &str| arguments.text(name).and_then(parse_time).ok_or_else(|| Refusal::missing_parameter(name));
        let (start, end) = (time("StartDate")?, time("EndDate")?);
        if start >= end {
            return Err(Refusal::bad_window());
        }
        let is_unsorted =
            arguments.text("SessionCommand").is_some_and(|name| name.eq_ignore_ascii_case("ReturnLargeSet"));
        Ok(Self {
            time: start..end,
            record_type: arguments.text("RecordType"),
            operations: arguments.texts("Operations"),
            user_ids: arguments.texts("UserIds"),
            object_ids: arguments.texts("ObjectIds"),
            free_text: arguments.text("FreeText").map(str::to_lowercase),
            order: if is_unsorted { Order::Unsorted } else { Order::Sorted },
            block: arguments.text("ResultSize").and_then(|size| size.parse().ok()).unwrap_or(USUAL_BLOCK),
        })
    }

    fn wants(&self, record: &Record, organization: &Organization) -> bool {
        let is_one_of = |wanted: &[String], text: &str| {
            wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(text))
        };
        self.time.contains(&record.at)
            && self.record_type.is_none_or(|name| name.eq_ignore_ascii_case(record.record_type().name()))
            && is_one_of(&self.operations, record.operation())
            && is_one_of(&self.user_ids, &record.user_id())
            && (self.object_ids.is_empty() || record.object_id().is_some_and(|id| is_one_of(&self.object_ids, id)))
            && self.free_text.as_ref().is_none_or(|text| record.audit_data(organization).to_lowercase().contains(text))
    }

    fn find(&self, tenant: &Tenant) -> Vec<Arc<Record>> {
        let (now, lateness) = (tenant.now(), tenant.settings().audit_lateness());
        let organization = organization(tenant);
        if !tenant.settings().auditing {
            return Vec::new();
        }
        let mut restrictions = tenant.restrictions();
        let arrived = restrictions.audit(now).arrived(lateness, now);
        let mut found: Vec<Arc<Record>> =
            arrived.filter(|record| self.wants(record, &organization)).map(Arc::clone).collect();
        drop(restrictions);
        match self.order {
            Order::Sorted => found.sort_by_key(|record| (std::cmp::Reverse(record.at), record.id)),
            Order::Unsorted => {
                // Identifiers are random, so this is no order at all, and the same one every time.
                found.sort_by_key(|record| record.id);
                let again = found.iter().skip(DUPLICATE_EVERY - 1).step_by(DUPLICATE_EVERY).map(Arc::clone);
                found.extend(again.collect::<Vec<_>>());
            }
        }
        found.truncate(match self.order {
            Order::Sorted => MOST_SORTED,
            Order::Unsorted => MOST_UNSORTED,
        });
        found
    }
}

/// What was found, and which of it was shown last.
#[derive(Debug)]
struct Search {
    /// What tells it from others: its session or, without one, its whole question.
    key: String,
    question: String,
    found: Vec<Arc<Record>>,
    shown: Range<usize>,
}

impl Search {
    /// Goes on to the next block, which is empty at the end.
    fn advance(&mut self, block: usize) {
        let start = self.shown.end;
        self.shown = start..start.saturating_add(block).min(self.found.len());
    }

    /// The rows of the block that are not among those shown up to number `after`.
    fn rows(&self, after: u64, organization: Organization) -> Rows {
        let start = self.shown.start.max(usize::try_from(after).unwrap_or(usize::MAX));
        let rest = self.found.get(start..self.shown.end).unwrap_or_default().to_vec();
        let count = self.found.len();
        Box::new((start + 1..).zip(rest).map(move |(index, record)| {
            let index_and_count = [index, count].map(|number| i32::try_from(number).unwrap_or(i32::MAX));
            (index as u64, row(&record, index_and_count, &organization))
        }))
    }
}

/// The searches whose answers may not be at their end. How long the service remembers a session is not published (?).
#[derive(Debug, Default)]
pub(crate) struct Searches(VecDeque<Search>);

impl Searches {
    fn take(&mut self, key: &str) -> Option<Search> {
        let position = self.0.iter().position(|search| search.key == key)?;
        self.0.remove(position)
    }

    fn put_back(&mut self, search: Search) {
        if self.0.len() >= MOST_SEARCHES {
            self.0.pop_front();
        }
        self.0.push_back(search);
    }
}

/// Answers a call.
pub(crate) fn search(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let query = Query::of(invocation.arguments)?;
    let question = invocation.arguments.fingerprint_without("ResultSize");
    let session = invocation.arguments.text("SessionId");
    let key = session.map_or_else(|| format!("question {question}"), |session| format!("session {session}"));
    let mut searches = tenant.searches();
    let known = searches.take(&key);
    let goes_on = known.as_ref().is_some_and(|search| search.question == question);
    let mut search = match known {
        // A session is for one question (?): the service is only known to show less than there is.
        Some(other) if session.is_some() && !goes_on => {
            searches.put_back(other);
            return Err(Refusal::other_session(session.unwrap_or_default()));
        }
        Some(search) if session.is_some() || invocation.reading() == Reading::Further => search,
        None if invocation.reading() == Reading::Further => return Err(Refusal::bad_page()),
        _ => Search { key, question, found: query.find(tenant), shown: 0..0 },
    };
    // A further page is of the block that was shown already.
    if invocation.reading() == Reading::First {
        search.advance(query.block);
    }
    let rows = search.rows(invocation.after, organization(tenant));
    searches.put_back(search);
    Ok(Output::Rows(rows))
}

fn row(record: &Record, [index, count]: [i32; 2], organization: &Organization) -> Row {
    Row(vec![
        ("RecordType", record.record_type().name().into()),
        ("CreationDate", Value::Time(record.at)),
        ("UserIds", record.user_id().as_str().into()),
        ("Operations", record.operation().into()),
        ("AuditData", record.audit_data(organization).as_str().into()),
        ("ResultIndex", Value::Int(index)),
        ("ResultCount", Value::Int(count)),
        ("Identity", record.id.to_string().as_str().into()),
        ("IsValid", Value::Bool(true)),
        ("ObjectState", "Unchanged".into()),
    ])
}

fn organization(tenant: &Tenant) -> Organization {
    Organization { id: tenant.id, name: tenant.organization.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times() {
        let eight = datetime!(2026-11-23 08:00 UTC);
        for (text, time) in [
            ("2026-11-23T08:00:00Z", eight),
            ("2026-11-23T08:00:00.0000000Z", eight),
            ("2026-11-23T08:00:00", eight),
            ("2026-11-23T08:00:00.25", datetime!(2026-11-23 08:00:00.25 UTC)),
            ("2026-11-23T10:00:00+02:00", eight),
            (" 11/23/2026 08:00:00 ", eight),
            ("11/3/2026 8:00:00", datetime!(2026-11-03 08:00 UTC)),
            ("2026-11-23", datetime!(2026-11-23 00:00 UTC)),
            ("11/23/2026", datetime!(2026-11-23 00:00 UTC)),
        ] {
            assert_eq!(parse_time(text), Some(time), "{text}");
        }
        for wrong in ["", "yesterday", "23/11/2026", "2026-11-31", "2026-11-23T25:00:00Z"] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_oldest_search_is_forgotten() {
        let mut searches = Searches::default();
        for number in 0..=MOST_SEARCHES {
            let key = number.to_string();
            searches.put_back(Search { key, question: String::new(), found: Vec::new(), shown: 0..0 });
        }
        assert!(searches.take("0").is_none());
        assert!(searches.take("1").is_some());
    }
}
