//! The audit log as the service shows it: `Search-UnifiedAuditLog`, a window of time after another.

use std::collections::{BTreeMap, HashSet};

use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::Uuid;

use super::audit::{AuditEvent, Defect, UNBLOCKS};
use super::budget::Coverage;
use super::timeline::{Record, Timeline};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::exchange::{Cmdlet, Record as Row, Value};
use crate::host::{Host, Progress};
use crate::restriction::{minute, Key};

/// How long the service keeps a record.
pub const RETENTION: Duration = Duration::days(180);

/// How late a record may arrive.
pub const LATENESS: Duration = Duration::days(1);

/// The most that a session shows, and that a call of it returns.
const LARGEST_SESSION: i64 = 50_000;
const LARGEST_BLOCK: i64 = 5000;

const CMDLET: &str = "Search-UnifiedAuditLog";

/// What is searched for.
#[derive(Debug, Clone, Copy)]
enum What {
    /// What the service listed and delisted.
    Restrictions,
    /// What admins unblocked.
    // Assumption (?): see `audit::UNBLOCKS`.
    Unblocks,
}

/// Whole seconds: the first that belongs to it, and the first that no longer does. Assumption (?): whether the end of
/// a search belongs to it is not documented. Neighbours share it either way, and what comes twice is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    start: OffsetDateTime,
    end: OffsetDateTime,
}

/// What was found, and what keeps it from being all.
#[derive(Debug, Default)]
pub struct Found {
    /// Each record once, oldest first.
    pub events: Vec<AuditEvent>,
    /// Why something may be missing, for the admin; empty where nothing is known to be.
    pub gaps: Vec<String>,
    /// The ids of all records so far.
    ids: HashSet<String>,
    unusable: BTreeMap<Defect, u64>,
}

/// How a session ended.
enum Session {
    Ended,
    /// It may hold more than it can show: nothing of it was kept.
    TooMuch,
}

/// A search of the log of one organization.
pub struct Search<'a> {
    connection: &'a Connection,
    host: &'a Host,
    wanted: &'a (dyn Fn(&Key) -> bool + Sync),
    found: Found,
}

impl<'a> Search<'a> {
    /// Reads everything about the wanted entities that happened from `start` until `end`: restrictions and unblocks.
    /// The window is read in parts where it holds more than the service shows at once.
    ///
    /// # Errors
    /// [`Code::AuditLogUnavailable`], [`Code::NoAuditRole`], or the first failure; what was found until then comes
    /// beside it, and is not the whole.
    pub async fn read(
        connection: &'a Connection,
        (start, end): (OffsetDateTime, OffsetDateTime),
        wanted: &'a (dyn Fn(&Key) -> bool + Sync),
        host: &'a Host,
    ) -> (Found, Result<()>) {
        Self::of(connection, wanted, host).all(&[What::Restrictions, What::Unblocks], Window::around(start, end)).await
    }

    fn of(connection: &'a Connection, wanted: &'a (dyn Fn(&Key) -> bool + Sync), host: &'a Host) -> Self {
        Self { connection, host, wanted, found: Found::default() }
    }

    async fn all(mut self, whats: &[What], window: Window) -> (Found, Result<()>) {
        let read = self.try_all(whats, window).await;
        let mut found = self.found;
        found.events.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
        for (defect, count) in &found.unusable {
            found.gaps.push(format!("{count} records of the audit log could not be used: {}.", defect.why()));
        }
        (found, read.map_err(|error| explained(error, self.connection)))
    }

    async fn try_all(&mut self, whats: &[What], window: Window) -> Result<()> {
        must_be_searchable(self.connection)?;
        for (at, what) in whats.iter().enumerate() {
            self.windows(*what, window, (at, whats.len())).await?;
        }
        self.auditing().await
    }

    /// Without auditing the log is empty, and says nothing.
    async fn auditing(&mut self) -> Result<()> {
        let organization = self.connection.organization();
        let enabled = match self.connection.exchange(self.host).read_all(Cmdlet::new("Get-AdminAuditLogConfig")).await {
            Ok(rows) => is_recording(rows),
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(_) => None,
        };
        self.found.gaps.extend(match enabled {
            Some(true) => None,
            Some(false) => Some(format!(
                "Auditing is off in {organization}: since it was turned off, the service has recorded nothing \
                 (Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true turns it on)."
            )),
            None => Some(format!(
                "Whether auditing is on in {organization} could not be read (Get-AdminAuditLogConfig): the audit log \
                 may lack records."
            )),
        });
        Ok(())
    }

