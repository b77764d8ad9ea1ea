//! The unblocks that this connection has asked for, so that none is asked for twice while it is on its way. What other
//! processes have asked for, the [journal](super::past) knows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::decision::{AT_MOST, USUALLY};
use super::Key;

/// An unblock that was sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// When it was sent.
    pub at: OffsetDateTime,
    /// The service's id of it.
    pub id: Option<String>,
    /// Since when the entry was listed that it lifts.
    pub since: Option<OffsetDateTime>,
    /// Whether the service is known to have taken it.
    pub taken: bool,
}

impl Request {
    /// Whether it may still lift the entry that is listed since `since`: for 24 hours, or for the usual hour where
    /// nobody knows whether it was taken. A newer restriction needs a request of its own.
    pub fn is_on_its_way(&self, since: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
        // Both moments of the list are the service's own, so that no difference of clocks confuses them.
        let is_newer = since.is_some_and(|since| since > self.since.unwrap_or(self.at));
        let lasts = if self.taken { AT_MOST } else { USUALLY };
        !is_newer && now < self.at.saturating_add(lasts)
    }

    /// Whether what the journal or the audit log tells, this one, came after `ours`, or tells what became of it. Of one
    /// that is in both, they have the answer, which came a little later.
    pub fn is_after(&self, ours: &Self) -> bool {
        let is_another = self.id.is_some() && self.id != ours.id;
        self.at >= ours.at && (is_another || self.taken && !ours.taken)
    }
}

/// The last request for each entity.
#[derive(Debug, Default)]
pub struct Requests(Mutex<HashMap<String, Request>>);

impl Requests {
    /// Remembers the last request for `key`.
    pub fn note(&self, key: &Key, request: Request) {
        self.lock().insert(key.folded(), request);
    }

    /// Forgets the last request for `key`, which changed nothing.
    pub fn forget(&self, key: &Key) {
        self.lock().remove(&key.folded());
    }

    /// Whether it has asked for none.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The last request for `key`.
    pub fn last(&self, key: &Key) -> Option<Request> {
        self.lock().get(&key.folded()).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Request>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use time::Duration;

    const SINCE: OffsetDateTime = datetime!(2026-11-23 02:00 UTC);
    const AT: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    #[test]
    fn a_request_counts_for_a_day_and_for_its_own_restriction() {
        let requests = Requests::default();
        let key = Key::Sender("Megan@contoso.com".into());
        assert!(requests.last(&key).is_none());
        requests.note(&key, Request { at: AT, id: Some("r-1".into()), since: Some(SINCE), taken: true });

        let request = requests.last(&Key::Sender("megan@CONTOSO.com".into())).unwrap();
        assert_eq!((request.at, request.id.as_deref()), (AT, Some("r-1")));
        let day = AT + Duration::hours(24);
        assert!(request.is_on_its_way(Some(SINCE), day - Duration::seconds(1)));
        assert!(request.is_on_its_way(None, AT), "nothing says that it is another");
        assert!(!request.is_on_its_way(Some(SINCE), day), "a day has passed");
        assert!(!request.is_on_its_way(Some(SINCE + Duration::seconds(1)), AT), "that one is newer");

        let lost = Request { taken: false, ..request };
        let hour = AT + Duration::hours(1);
        assert!(lost.is_on_its_way(Some(SINCE), hour - Duration::seconds(1)));
        assert!(!lost.is_on_its_way(Some(SINCE), hour), "by now it would usually have taken effect");
    }
}
