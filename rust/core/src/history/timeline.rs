//! Audit log and journal put together: which listing, which unblock and which release belong to each other.
//!
//! Exports are as large as they like and in any order, so they are read twice: once to keep the little that is needed
//! of each record (its time and kind, not its texts), and once to hand each over with what belongs to it.

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use time::{Duration, OffsetDateTime};

use super::audit::{AuditEvent, Audited};
use super::journal::{Event, What};
use crate::error::Code;
use crate::reason::{BlockType, Reason};
use crate::restriction::Key;

/// A record of either source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The service's.
    Audit(AuditEvent),
    /// Ours.
    Journal(Event),
}

/// What happened, as either source tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happened {
    /// The audit log tells it.
    Audit(Audited),
    /// The journal tells it.
    Journal(What),
}

impl Happened {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit(Audited::Listed) => "Listed",
            Self::Audit(Audited::Delisted) => "Delisted",
            Self::Audit(Audited::Unblocked) => "Unblocked",
            Self::Journal(what) => what.name(),
        }
    }

    /// Where it is told, as the module shows it.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Self::Audit(_) => "AuditLog",
            Self::Journal(_) => "Journal",
        }
    }
}

/// A record with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// When.
    pub time: OffsetDateTime,
    /// What.
    pub happened: Happened,
    /// Which entity.
    pub key: Key,
    /// The service's reason, as it came; empty where the record has none.
    pub reason: String,
    /// The class of the reason, where there is one.
    pub block_type: Option<BlockType>,
    /// One line that says why, where there is a reason.
    pub summary: Option<String>,
    /// When the restriction began that this is about.
    pub listed_at: Option<OffsetDateTime>,
    /// When its unblock was asked for.
    pub requested_at: Option<OffsetDateTime>,
    /// Who asked for it. Nothing where the service released it by itself, or where nobody kept a record.
    pub unblocked_by: Option<String>,
    /// When it ended.
    pub released_at: Option<OffsetDateTime>,
    /// The comment of who unblocked.
    pub comment: Option<String>,
    /// The service's id of the request, or of the audit record.
    pub id: Option<String>,
    /// What went wrong: code and message.
    pub detail: Option<String>,
}

impl HistoryEvent {
    /// What the record tells by itself.
    fn of(record: Record) -> Self {
        let happened = record.happened();
        let mut event = Self {
            time: record.time(),
            happened,
            key: record.key().clone(),
            reason: String::new(),
            block_type: None,
            summary: None,
            listed_at: None,
            requested_at: None,
            unblocked_by: None,
            released_at: None,
            comment: None,
            id: None,
            detail: None,
        };
        match record {
            Record::Audit(audit) => {
                if happened == Happened::Audit(Audited::Listed) || !audit.reason.is_empty() {
                    let reason = Reason::parse(audit.reason.as_str());
                    event.block_type = Some(audit.key.block_type(&reason));
                    event.summary = Some(reason.summary());
                }
                event.reason = audit.reason;
                event.comment = audit.comment;
                event.id = Some(audit.id).filter(|id| !id.is_empty());
            }
            Record::Journal(ours) => {
                event.comment = ours.comment;
                event.id = ours.request_id;
                let overridden = ours.override_reason.map(|reason| format!("Evidence overridden: {reason}"));
                let before = ours.before.map(|before| format!("Before: {before}"));
                let parts = [ours.action, before, overridden, ours.error_code, ours.detail];
                let detail: Vec<_> = parts.into_iter().flatten().collect();
                event.detail = (!detail.is_empty()).then(|| detail.join(": "));
            }
        }
        event
    }

    /// From the unblock to the release.
    #[must_use]
    pub fn time_to_release(&self) -> Option<Duration> {
        Some(self.released_at? - self.requested_at?)
    }

    /// From the beginning of the restriction to its end.
    #[must_use]
    pub fn restricted_for(&self) -> Option<Duration> {
        Some(self.released_at? - self.listed_at?)
    }
}

impl Record {
    /// Which entity it is about.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Audit(event) => &event.key,
            Self::Journal(event) => &event.key,
        }
    }

    /// When it happened.
    #[must_use]
    pub fn time(&self) -> OffsetDateTime {
        match self {
            Self::Audit(event) => event.time,
            Self::Journal(event) => event.time,
        }
    }

    fn happened(&self) -> Happened {
        match self {
            Self::Audit(event) => Happened::Audit(event.what),
            Self::Journal(event) => Happened::Journal(event.what),
        }
    }

    /// Who did it, as far as the record tells.
    fn person(&self) -> Option<String> {
        match self {
            Self::Audit(event) => event.account.clone(),
            Self::Journal(event) => {
                Some(format!("{} ({} on {})", event.account, event.place.user, event.place.machine))
            }
        }
    }

    /// Tells records of the same time and kind apart, and is the same for the same record in another file.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Audit(event) => event.id.hash(&mut hasher),
            Self::Journal(event) => {
                (&event.place.machine, event.place.process, &event.comment, &event.request_id, &event.detail)
                    .hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn failure(&self) -> Option<Failure> {
        match self {
            Self::Journal(Event { what: What::Failed, error_code, .. }) => {
                let code = error_code.as_deref();
                Some(if code == Some(&Code::UnblockLimitReached.id()) {
                    Failure::LimitReached
                } else if code == Some(&Code::OutcomeUnknown.id()) {
                    Failure::Unknown
                } else {
                    Failure::Other
                })
            }
            _ => None,
        }
    }
}

