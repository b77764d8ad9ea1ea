//! The list of restricted entities and what happens to it: restricting, unblocking, leaving. Pure: takes the time as
//! an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long an unblocked mailbox stays listed. Documented is only "usually within 1 hour" (older texts: 30 minutes).
pub(crate) const MAILBOX_RELEASE_DELAY: Duration = Duration::minutes(30);

/// How long an unblocked connector stays listed. Documented is only "up to 1 hour".
pub(crate) const CONNECTOR_RELEASE_DELAY: Duration = Duration::minutes(45);

/// How often one entity can be unblocked (?): that there is a limit is documented, the number is not.
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
    Sender { address: String, temporary: bool },
    Connector { id: Uuid, name: String, expires: Option<OffsetDateTime> },
}

impl Subject {
    pub(crate) fn entity(&self) -> Entity {
        match self {
            Self::Sender { address, .. } => Entity::sender(address),
            Self::Connector { id, .. } => Entity::Connector(*id),
        }
    }

    /// When the restriction ends by itself.
    fn expires(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Sender { .. } => None,
            Self::Connector { expires, .. } => *expires,
        }
    }

    fn release_delay(&self) -> Duration {
        match self {
            Self::Sender { .. } => MAILBOX_RELEASE_DELAY,
            Self::Connector { .. } => CONNECTOR_RELEASE_DELAY,
        }
    }
}

/// What unblocking did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Release {
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

/// All restricted entities of the tenant, in the order they came. Each has a number that is never used again, so that
/// pages keep their place while entries come and go.
#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    entries: BTreeMap<u64, Restriction>,
    numbers: HashMap<Entity, u64>,
    /// When entries leave, earliest first. An entry may stand here more than once, or no longer exist.
    leaving: BTreeSet<(OffsetDateTime, u64)>,
    unblocks: HashMap<Entity, u32>,
    /// The entries that somebody has unblocked and that have not left yet.
    unblocked: BTreeSet<u64>,
    last_number: u64,
}

impl Restrictions {
    /// Restricts an entity.
    pub(crate) fn restrict(&mut self, restriction: Restriction, now: OffsetDateTime) -> Result<(), NotRestricted> {
        self.release(now);
        let entity = restriction.subject.entity();
        if self.numbers.contains_key(&entity) {
            return Err(NotRestricted::AlreadyListed);
        }
        if self.entries.len() >= MOST_ENTRIES {
            return Err(NotRestricted::ListFull);
        }
        self.last_number += 1;
        self.numbers.insert(entity, self.last_number);
        self.leaving.extend(restriction.subject.expires().map(|end| (end, self.last_number)));
        self.entries.insert(self.last_number, restriction);
        Ok(())
    }

    /// Starts the release of an entity. Asking again while it is leaving succeeds and counts, but does not start the
    /// delay again.
    pub(crate) fn unblock(&mut self, entity: &Entity, now: OffsetDateTime) -> Result<Release, NotUnblocked> {
        self.release(now);
        let (number, restriction) = self.get(entity).ok_or(NotUnblocked::NotListed)?;
        let delay = restriction.subject.release_delay();
        let unblocks = self.unblocks.entry(entity.clone()).or_default();
        if *unblocks >= UNBLOCK_BUDGET {
            return Err(NotUnblocked::BudgetExceeded);
        }
        *unblocks += 1;
        self.leaving.insert((now.saturating_add(delay), number));
        Ok(if self.unblocked.insert(number) { Release::Started } else { Release::UnderWay })
    }

    /// As if the entity had been unblocked as often as it can be.
    pub(crate) fn use_up_budget(&mut self, entity: Entity) {
        self.unblocks.insert(entity, UNBLOCK_BUDGET);
    }

    /// Takes an entity off the list at once, as if another admin had unblocked it long ago.
    pub(crate) fn remove(&mut self, entity: &Entity) -> Result<(), NotUnblocked> {
        let number = self.numbers.remove(entity).ok_or(NotUnblocked::NotListed)?;
        self.entries.remove(&number);
        self.unblocked.remove(&number);
        Ok(())
    }

    /// The entries listed now, with their numbers, oldest entry first.
    pub(crate) fn list(&mut self, now: OffsetDateTime) -> impl Iterator<Item = (u64, &Restriction)> {
        self.release(now);
        self.entries.iter().map(|(number, restriction)| (*number, restriction))
    }

