//! Reads the trace from the service: `Get-MessageTraceV2`, which shows 90 days in windows of 10, 5,000 rows at a time, and
//! goes on where the last row stood (Microsoft Learn, "Get-MessageTraceV2").

use std::sync::Arc;

use restricted_sender_limits::Second;
use time::{Duration, OffsetDateTime};

use super::quota::Quota;
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::exchange::{Cmdlet, Record};
use crate::history::in_order;
use crate::host::{Host, Progress};
use crate::restriction::{minute, Pattern};
use crate::trace::{Book, Ledger, Line};

/// How far back is read where nobody says it.
pub const USUAL: Duration = Duration::hours(48);
const LONGEST_WINDOW: Duration = Duration::days(10);
/// The trace shows so many rows at once.
pub const MOST_ROWS: usize = 5000;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Nothing for two days before the end.
    pub start: Option<OffsetDateTime>,
    /// Nothing for now.
    pub end: Option<OffsetDateTime>,
    /// Those who are named without a pattern; all where there is one, or nobody is named.
    pub senders: &'a [String],
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    pub ledger: Ledger,
    /// Where the service answered no more, with what is left to read.
    pub stopped: Option<Stopped>,
}

/// Why not all of it was read.
#[derive(Debug)]
pub struct Stopped {
    /// The start of what was asked for.
    pub start: OffsetDateTime,
    /// What was sent from this second on was read, and nothing before it: the newest is read first.
    pub at: Second,
    pub error: Error,
}

/// Reads what was sent between two moments. Where the service stops answering, what was read until then is kept.
///
/// # Errors
/// [`Code::InvalidDateRange`], and when the caller has gone.
pub async fn read(
    connection: &Connection,
    book: &Arc<Book>,
    question: Question<'_>,
    quota: &mut Quota,
    host: &Host,
) -> Result<Read> {
    let end = question.end.unwrap_or_else(|| connection.now());
    let range = in_order(question.start.unwrap_or_else(|| end.saturating_sub(USUAL)), end)?;
    let start = *range.start();
    let named = !question.senders.iter().any(|sender| Pattern::is_pattern(sender));
    let senders = if named { question.senders } else { &[] };
    let ledger = Ledger::of(book);
    let mut reading = Reading { connection, host, quota, ledger, senders, start, end, whole: at_least(end) };
    match reading.all().await {
        Ok(()) => Ok(Read { ledger: reading.ledger, stopped: None }),
        Err(error) if error.code() == Code::Cancelled => Err(error),
        Err(error) => {
            let (mut ledger, at) = (reading.ledger, reading.whole);
            ledger.forget_before(at);
            Ok(Read { ledger, stopped: Some(Stopped { start, at, error }) })
        }
    }
}

struct Reading<'a> {
    connection: &'a Connection,
    host: &'a Host,
    quota: &'a mut Quota,
    ledger: Ledger,
    senders: &'a [String],
    start: OffsetDateTime,
    end: OffsetDateTime,
    /// From this second on all was read.
    whole: Second,
}

/// Where a row stands: rows come newest first, and those of one moment by their recipients.
#[derive(Debug, Clone)]
struct Place {
    received: OffsetDateTime,
    recipient: String,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.received == other.received && self.recipient.to_lowercase() == other.recipient.to_lowercase()
    }
}

