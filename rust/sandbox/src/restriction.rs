//! The list of restricted entities and what happens to it: restricting, unblocking, leaving, coming back. It keeps the
//! audit log of that. Pure: takes the time as an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::audit::{AuditLog, Event};
use crate::release::{Leaving, Release, CONNECTOR_RELEASE_DELAY, MAILBOX_RELEASE_DELAY};

/// How often one entity can be unblocked, unless the settings say otherwise (?): that there is a limit is documented, the number is not.
pub(crate) const UNBLOCK_BUDGET: u32 = 3;

/// How many entries the list can hold, so that the control plane cannot fill the memory.
const MOST_ENTRIES: usize = 100_000;

/// What an entry is about; also the key of the list. Addresses are compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entity {
    /// In lower case; made by [`Entity::sender`].
    Sender(String),
    Connector(Uuid),
}

impl Entity {
    pub(crate) fn sender(address: &str) -> Self {
        Self::Sender(address.to_lowercase())
    }
}

/// One restricted entity, as listed.
#[derive(Clone, Debug)]
pub(crate) struct Restriction {
    pub(crate) subject: Subject,
    pub(crate) reason: String,
    pub(crate) created: OffsetDateTime,
    pub(crate) changed: OffsetDateTime,
}

/// Who is restricted, in the spelling the service shows.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Sender { address: String, temporary: bool, expires: Option<OffsetDateTime> },
    Connector { id: Uuid, name: String, expires: Option<OffsetDateTime> },
}

impl Subject {
    pub(crate) fn entity(&self) -> Entity {
        match self {
            Self::Sender { address, .. } => Entity::sender(address),
            Self::Connector { id, .. } => Entity::Connector(*id),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Sender { .. } => Kind::Sender,
            Self::Connector { .. } => Kind::Connector,
        }
    }

    /// How the audit log names it. That connectors stand there by their identifier is an assumption (?).
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sender { address, .. } => address.clone(),
            Self::Connector { id, .. } => id.to_string(),
        }
    }

    /// When the restriction ends by itself.
    fn expires(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Sender { expires, .. } | Self::Connector { expires, .. } => *expires,
        }
    }

    fn usual_delay(&self) -> Duration {
        match self {
            Self::Sender { .. } => MAILBOX_RELEASE_DELAY,
            Self::Connector { .. } => CONNECTOR_RELEASE_DELAY,
        }
    }
}

/// What unblocking did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unblocked {
    /// The entity leaves after its delay.
    Started,
    /// It was on its way already.
    UnderWay,
}

/// Why an entity was not unblocked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotUnblocked {
    NotListed,
    BudgetExceeded,
}

/// Why an entity was not restricted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotRestricted {
    AlreadyListed,
    ListFull,
}

/// So much has been set up for single entities that no more can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListFull;

/// Which of the two lists an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sender,
    Connector,
}

/// How a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    First,
    /// A further page of an answer that has begun.
    Further,
}

/// All restricted entities of the tenant, in the order they came. Each has a number that is never used again, so that
/// pages keep their place while entries come and go.
#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    entries: BTreeMap<u64, Restriction>,
    numbers: HashMap<Entity, u64>,
    /// When entries leave, earliest first. An entry may stand here more than once, or no longer exist.
    due: BTreeSet<(OffsetDateTime, u64)>,
    /// Those that have left and when they come back, earliest first; by the number they had.
    returning: BTreeMap<(OffsetDateTime, u64), Restriction>,
    /// How releases of some entities go that do not go as usual.
    planned: HashMap<Entity, Release>,
    unblocks: HashMap<Entity, u32>,
    /// When those who were last taken off left.
    released: HashMap<Entity, OffsetDateTime>,
    /// The entries that somebody has unblocked and that have not left yet.
    leaving: BTreeMap<u64, Leaving>,
    last_number: u64,
    audit: AuditLog,
}