/// How an unblock failed, as far as it matters for what belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The service unblocks this entity no more.
    LimitReached,
    /// It may have taken effect.
    Unknown,
    /// Nothing was changed.
    Other,
}

/// What is kept of a record.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub time: OffsetDateTime,
    pub happened: Happened,
    pub failure: Option<Failure>,
    fingerprint: u64,
    person: Option<u32>,
    episode: u32,
    told: bool,
}

impl Moment {
    fn order(&self) -> Order {
        order(self.time, self.happened, self.fingerprint)
    }
}

/// The order in which things happened, which also tells records apart.
type Order = (OffsetDateTime, u8, u64);

/// Of what happened in the same second, an unblock goes before the release.
fn order(time: OffsetDateTime, happened: Happened, fingerprint: u64) -> Order {
    let rank = match happened {
        Happened::Audit(Audited::Listed) => 0,
        Happened::Journal(What::Returned) => 1,
        Happened::Journal(What::Requested) => 2,
        Happened::Audit(Audited::Unblocked) => 3,
        Happened::Journal(What::Answered) => 4,
        Happened::Journal(What::Failed | What::ActionRequested | What::ActionTaken | What::ActionFailed) => 5,
        Happened::Audit(Audited::Delisted) => 6,
        Happened::Journal(What::Released) => 7,
        Happened::Journal(What::Proven) => 8,
    };
    (time, rank, fingerprint)
}

/// What is known of one entity.
#[derive(Debug)]
pub(super) struct Entity {
    pub key: Key,
    pub moments: Vec<Moment>,
    pub episodes: Vec<Episode>,
    /// The reason of the last listing, and when that was.
    pub last_reason: Option<(OffsetDateTime, String)>,
    /// When the journal saw the service take the last unblock, and the service's id of that request.
    pub last_answer: Option<(OffsetDateTime, Option<String>)>,
}

/// A restriction from its beginning to its end, as far as either is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Episode {
    pub listed: Option<OffsetDateTime>,
    pub requested: Option<OffsetDateTime>,
    pub released: Option<OffsetDateTime>,
    /// The unblock was taken, so that a later one that fails does not undo it.
    answered: bool,
    /// The journal saw that it began, which is later than the service knew it.
    seen_by_journal: bool,
    person: Option<u32>,
}

/// The records so far, in any order.
#[derive(Debug, Default)]
pub struct Timeline {
    entities: HashMap<String, Entity>,
    people: Vec<String>,
    numbers: HashMap<String, u32>,
}

/// All records in their order.
#[derive(Debug)]
pub struct History {
    pub(super) entities: HashMap<String, Entity>,
    /// Whether the audit log is seen to tell of unblocks, which is not certain (see `audit::UNBLOCKS`).
    pub(super) tells_unblocks: bool,
    people: Vec<String>,
}

/// A listing that the journal noticed and one that the audit log tells are the same when they are so close.
const SAME_LISTING: Duration = Duration::hours(1);

impl Timeline {
    /// Without any record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of a record; the same record may come several times.
    pub fn add(&mut self, record: &Record) {
        // What secures an account neither begins nor ends a restriction.
        if matches!(record, Record::Journal(event) if event.what.is_action()) {
            return;
        }
        let person = record.person().map(|person| self.number(person));
        let entity = self.entities.entry(record.key().folded()).or_insert_with(|| Entity {
            key: record.key().clone(),
            moments: Vec::new(),
            episodes: Vec::new(),
            last_reason: None,
            last_answer: None,
        });
        entity.moments.push(Moment {
            time: record.time(),
            happened: record.happened(),
            failure: record.failure(),
            fingerprint: record.fingerprint(),
            person,
            episode: 0,
            told: false,
        });
        if let Record::Audit(AuditEvent { what: Audited::Listed, time, reason, .. }) = record {
            if entity.last_reason.as_ref().is_none_or(|(last, _)| last < time) {
                entity.last_reason = Some((*time, reason.clone()));
            }
        }
        if let Record::Journal(Event { what: What::Answered, time, request_id, .. }) = record {
            if entity.last_answer.as_ref().is_none_or(|(last, _)| last < time) {
                entity.last_answer = Some((*time, request_id.clone()));
            }
        }
    }