    /// Reads a window, in halves of halves where it must be. The earlier half comes first.
    async fn windows(&mut self, what: What, whole: Window, (at, of): (usize, usize)) -> Result<()> {
        let mut open = vec![whole];
        while let Some(window) = open.pop() {
            let done = (window.start - whole.start).as_seconds_f64() / (whole.end - whole.start).as_seconds_f64();
            self.progress(window, (at as f64 + done) / of as f64).await?;
            let session = self.persistent_session(what, window).await?;
            if let (Session::TooMuch, Some([earlier, later])) = (session, window.halves()) {
                open.extend([later, earlier]);
            }
        }
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 1 is a percentage")]
    async fn progress(&self, window: Window, share: f64) -> Result<()> {
        let (count, from) = (self.found.events.len(), minute(window.start).unwrap_or_default());
        self.host
            .progress(Progress {
                activity: format!("Reading the audit log of {}", self.connection.title()),
                status: format!("From {from} UTC; {count} records so far"),
                percent: Some((share * 100.0).clamp(0.0, 99.0) as u8),
            })
            .await
    }

    /// Reads a window; where that fails and the failure may pass, anew in another session: a block whose reply was lost
    /// does not come again in the same one. What comes twice is told once.
    async fn persistent_session(&mut self, what: What, window: Window) -> Result<Session> {
        let mut patience = self.connection.exchange(self.host).patience(CMDLET);
        loop {
            if let Some(patience) = &mut patience {
                patience.next_try();
            }
            match (self.session(what, window).await, &mut patience) {
                (Err(error), Some(patience)) => patience.after(error).await?,
                (ended, _) => return ended,
            }
        }
    }

    /// Reads a window in a session of its own, block after block.
    async fn session(&mut self, what: What, window: Window) -> Result<Session> {
        let cmdlet = window.search(what);
        let divisible = window.halves().is_some();
        let mut shown = Shown::default();
        loop {
            let mut pages = self.connection.exchange(self.host).read(cmdlet.clone());
            let before = shown.rows;
            while let Some(page) = pages.next().await? {
                for mut row in page {
                    shown.count(&mut row);
                    if shown.is_full() && divisible {
                        return Ok(Session::TooMuch);
                    }
                    self.found.take(row, self.wanted);
                }
            }
            if shown.rows == before || shown.is_all() || shown.is_full() && shown.rows >= LARGEST_SESSION {
                self.found.gaps.extend(shown.gap(window));
                return Ok(Session::Ended);
            }
        }
    }
}

/// What a session has shown so far.
#[derive(Debug, Default)]
struct Shown {
    rows: i64,
    /// What the service says there is.
    count: Option<i64>,
    indexes: HashSet<i64>,
    /// The service says that it did not finish: documented is an index of -1 for a search that ran out of time.
    unfinished: bool,
}

impl Shown {
    fn count(&mut self, row: &mut Row) {
        self.rows += 1;
        self.count = self.count.max(row.take_int("ResultCount"));
        match row.take_int("ResultIndex") {
            Some(index) if index < 0 => self.unfinished = true,
            Some(index) => _ = self.indexes.insert(index),
            None => {}
        }
    }

    fn is_full(&self) -> bool {
        self.rows.max(self.count.unwrap_or_default()) >= LARGEST_SESSION
    }

    fn distinct(&self) -> i64 {
        if self.indexes.is_empty() {
            return self.rows;
        }
        i64::try_from(self.indexes.len()).unwrap_or(i64::MAX)
    }

    fn is_all(&self) -> bool {
        self.count.is_some_and(|count| count > 0 && self.distinct() >= count)
    }