impl Restrictions {
    /// An empty list whose audit log takes its identifiers from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { audit: AuditLog::new(seed), ..Self::default() }
    }

    /// Restricts an entity.
    pub(crate) fn restrict(&mut self, restriction: Restriction, now: OffsetDateTime) -> Result<(), NotRestricted> {
        self.pass_time(now);
        self.enter(restriction)
    }

    fn enter(&mut self, restriction: Restriction) -> Result<(), NotRestricted> {
        let entity = restriction.subject.entity();
        if self.numbers.contains_key(&entity) {
            return Err(NotRestricted::AlreadyListed);
        }
        if self.entries.len() >= MOST_ENTRIES {
            return Err(NotRestricted::ListFull);
        }
        self.last_number += 1;
        self.numbers.insert(entity, self.last_number);
        self.due.extend(restriction.subject.expires().map(|end| (end, self.last_number)));
        self.audit.hygiene(restriction.created, Event::Listed, restriction.subject.name(), &restriction.reason);
        self.entries.insert(self.last_number, restriction);
        Ok(())
    }

    /// Starts the release of an entity that has been unblocked fewer than `budget` times. Asking again while it is
    /// leaving succeeds and counts, but does not start the delay again.
    pub(crate) fn unblock(
        &mut self,
        entity: &Entity,
        budget: u32,
        now: OffsetDateTime,
    ) -> Result<Unblocked, NotUnblocked> {
        self.pass_time(now);
        let (number, restriction) = self.get(entity).ok_or(NotUnblocked::NotListed)?;
        let release = self.planned.get(entity).copied().unwrap_or_default();
        let delay = release.after.unwrap_or(restriction.subject.usual_delay());
        let unblocks = self.unblocks.entry(entity.clone()).or_default();
        if *unblocks >= budget {
            return Err(NotUnblocked::BudgetExceeded);
        }
        *unblocks += 1;
        if self.leaving.contains_key(&number) {
            return Ok(Unblocked::UnderWay);
        }
        self.leaving.insert(number, Leaving::new(release));
        self.due.insert((now.saturating_add(delay), number));
        Ok(Unblocked::Started)
    }

    /// Decides how the releases of an entity go that begin from now on.
    pub(crate) fn plan(&mut self, entity: Entity, release: Release) -> Result<(), ListFull> {
        if self.planned.len() >= MOST_ENTRIES && !self.planned.contains_key(&entity) {
            return Err(ListFull);
        }
        self.planned.insert(entity, release);
        Ok(())
    }

    /// Lets the releases of an entity go as usual again; whether they did not.
    pub(crate) fn forget_plan(&mut self, entity: &Entity) -> bool {
        self.planned.remove(entity).is_some()
    }

    /// As if the entity had been unblocked this often.
    pub(crate) fn count_unblocks(&mut self, entity: Entity, count: u32) -> Result<(), ListFull> {
        if self.unblocks.len() >= MOST_ENTRIES && !self.unblocks.contains_key(&entity) {
            return Err(ListFull);
        }
        self.unblocks.insert(entity, count);
        Ok(())
    }

    /// Takes an entity off the list at once, as if another admin had unblocked it long ago.
    pub(crate) fn remove(&mut self, entity: &Entity, now: OffsetDateTime) -> Result<(), NotUnblocked> {
        self.pass_time(now);
        let (number, _) = self.get(entity).ok_or(NotUnblocked::NotListed)?;
        self.leaving.insert(number, Leaving::new(Release::default()));
        self.leave(number, now);
        Ok(())
    }

    /// All entries listed now, with their numbers, oldest entry first. Looking on is not a read.
    pub(crate) fn list(&mut self, now: OffsetDateTime) -> impl Iterator<Item = (u64, &Restriction)> {
        self.pass_time(now);
        self.entries.iter().map(|(number, restriction)| (*number, restriction))
    }

    /// The entries that a reader of the list of one kind sees now, with their numbers, oldest entry first.
    pub(crate) fn read(
        &mut self,
        kind: Kind,
        reading: Reading,
        now: OffsetDateTime,
    ) -> impl Iterator<Item = (u64, &Restriction)> {
        self.pass_time(now);
        let entries = &self.entries;
        let is_read = move |number: &u64| entries.get(number).is_some_and(|entry| entry.subject.kind() == kind);
        let leaving = self.leaving.iter_mut().filter(|(number, _)| is_read(number));
        let missed: BTreeSet<u64> =
            leaving.filter_map(|(number, leaving)| reading.misses(leaving).then_some(*number)).collect();
        let read = entries.iter().filter(move |(number, _)| is_read(number) && !missed.contains(number));
        read.map(|(number, restriction)| (*number, restriction))
    }

    /// The entry of one entity, if somebody who asks for it sees it now.
    pub(crate) fn find(
        &mut self,
        entity: &Entity,
        reading: Reading,
        now: OffsetDateTime,
    ) -> Option<(u64, &Restriction)> {
        self.pass_time(now);
        let number = *self.numbers.get(entity)?;
        if self.leaving.get_mut(&number).is_some_and(|leaving| reading.misses(leaving)) {
            return None;
        }
        self.get(entity)
    }

    /// Whether an entity is restricted, however reads waver about it.
    pub(crate) fn holds(&mut self, entity: &Entity, now: OffsetDateTime) -> bool {
        self.pass_time(now);
        self.numbers.contains_key(entity)
    }

    /// When the entity last left the list because somebody had taken it off, and not by itself.
    pub(crate) fn released(&self, entity: &Entity) -> Option<OffsetDateTime> {
        self.released.get(entity).copied()
    }

    /// The audit log with everything in it that has happened by now.
    pub(crate) fn audit(&mut self, now: OffsetDateTime) -> &mut AuditLog {
        self.pass_time(now);
        &mut self.audit
    }

    fn get(&self, entity: &Entity) -> Option<(u64, &Restriction)> {
        let number = *self.numbers.get(entity)?;
        Some((number, self.entries.get(&number)?))
    }

    /// Lets everybody leave and come back whose time has come, in the order of their times.
    fn pass_time(&mut self, now: OffsetDateTime) {
        loop {
            let leaves = self.due.first().copied().filter(|(time, _)| *time <= now);
            let returns = self.returning.keys().next().copied().filter(|(time, _)| *time <= now);
            match (leaves, returns) {
                (None, None) => return,
                (Some(next), returns) if returns.is_none_or(|earliest| next <= earliest) => {
                    self.due.pop_first();
                    self.leave(next.1, next.0);
                }
                _ => self.come_back(),
            }
        }
    }

    /// Takes an entry off the list, if it still stands there.
    fn leave(&mut self, number: u64, at: OffsetDateTime) {
        let leaving = self.leaving.remove(&number);
        let Some(gone) = self.entries.remove(&number) else { return };
        let entity = gone.subject.entity();
        self.numbers.remove(&entity);
        if leaving.is_some() {
            self.remember_release(entity, at);
        }
        self.audit.hygiene(at, Event::Delisted, gone.subject.name(), &gone.reason);
        if let Some(after) = leaving.and_then(|leaving| leaving.release.returns_after) {
            let back = at.saturating_add(after);
            self.returning.insert((back, number), Restriction { created: back, changed: back, ..gone });
        }
    }

    /// It matters on the day, so older ones make room.
    fn remember_release(&mut self, entity: Entity, at: OffsetDateTime) {
        if self.released.len() >= MOST_ENTRIES {
            self.released.retain(|_, left| at - *left < Duration::DAY);
        }
        if self.released.len() < MOST_ENTRIES {
            self.released.insert(entity, at);
        }
    }

    fn come_back(&mut self) {
        if let Some((_, restriction)) = self.returning.pop_first() {
            // Somebody else may have restricted it meanwhile; then there is nothing left to do.
            let _ = self.enter(restriction);
        }
    }
}

