//! What happened at Contoso in the months before the tenant opens, as far as the audit log knows.

use rand::Rng;
use time::{Duration, OffsetDateTime, UtcOffset};

use super::{Teller, Why, IPV4, IPV6, SPAM};
use crate::audit::{Actor, Event};
use crate::release::{CONNECTOR_RELEASE_DELAY, MAILBOX_RELEASE_DELAY};
use crate::restriction::{Entity, Restrictions, Subject};

/// Makes the numbers of the history its own, so that the rest stays as it was told.
pub(super) const NUMBERS: u64 = u64::from_be_bytes(*b"history!");

/// How many Mondays the customer service's scheduled job has run into the limit.
const MONDAYS: i64 = 20;

/// Nothing is told of so late before the opening that the log may not know it yet.
const QUIET: Duration = Duration::days(2);

pub(super) const ADMIN: &str = "admin@contoso.onmicrosoft.com";
pub(super) const HELPDESK: &str = "lynne.robbins@contoso.com";

impl Teller {
    /// Fills the audit log, and counts the unblocks that it tells of.
    pub(super) fn remember(&mut self, list: &mut Restrictions) {
        // Restricted every Monday at eight, and free again when the day is over: a scheduled job.
        let last = last_monday_at_eight(self.now.saturating_sub(QUIET));
        for week in (0..MONDAYS).rev() {
            let late = Duration::seconds(self.random.gen_range(20..540));
            let at = last.saturating_sub(Duration::weeks(week)).saturating_add(late);
            let midnight = at.date().saturating_add(Duration::DAY).midnight().assume_utc();
            self.cycle(list, "service@contoso.com", Why::PolicyLimit("External"), at, midnight);
        }
        // A recipient rate frees itself after a day.
        for days in [151, 88] {
            let at = self.days_ago(days);
            let free = at.saturating_add(Duration::DAY);
            self.cycle(list, "Johanna.Lorenz@Contoso.com", Why::RecipientRate, at, free);
        }
        self.unblocked_before(list, "isaiah.langer@contoso.com", SPAM, &[(131, ADMIN), (64, HELPDESK), (19, ADMIN)]);
        self.unblocked_before(list, "henrietta.mueller@contoso.com", IPV4, &[(97, ADMIN), (41, ADMIN)]);
        self.unblocked_before(list, "diego.siciliani@contoso.com", IPV6, &[(73, HELPDESK)]);
        self.connector_unblocked_before(list, "Fabrikam newsletter service", 52);
    }

    /// A restriction from one time to another.
    fn cycle(&mut self, list: &mut Restrictions, who: &str, why: Why, from: OffsetDateTime, to: OffsetDateTime) {
        let reason = self.reason(why);
        let log = list.audit(self.now);
        log.hygiene(from, Event::Listed, who.to_owned(), &reason);
        log.hygiene(to, Event::Delisted, who.to_owned(), &reason);
    }

    /// A sender that admins have unblocked so many days ago.
    fn unblocked_before(&mut self, list: &mut Restrictions, address: &str, why: Why, unblocks: &[(i64, &str)]) {
        for (days, admin) in unblocks {
            let at = self.days_ago(*days);
            let removed = self.soon_after(at);
            self.cycle(list, address, why, at, removed.saturating_add(MAILBOX_RELEASE_DELAY));
            let parameters =
                vec![("SenderAddress", address.to_owned()), ("Reason", "Password and sessions reset".into())];
            let actor = Actor::Person((*admin).to_owned());
            list.audit(self.now).command(removed, "Remove-BlockedSenderAddress", parameters, actor);
        }
        let count = u32::try_from(unblocks.len()).unwrap_or(u32::MAX);
        // The tenant has not even opened: there is room.
        let _ = list.count_unblocks(Entity::sender(address), count);
    }

    fn connector_unblocked_before(&mut self, list: &mut Restrictions, wanted: &str, days: i64) {
        let id = list.list(self.now).find_map(|(_, entry)| match &entry.subject {
            Subject::Connector { id, name, .. } if name == wanted => Some(*id),
            _ => None,
        });
        let Some(id) = id else { return };
        let at = self.days_ago(days);
        let removed = self.soon_after(at);
        self.cycle(list, &id.to_string(), IPV4, at, removed.saturating_add(CONNECTOR_RELEASE_DELAY));
        let parameters = vec![("ConnectorId", id.to_string()), ("Reason", "Relay closed to the Internet".into())];
        list.audit(self.now).command(removed, "Remove-BlockedConnector", parameters, Actor::Person(ADMIN.to_owned()));
        let _ = list.count_unblocks(Entity::Connector(id), 1);
    }

    /// At some time of a working day, that many days ago.
    fn days_ago(&mut self, days: i64) -> OffsetDateTime {
        self.now.saturating_sub(Duration::days(days)).saturating_add(Duration::minutes(self.random.gen_range(0..600)))
    }

    fn soon_after(&mut self, time: OffsetDateTime) -> OffsetDateTime {
        time.saturating_add(Duration::minutes(self.random.gen_range(20..240)))
    }
}

/// The last Monday 08:00 UTC that is not after `time`.
fn last_monday_at_eight(time: OffsetDateTime) -> OffsetDateTime {
    let eight = Duration::hours(8);
    let day = time.to_offset(UtcOffset::UTC).saturating_sub(eight).date();
    let monday = day.saturating_sub(Duration::days(day.weekday().number_days_from_monday().into()));
    monday.midnight().assume_utc().saturating_add(eight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn mondays() {
        let monday = datetime!(2026-11-23 08:00 UTC);
        for (time, expected) in [
            (monday, monday),
            (datetime!(2026-11-23 07:59:59 UTC), datetime!(2026-11-16 08:00 UTC)),
            (datetime!(2026-11-23 10:00 +3), datetime!(2026-11-16 08:00 UTC)),
            (datetime!(2026-11-29 23:00 UTC), monday),
            (datetime!(2026-11-25 00:00 UTC), monday),
        ] {
            assert_eq!(last_monday_at_eight(time), expected, "{time}");
        }
    }
}
