//! History from the service: its audit log, joined with the journal.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::get::{broken, Query, Scope, Told};
use super::journal::{journals, Event, Journal, Verified};
use super::search::{Found, Search, LATENESS, RETENTION};
use super::timeline::{History, Record, Timeline};
use crate::connection::{Connection, Origin};
use crate::error::{Code, Error, Result};
use crate::file_work::on_a_thread;
use crate::host::{Host, Row};
use crate::restriction::{minute, Key, Named};

/// How far back the audit log is read where nobody says it.
const USUAL: Duration = Duration::days(90);

/// How many events cross over at once.
const TOGETHER: usize = 256;

/// The time that is asked for: without a start the last 90 days before the end, without an end until now.
///
/// # Errors
/// [`Code::InvalidDateRange`] where nothing lies in it.
pub fn asked(
    start: Option<OffsetDateTime>,
    end: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<RangeInclusive<OffsetDateTime>> {
    let end = end.unwrap_or(now);
    let start = start.unwrap_or_else(|| end.min(now).saturating_sub(USUAL));
    if start > now {
        let message = format!("-StartDate {} lies in the future.", said(start));
        return Err(Error::new(Code::InvalidDateRange, message));
    }
    in_order(start, end)
}

/// The time between these moments.
///
/// # Errors
/// [`Code::InvalidDateRange`] where the end comes before the start.
pub fn in_order(start: OffsetDateTime, end: OffsetDateTime) -> Result<RangeInclusive<OffsetDateTime>> {
    if start > end {
        let message =
            format!("-EndDate {} comes before -StartDate {}, so nothing lies in between.", said(end), said(start));
        return Err(Error::new(Code::InvalidDateRange, message));
    }
    Ok(start..=end)
}

fn said(moment: OffsetDateTime) -> String {
    minute(moment).unwrap_or_else(|| moment.to_string())
}

/// The journal to join.
#[derive(Debug, Default)]
pub struct JournalPlace {
    /// A folder of journals, or that of one organization; without it, that of the connection.
    pub chosen: Option<PathBuf>,
    /// Whether it is an error that there is no journal.
    pub expected: bool,
}

/// Hands over the history that the service and the journal tell, oldest first. Where the audit log cannot be read, what
/// is known is told nevertheless, as incomplete, beside the error.
///
/// # Errors
/// [`Code::JournalUnreadable`], or when the caller has gone.
pub async fn from_service(connection: &Connection, journal: JournalPlace, query: Query, host: &Host) -> Result<()> {
    let (now, query) = (connection.now(), Arc::new(query));
    let ours = ours(connection, journal, &query, host).await?;
    let end = *query.within.end();
    let (found, read) = theirs(connection, &query, host).await;
    let failed = read.is_err();
    if let Err(error) = read {
        if error.code() == Code::Cancelled {
            return Err(error);
        }
        host.item_failed(error).await?;
    }
    let whole = !failed && found.gaps.is_empty();
    for gap in found.gaps {
        host.warn(format!("The history of {} is not complete. {gap}", connection.organization())).await?;
    }
    let settled = now.saturating_sub(LATENESS);
    let scope = Scope {
        complete: Some(whole && end <= settled),
        covered_until: whole.then(|| end.min(settled)),
        organization: Some(connection.organization().to_owned()),
        practice: connection.is_practice(),
    };
    let records = found.events.into_iter().map(Record::Audit).chain(ours).collect();
    tell(records, &query, Arc::new(scope), host).await
}

/// What the service and the journal of the connection tell of some entities, and why something may be missing: sentences
/// for the admin.
///
/// # Errors
/// When the caller has gone.
pub async fn of_some(
    connection: &Connection,
    keys: &[Key],
    within: RangeInclusive<OffsetDateTime>,
    host: &Host,
) -> Result<(History, Vec<String>)> {
    let query = Arc::new(Query { named: keys.iter().cloned().map(Named::One).collect(), within, summary: false });
    let (mut records, mut gaps) = (Vec::new(), Vec::new());
    match ours(connection, JournalPlace::default(), &query, host).await {
        Ok(ours) => records = ours,
        Err(error) if error.code() == Code::Cancelled => return Err(error),
        Err(error) => gaps.push(error.message.clone()),
    }
    let (found, read) = theirs(connection, &query, host).await;
    match read {
        Err(error) if error.code() == Code::Cancelled => return Err(error),
        Err(error) => gaps.push(error.message.clone()),
        Ok(()) => {}
    }
    gaps.extend(found.gaps);
    records.extend(found.events.into_iter().map(Record::Audit));
    let mut timeline = Timeline::new();
    records.iter().for_each(|record| timeline.add(record));
    Ok((timeline.finish(), gaps))
}

/// What the audit log has of it. What was found comes beside a failure, and is not the whole.
async fn theirs(connection: &Connection, query: &Query, host: &Host) -> (Found, Result<()>) {
    let (now, start, end) = (connection.now(), *query.within.start(), *query.within.end());
    let kept = now.saturating_sub(RETENTION);
    let wanted = |key: &Key| query.wants(key);
    let (mut found, read) = if end < kept {
        (Found::default(), Ok(()))
    } else {
        Search::read(connection, (start.max(kept), end.min(now)), &wanted, host).await
    };
    if start < kept {
        found.gaps.push("The service keeps records for 180 days: earlier ones are gone.".to_owned());
    }
    (found, read)
}

/// What the journal has of the organization.
async fn ours(connection: &Connection, place: JournalPlace, query: &Arc<Query>, host: &Host) -> Result<Vec<Record>> {
    let found = match (&place.chosen, connection.journal()) {
        (Some(chosen), _) => journals(chosen),
        (None, Ok(journal)) => journals(journal.folder()),
        (None, Err(error)) => Err(error),
    };
    let found = match found {
        Err(error) if place.expected => return Err(error),
        found => found.unwrap_or_default(),
    };
    let (origin, query) = (Arc::clone(connection.origin()), Arc::clone(query));
    let (events, verified) = on_a_thread(move || read_journals(&found, &origin, &query)).await??;
    for warning in verified.iter().filter_map(broken) {
        host.warn(warning).await?;
    }
    Ok(events)
}

fn read_journals(found: &[PathBuf], origin: &Origin, query: &Query) -> Result<(Vec<Record>, Vec<Verified>)> {
    let mut events = Vec::new();
    let read = |folder: &PathBuf| {
        Journal::at(folder).read(|event| {
            if is_of(&event, origin) && query.wants(&event.key) {
                events.push(Record::Journal(event));
            }
        })
    };
    let verified = found.iter().map(read).collect::<Result<_>>()?;
    Ok((events, verified))
}

/// A folder may hold the journals of several organizations. The id decides where both are known.
fn is_of(event: &Event, origin: &Origin) -> bool {
    match (&event.tenant_id, &origin.tenant_id) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => event.organization.eq_ignore_ascii_case(&origin.organization),
    }
}

async fn tell(mut records: Vec<Record>, query: &Query, scope: Arc<Scope>, host: &Host) -> Result<()> {
    let mut timeline = Timeline::new();
    records.iter().for_each(|record| timeline.add(record));
    let mut history: History = timeline.finish();
    if query.summary {
        let summaries = history.summaries(&query.within).into_iter();
        let rows = summaries.map(|row| Row::HistorySummary(Told { row, scope: Arc::clone(&scope) }));
        return host.rows(rows.collect()).await;
    }
    records.retain(|record| query.within.contains(&record.time()));
    records.sort_by_key(Record::time);
    let mut rows = Vec::with_capacity(TOGETHER);
    for event in records.into_iter().filter_map(|record| history.tell(record)) {
        rows.push(Row::HistoryEvent(Told { row: event, scope: Arc::clone(&scope) }));
        if rows.len() == TOGETHER {
            host.rows(std::mem::replace(&mut rows, Vec::with_capacity(TOGETHER))).await?;
        }
    }
    host.rows(rows).await
}
