//! Reads the trace from the service: `Get-MessageTraceV2`, which shows 90 days in windows of 10, 5,000 rows at a time, and
//! goes on where the last row stood (Microsoft Learn, "Get-MessageTraceV2").

use std::collections::VecDeque;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

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
const MOST_ROWS: usize = 5000;

/// The organization may ask the trace so often in so long, whoever asks.
const MOST_REQUESTS: usize = 100;
const QUOTA_WINDOW: Duration = Duration::minutes(5);

/// Reads what was sent between two moments: by all, or by those who are named without a pattern.
///
/// # Errors
/// Whatever keeps it from being read, with the moment down to which it was: the newest is read first.
pub async fn read(
    connection: &Connection,
    book: &Arc<Book>,
    start: Option<OffsetDateTime>,
    end: Option<OffsetDateTime>,
    senders: &[String],
    host: &Host,
) -> Result<Ledger> {
    let end = end.unwrap_or_else(|| connection.now());
    let range = in_order(start.unwrap_or_else(|| end.saturating_sub(USUAL)), end)?;
    let start = *range.start();
    let named = !senders.iter().any(|sender| Pattern::is_pattern(sender));
    let senders = if named { senders } else { &[] };
    let mut reading = Reading { connection, host, ledger: Ledger::of(book), asked: VecDeque::new() };
    let mut until = end;
    while until > start {
        let from = start.max(until.saturating_sub(LONGEST_WINDOW));
        reading.window(from, until, senders, (start, end)).await?;
        until = from;
    }
    Ok(reading.ledger)
}

struct Reading<'a> {
    connection: &'a Connection,
    host: &'a Host,
    ledger: Ledger,
    /// When the trace was asked lately.
    asked: VecDeque<OffsetDateTime>,
}

/// Where the last row stood.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    received: OffsetDateTime,
    recipient: String,
}

impl Reading<'_> {
    async fn window(
        &mut self,
        from: OffsetDateTime,
        until: OffsetDateTime,
        senders: &[String],
        (start, end): (OffsetDateTime, OffsetDateTime),
    ) -> Result<()> {
        let mut place: Option<Place> = None;
        loop {
            let reached = place.as_ref().map_or(until, |place| place.received);
            self.tell(reached, start, end).await?;
            self.wait_for_quota().await?;
            let mut cmdlet = Cmdlet::new("Get-MessageTraceV2")
                .with_exact_moment("StartDate", from)
                .with_exact_moment("EndDate", reached)
                .with_value("ResultSize", MOST_ROWS)
                .with("StartingRecipientAddress", place.as_ref().map(|place| place.recipient.as_str()));
            if !senders.is_empty() {
                cmdlet = cmdlet.with_value("SenderAddress", senders.to_vec());
            }
            let rows = self.connection.exchange(self.host).read_all(cmdlet).await.map_err(|error| {
                let read = minute(reached).unwrap_or_default();
                error.with(|details| {
                    details.message =
                        format!("The trace was read down to {read}, and then no further. {}", details.message);
                })
            })?;
            let is_last = rows.len() < MOST_ROWS;
            let last = self.enter(rows);
            if is_last {
                return Ok(());
            }
            if last.is_none() || last == place {
                let message = format!(
                    "The trace does not go on after {}: it shows the same rows again.",
                    minute(reached).unwrap_or_default()
                );
                return Err(Error::new(Code::ResponseUnreadable, message));
            }
            place = last;
        }
    }

    /// Takes rows down. Returns where the last one stands.
    fn enter(&mut self, rows: Vec<Record>) -> Option<Place> {
        let mut last = None;
        for mut row in rows {
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
            let number = self.ledger.tally.lines + 1;
            if let Err(defect) = self.ledger.enter_line(&line) {
                self.ledger.tally.refuse(defect, || number);
            }
            last = received.map(|received| Place { received, recipient });
        }
        last
    }

    async fn wait_for_quota(&mut self) -> Result<()> {
        let mut timer = self.connection.timer();
        loop {
            let now = self.connection.now();
            while self.asked.front().is_some_and(|asked| asked.saturating_add(QUOTA_WINDOW) <= now) {
                self.asked.pop_front();
            }
            match self.asked.front() {
                Some(first) if self.asked.len() >= MOST_REQUESTS => {
                    let next = first.saturating_add(QUOTA_WINDOW);
                    self.host
                        .detail(format!("The trace may be asked {MOST_REQUESTS} times in 5 minutes: waiting."))
                        .await?;
                    timer.sleep_until(next).await;
                }
                _ => {
                    self.asked.push_back(now);
                    return Ok(());
                }
            }
        }
    }

    async fn tell(&self, reached: OffsetDateTime, start: OffsetDateTime, end: OffsetDateTime) -> Result<()> {
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