impl Reading<'_> {
    async fn all(&mut self) -> Result<()> {
        let mut until = self.end;
        while until > self.start {
            let from = self.start.max(until.saturating_sub(LONGEST_WINDOW));
            self.window(from, until).await?;
            self.whole = at_least(from);
            until = from;
        }
        Ok(())
    }

    async fn window(&mut self, from: OffsetDateTime, until: OffsetDateTime) -> Result<()> {
        let mut place: Option<Place> = None;
        loop {
            let reached = place.as_ref().map_or(until, |place| place.received);
            self.tell(reached).await?;
            let mut cmdlet = Cmdlet::new("Get-MessageTraceV2")
                .with_exact_moment("StartDate", from)
                .with_exact_moment("EndDate", reached)
                .with_value("ResultSize", MOST_ROWS)
                .with("StartingRecipientAddress", place.as_ref().map(|place| place.recipient.as_str()));
            if !self.senders.is_empty() {
                cmdlet = cmdlet.with_value("SenderAddress", self.senders.to_vec());
            }
            let mut rows: Vec<_> =
                self.quota.ask(self.connection, cmdlet, self.host).await?.into_iter().map(line).collect();
            let is_last = rows.len() < MOST_ROWS;
            if !is_last {
                let next = whole_places(&mut rows).filter(|next| place.as_ref() != Some(next));
                let stands = || minute(reached).unwrap_or_default();
                place = Some(next.ok_or_else(|| {
                    let message = format!("The trace does not go on after {}: it shows the same rows again.", stands());
                    Error::new(Code::ResponseUnreadable, message)
                })?);
            }
            rows.iter().for_each(|(_, line)| self.enter(line));
            match &place {
                Some(place) if !is_last => self.whole = after(place.received),
                _ => return Ok(()),
            }
        }
    }

    fn enter(&mut self, line: &Line) {
        let number = self.ledger.tally.lines + 1;
        if let Err(defect) = self.ledger.enter_line(line) {
            self.ledger.tally.refuse(defect, || number);
        }
    }

    async fn tell(&self, reached: OffsetDateTime) -> Result<()> {
        let Self { start, end, .. } = *self;
        let (whole, done) = ((end - start).as_seconds_f64(), (end - reached).as_seconds_f64());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let percent = (whole > 0.0).then(|| (100.0 * done / whole) as u8);
        let progress = Progress {
            activity: format!("Reading the message trace of {}", self.connection.organization()),
            status: format!("{} rows, down to {}", self.ledger.tally.lines, minute(reached).unwrap_or_default()),
            percent,
        };
        self.host.progress(progress).await
    }
}

/// Leaves of a full block only those places of which it has all rows for certain: of the last one, others may follow,
/// since messages of the same moment to the same recipient have one place. Returns the last place that is left, after
/// which the next block begins; nothing where the whole block is one place.
fn whole_places(rows: &mut Vec<(Option<Place>, Line)>) -> Option<Place> {
    let last = rows.last()?.0.clone();
    let whole = rows.iter().rposition(|(place, _)| place.is_some() && *place != last)?;
    rows.truncate(whole + 1);
    rows.last()?.0.clone()
}

/// A row, and where it stands where it tells.
fn line(mut row: Record) -> (Option<Place>, Line) {
    let received = row.take_date("Received");
    let text = |row: &mut Record, name| row.take_text(name).unwrap_or_default();
    let recipient = text(&mut row, "RecipientAddress");
    let line = Line {
        at: received.map(Into::into),
        sender: text(&mut row, "SenderAddress"),
        recipient: recipient.clone(),
        status: text(&mut row, "Status"),
        message: text(&mut row, "MessageTraceId"),
    };
    (received.map(|received| Place { received, recipient }), line)
}

/// The first second that begins after a moment.
fn after(moment: OffsetDateTime) -> Second {
    moment.saturating_add(Duration::SECOND).into()
}

/// The first second that does not begin before a moment.
fn at_least(moment: OffsetDateTime) -> Second {
    if moment.nanosecond() == 0 {
        moment.into()
    } else {
        after(moment)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn rows(places: &[(i64, &str)]) -> Vec<(Option<Place>, Line)> {
        let row = |(seconds, recipient): &(i64, &str)| {
            let received = datetime!(2026-11-28 08:00 UTC).saturating_sub(Duration::seconds(*seconds));
            let row = format!(r#"{{"Received":"{}","RecipientAddress":"{recipient}"}}"#, stamp(received));
            line(serde_json::from_str(&row).unwrap())
        };
        places.iter().map(row).collect()
    }

    fn stamp(moment: OffsetDateTime) -> String {
        moment.format(&time::format_description::well_known::Rfc3339).unwrap()
    }

    #[test]
    fn a_place_that_the_block_may_cut_is_left_to_the_next() {
        let last = |places: &[(i64, &str)]| {
            let mut rows = rows(places);
            let place = whole_places(&mut rows);
            (rows.len(), place.map(|place| place.recipient))
        };
        assert_eq!(last(&[(0, "a@x"), (0, "b@x"), (0, "B@x")]), (1, Some("a@x".into())));
        assert_eq!(last(&[(0, "a@x"), (1, "a@x")]), (1, Some("a@x".into())));
        assert_eq!(last(&[(0, "a@x"), (0, "a@x")]), (2, None));
        assert_eq!(last(&[]), (0, None));
    }

    #[test]
    fn what_was_read_is_known_to_the_second() {
        let eight = datetime!(2026-11-28 08:00 UTC);
        assert_eq!(OffsetDateTime::from(at_least(eight)), eight);
        assert_eq!(OffsetDateTime::from(at_least(eight + Duration::MILLISECOND)), eight + Duration::SECOND);
        assert_eq!(OffsetDateTime::from(after(eight)), eight + Duration::SECOND);
    }
}