    /// People are few, and records many.
    fn number(&mut self, person: String) -> u32 {
        let next = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        match self.numbers.entry(person) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.people.push(new.key().clone());
                *new.insert(next)
            }
        }
    }

    /// Puts together what belongs together.
    #[must_use]
    pub fn finish(mut self) -> History {
        for entity in self.entities.values_mut() {
            entity.moments.sort_unstable_by_key(Moment::order);
            entity.moments.dedup_by_key(|moment| moment.order());
            entity.moments.shrink_to_fit();
            entity.put_together();
        }
        let unblocked = |moment: &Moment| moment.happened == Happened::Audit(Audited::Unblocked);
        let tells_unblocks = self.entities.values().any(|entity| entity.moments.iter().any(unblocked));
        History { entities: self.entities, tells_unblocks, people: self.people }
    }
}

impl Entity {
    fn put_together(&mut self) {
        for moment in &mut self.moments {
            let open = self.episodes.last().filter(|episode| episode.takes(moment)).is_some();
            if !open {
                self.episodes.push(Episode::default());
            }
            if let Some(episode) = self.episodes.last_mut() {
                episode.add(moment);
            }
            moment.episode = u32::try_from(self.episodes.len() - 1).unwrap_or(u32::MAX);
        }
    }
}

impl Episode {
    /// Whether what happened next belongs to this restriction, or to another one.
    fn takes(&self, next: &Moment) -> bool {
        match next.happened {
            // Each listing that the service tells is one of its own: a release in between may have gone untold.
            Happened::Audit(Audited::Listed) => {
                self.released.is_none()
                    && self.seen_by_journal
                    && self.listed.is_some_and(|listed| next.time - listed <= SAME_LISTING)
            }
            Happened::Journal(What::Returned) => self.released.is_none() && self.listed.is_some(),
            Happened::Audit(Audited::Unblocked) | Happened::Journal(What::Requested) => self.released.is_none(),
            // What is noticed or told later belongs to what is there.
            Happened::Journal(_) | Happened::Audit(Audited::Delisted) => true,
        }
    }

    fn add(&mut self, moment: &Moment) {
        match moment.happened {
            Happened::Audit(Audited::Listed) => {
                self.listed.get_or_insert(moment.time);
            }
            Happened::Journal(What::Returned) => {
                self.seen_by_journal |= self.listed.is_none();
                self.listed.get_or_insert(moment.time);
            }
            Happened::Audit(Audited::Unblocked) => {
                self.request(moment);
                self.answered = true;
            }
            Happened::Journal(What::Requested) => self.request(moment),
            Happened::Journal(What::Answered) => {
                if self.released.is_none() {
                    self.request(moment);
                }
                self.answered = true;
            }
            Happened::Journal(What::Failed) => {
                if !self.answered && self.released.is_none() && moment.failure != Some(Failure::Unknown) {
                    (self.requested, self.person) = (None, None);
                }
            }
            Happened::Audit(Audited::Delisted) | Happened::Journal(What::Released | What::Proven) => {
                self.released.get_or_insert(moment.time);
            }
            Happened::Journal(What::ActionRequested | What::ActionTaken | What::ActionFailed) => {}
        }
    }

    /// The first request counts: what follows it is impatience.
    fn request(&mut self, moment: &Moment) {
        if self.requested.is_none() {
            (self.requested, self.person) = (Some(moment.time), moment.person);
        }
    }
}

/// A restriction of one entity, as far as its beginning, its unblock and its end are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restricted {
    /// When it began.
    pub listed: Option<OffsetDateTime>,
    /// When its unblock was asked for.
    pub requested: Option<OffsetDateTime>,
    /// Who asked for it.
    pub unblocked_by: Option<String>,
    /// When it ended.
    pub released: Option<OffsetDateTime>,
}

impl History {
    /// The restrictions of an entity, in the order of time.
    #[must_use]
    pub fn restrictions(&self, key: &Key) -> Vec<Restricted> {
        let episodes = self.entities.get(&key.folded()).map(|entity| entity.episodes.as_slice()).unwrap_or_default();
        let told = |episode: &Episode| Restricted {
            listed: episode.listed,
            requested: episode.requested,
            unblocked_by: episode.person.and_then(|person| self.people.get(person as usize)).cloned(),
            released: episode.released,
        };
        episodes.iter().map(told).collect()
    }

    /// Whether no record tells of anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// The record with what belongs to it; nothing where the same record was handed over before.
    pub fn tell(&mut self, record: Record) -> Option<HistoryEvent> {
        let order = order(record.time(), record.happened(), record.fingerprint());
        let mut event = HistoryEvent::of(record);
        let Some(entity) = self.entities.get_mut(&event.key.folded()) else { return Some(event) };
        let Ok(at) = entity.moments.binary_search_by_key(&order, Moment::order) else { return Some(event) };
        let moment = &mut entity.moments[at];
        if std::mem::replace(&mut moment.told, true) {
            return None;
        }
        if let Some(episode) = entity.episodes.get(moment.episode as usize) {
            event.listed_at = episode.listed;
            event.requested_at = episode.requested;
            event.released_at = episode.released;
            event.unblocked_by = episode.person.and_then(|person| self.people.get(person as usize)).cloned();
        }
        Some(event)
    }
}