    /// Why the window may hold more than was shown.
    fn gap(&self, window: Window) -> Option<String> {
        let at = window.start;
        if self.is_full() {
            return Some(format!(
                "The audit log holds {LARGEST_SESSION} records or more of the second {at}, and shows no more than that."
            ));
        }
        let missing = self.rows > 0 && !self.is_all();
        (self.unfinished || missing).then(|| {
            format!(
                "The service showed {} of {} records that it found between {at} and {}: search a shorter time.",
                self.distinct(),
                self.count.map_or_else(|| "the".to_owned(), |count| count.to_string()),
                window.end
            )
        })
    }
}

impl Found {
    fn take(&mut self, mut row: Row, wanted: &(dyn Fn(&Key) -> bool + Sync)) {
        let identity = row.take_text("Identity");
        let read = match row.take("AuditData") {
            Value::Text(json) | Value::Json(json) => AuditEvent::read_audit_data(json.as_bytes()),
            _ => Err(Defect::NoAuditData),
        };
        let id = match &read {
            Ok(Some(event)) if !event.id.is_empty() => Some(event.id.clone()),
            _ => identity,
        };
        if id.is_some_and(|id| !self.ids.insert(id)) {
            return;
        }
        match read {
            Ok(event) => self.events.extend(event.filter(|event| wanted(&event.key))),
            Err(defect) => *self.unusable.entry(defect).or_default() += 1,
        }
    }
}

impl Window {
    /// The seconds that these moments lie in.
    fn around(start: OffsetDateTime, end: OffsetDateTime) -> Self {
        let second = |moment: OffsetDateTime| {
            let moment = moment.to_offset(UtcOffset::UTC);
            moment.replace_nanosecond(0).unwrap_or(moment)
        };
        Self { start: second(start), end: second(end).saturating_add(Duration::SECOND) }
    }

    /// Nothing for a single second: records have no finer times.
    fn halves(self) -> Option<[Self; 2]> {
        let middle = self.start + Duration::seconds((self.end - self.start).whole_seconds() / 2);
        let halves = [Self { end: middle, ..self }, Self { start: middle, ..self }];
        (middle > self.start).then_some(halves)
    }

    fn search(self, what: What) -> Cmdlet {
        let session = Uuid::new_v4().to_string();
        let cmdlet = Cmdlet::new(CMDLET)
            .with_moment("StartDate", self.start)
            .with_moment("EndDate", self.end)
            .with("SessionId", Some(&session))
            .with("SessionCommand", Some("ReturnLargeSet"))
            .with_value("ResultSize", LARGEST_BLOCK)
            .once();
        match what {
            What::Restrictions => cmdlet.with("RecordType", Some("HygieneEvent")),
            What::Unblocks => {
                let operations: Vec<_> = UNBLOCKS.iter().map(|(operation, _)| *operation).collect();
                cmdlet.with("RecordType", Some("ExchangeAdmin")).with_value("Operations", operations)
            }
        }
    }
}

/// Refuses a search that the organization's cloud does not offer.
///
/// # Errors
/// [`Code::AuditLogUnavailable`] in the cloud of 21Vianet.
pub(crate) fn must_be_searchable(connection: &Connection) -> Result<()> {
    if connection.cloud().name != "O365China" {
        return Ok(());
    }
    let organization = connection.organization();
    let message = format!("{organization} is in the cloud of 21Vianet, whose audit log cannot be searched.");
    Err(Error::new(Code::AuditLogUnavailable, message))
}

/// Whether anything is recorded, as `Get-AdminAuditLogConfig` of Exchange Online says it.
pub(crate) fn is_recording(config: Vec<Row>) -> Option<bool> {
    config.into_iter().find_map(|mut row| row.take_bool("UnifiedAuditLogIngestionEnabled"))
}

/// Roles to read the list are not enough to search the log, so the usual advice would not help.
pub(crate) fn explained(error: Error, connection: &Connection) -> Error {
    let organization = connection.organization();
    let error = match error.code() {
        Code::NoRole => {
            let message = format!(
                "This account or app may not search the audit log of {organization} ({CMDLET}): it has neither the role \
                 View-Only Audit Logs nor Audit Logs."
            );
            Error::new(Code::NoAuditRole, message).because_of(&error)
        }
        _ => error,
    };
    error.about(organization)
}

/// Adds all unblocks that the audit log still tells to `timeline`, whoever made them. Returns what they
/// cover: nothing where something may be missing. Records arrive up to a day late, so it ends a day before now, and
/// with it what [`History::unblocks`](super::timeline::History::unblocks) can count exactly.
///
/// # Errors
/// As [`Search::read`]; what was found until then is added.
pub async fn add_unblocks(connection: &Connection, timeline: &mut Timeline, host: &Host) -> Result<Option<Coverage>> {
    let now = connection.now();
    let from = now - RETENTION;
    let (found, read) = Search::of(connection, &|_| true, host).all(&[What::Unblocks], Window::around(from, now)).await;
    found.events.into_iter().for_each(|event| timeline.add(&Record::Audit(event)));
    read?;
    Ok(found.gaps.is_empty().then_some(Coverage { from, until: now - LATENESS }))
}