impl Reading {
    fn misses(self, leaving: &mut Leaving) -> bool {
        match self {
            Self::First => leaving.miss(),
            Self::Further => leaving.is_missed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn listed(subject: Subject) -> (Restrictions, Entity) {
        let entity = subject.entity();
        let mut restrictions = Restrictions::default();
        let restriction = Restriction { subject, reason: "test".into(), created: START, changed: START };
        restrictions.restrict(restriction, START).unwrap();
        (restrictions, entity)
    }

    fn sender() -> Subject {
        Subject::Sender { address: "Ann@contoso.com".into(), temporary: false, expires: None }
    }

    fn connector() -> Subject {
        Subject::Connector { id: Uuid::nil(), name: "Relay".into(), expires: None }
    }

    #[test]
    fn leaves_after_its_own_delay_and_not_before() {
        for (subject, delay) in [(sender(), MAILBOX_RELEASE_DELAY), (connector(), CONNECTOR_RELEASE_DELAY)] {
            let (mut list, entity) = listed(subject);
            list.unblock(&entity, UNBLOCK_BUDGET, START).unwrap();
            assert!(list.find(&entity, Reading::First, START + delay - Duration::NANOSECOND).is_some());
            assert!(list.find(&entity, Reading::First, START + delay).is_none());
            assert_eq!(list.list(START + delay).count(), 0);
        }
    }

    #[test]
    fn a_second_unblock_does_not_start_the_delay_again() {
        let (mut list, entity) = listed(sender());
        assert_eq!(list.unblock(&entity, UNBLOCK_BUDGET, START), Ok(Unblocked::Started));
        assert_eq!(list.unblock(&entity, UNBLOCK_BUDGET, START + Duration::minutes(20)), Ok(Unblocked::UnderWay));
        assert!(list.find(&entity, Reading::First, START + MAILBOX_RELEASE_DELAY).is_none());
        assert!(list.leaving.is_empty(), "what has left is forgotten");

        let (mut list, entity) = listed(sender());
        list.unblock(&entity, UNBLOCK_BUDGET, START).unwrap();
        list.remove(&entity, START).unwrap();
        assert!(list.leaving.is_empty());
    }

    #[test]
    fn a_restriction_with_an_end_ends_unless_unblocked_earlier() {
        let end = START + Duration::DAY;
        let subject = Subject::Connector { id: Uuid::nil(), name: "Relay".into(), expires: Some(end) };
        let (mut list, entity) = listed(subject.clone());
        assert!(list.find(&entity, Reading::First, end - Duration::SECOND).is_some());
        assert!(list.find(&entity, Reading::First, end).is_none());

        let (mut list, entity) = listed(subject);
        list.unblock(&entity, UNBLOCK_BUDGET, START).unwrap();
        assert!(list.find(&entity, Reading::First, START + CONNECTOR_RELEASE_DELAY).is_none());
    }

    #[test]
    fn only_whom_somebody_has_taken_off_counts_as_released() {
        let end = START + Duration::HOUR;
        let subject = Subject::Sender { address: "ann@contoso.com".into(), temporary: true, expires: Some(end) };
        let (mut list, entity) = listed(subject.clone());
        assert!(list.holds(&entity, end - Duration::SECOND) && !list.holds(&entity, end));
        assert_eq!(list.released(&entity), None);

        let (mut list, entity) = listed(subject);
        list.unblock(&entity, UNBLOCK_BUDGET, START).unwrap();
        assert!(!list.holds(&entity, end));
        assert_eq!(list.released(&entity), Some(START + MAILBOX_RELEASE_DELAY));

        let (mut list, entity) = listed(sender());
        list.remove(&entity, START).unwrap();
        assert_eq!(list.released(&entity), Some(START));
    }

    #[test]
    fn the_budget_counts_every_unblock_and_outlives_the_entry() {
        let (mut list, entity) = listed(sender());
        for _ in 0..UNBLOCK_BUDGET {
            assert!(list.unblock(&entity, UNBLOCK_BUDGET, START).is_ok());
        }
        assert_eq!(list.unblock(&entity, UNBLOCK_BUDGET, START), Err(NotUnblocked::BudgetExceeded));

        let later = START + Duration::DAY;
        assert_eq!(list.unblock(&entity, UNBLOCK_BUDGET, later), Err(NotUnblocked::NotListed));
        let again = Restriction { subject: sender(), reason: "again".into(), created: later, changed: later };
        list.restrict(again, later).unwrap();
        assert_eq!(list.unblock(&entity, UNBLOCK_BUDGET, later), Err(NotUnblocked::BudgetExceeded));
    }

    #[test]
    fn addresses_are_compared_without_case() {
        let (mut list, _) = listed(sender());
        assert!(list.find(&Entity::sender("ANN@CONTOSO.COM"), Reading::First, START).is_some());
        let same = Restriction {
            subject: Subject::Sender { address: "ann@Contoso.com".into(), temporary: true, expires: None },
            reason: String::new(),
            created: START,
            changed: START,
        };
        assert_eq!(list.restrict(same, START), Err(NotRestricted::AlreadyListed));
    }

    #[test]
    fn numbers_are_never_used_again() {
        let (mut list, entity) = listed(sender());
        list.remove(&entity, START).unwrap();
        assert_eq!(list.remove(&entity, START), Err(NotUnblocked::NotListed));
        let again = Restriction { subject: sender(), reason: String::new(), created: START, changed: START };
        list.restrict(again, START).unwrap();
        assert_eq!(list.list(START).map(|(number, _)| number).collect::<Vec<_>>(), [2]);
    }
}