    /// The entry of one entity, if it is listed now.
    pub(crate) fn find(&mut self, entity: &Entity, now: OffsetDateTime) -> Option<(u64, &Restriction)> {
        self.release(now);
        self.get(entity)
    }

    fn get(&self, entity: &Entity) -> Option<(u64, &Restriction)> {
        let number = *self.numbers.get(entity)?;
        Some((number, self.entries.get(&number)?))
    }

    /// Takes off the list whose time has come.
    fn release(&mut self, now: OffsetDateTime) {
        while let Some((_, number)) = self.leaving.first().copied().filter(|(due, _)| *due <= now) {
            self.leaving.pop_first();
            self.unblocked.remove(&number);
            if let Some(gone) = self.entries.remove(&number) {
                self.numbers.remove(&gone.subject.entity());
            }
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
        Subject::Sender { address: "Ann@contoso.com".into(), temporary: false }
    }

    fn connector() -> Subject {
        Subject::Connector { id: Uuid::nil(), name: "Relay".into(), expires: None }
    }

    #[test]
    fn leaves_after_its_own_delay_and_not_before() {
        for (subject, delay) in [(sender(), MAILBOX_RELEASE_DELAY), (connector(), CONNECTOR_RELEASE_DELAY)] {
            let (mut list, entity) = listed(subject);
            list.unblock(&entity, START).unwrap();
            assert!(list.find(&entity, START + delay - Duration::NANOSECOND).is_some());
            assert!(list.find(&entity, START + delay).is_none());
            assert_eq!(list.list(START + delay).count(), 0);
        }
    }

    #[test]
    fn a_second_unblock_does_not_start_the_delay_again() {
        let (mut list, entity) = listed(sender());
        assert_eq!(list.unblock(&entity, START), Ok(Release::Started));
        assert_eq!(list.unblock(&entity, START + Duration::minutes(20)), Ok(Release::UnderWay));
        assert!(list.find(&entity, START + MAILBOX_RELEASE_DELAY).is_none());
        assert!(list.unblocked.is_empty(), "what has left is forgotten");

        let (mut list, entity) = listed(sender());
        list.unblock(&entity, START).unwrap();
        list.remove(&entity).unwrap();
        assert!(list.unblocked.is_empty());
    }

    #[test]
    fn a_restriction_with_an_end_ends_unless_unblocked_earlier() {
        let end = START + Duration::DAY;
        let subject = Subject::Connector { id: Uuid::nil(), name: "Relay".into(), expires: Some(end) };
        let (mut list, entity) = listed(subject.clone());
        assert!(list.find(&entity, end - Duration::SECOND).is_some());
        assert!(list.find(&entity, end).is_none());

        let (mut list, entity) = listed(subject);
        list.unblock(&entity, START).unwrap();
        assert!(list.find(&entity, START + CONNECTOR_RELEASE_DELAY).is_none());
    }

    #[test]
    fn the_budget_counts_every_unblock_and_outlives_the_entry() {
        let (mut list, entity) = listed(sender());
        for _ in 0..UNBLOCK_BUDGET {
            assert!(list.unblock(&entity, START).is_ok());
        }
        assert_eq!(list.unblock(&entity, START), Err(NotUnblocked::BudgetExceeded));

        let later = START + Duration::DAY;
        assert_eq!(list.unblock(&entity, later), Err(NotUnblocked::NotListed));
        let again = Restriction { subject: sender(), reason: "again".into(), created: later, changed: later };
        list.restrict(again, later).unwrap();
        assert_eq!(list.unblock(&entity, later), Err(NotUnblocked::BudgetExceeded));
    }

    #[test]
    fn addresses_are_compared_without_case() {
        let (mut list, _) = listed(sender());
        assert!(list.find(&Entity::sender("ANN@CONTOSO.COM"), START).is_some());
        let same = Restriction {
            subject: Subject::Sender { address: "ann@Contoso.com".into(), temporary: true },
            reason: String::new(),
            created: START,
            changed: START,
        };
        assert_eq!(list.restrict(same, START), Err(NotRestricted::AlreadyListed));
    }

    #[test]
    fn numbers_are_never_used_again() {
        let (mut list, entity) = listed(sender());
        list.remove(&entity).unwrap();
        assert_eq!(list.remove(&entity), Err(NotUnblocked::NotListed));
        let again = Restriction { subject: sender(), reason: String::new(), created: START, changed: START };
        list.restrict(again, START).unwrap();
        assert_eq!(list.list(START).map(|(number, _)| number).collect::<Vec<_>>(), [2]);
    }
}
