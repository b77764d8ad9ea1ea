//! The unblocks that this connection has asked for, so that none is asked for twice while it is on its way. What other
//! processes have asked for is not known here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::decision::AT_MOST;
use super::Key;

/// An unblock that the service took.
#[derive(Debug, Clone)]
pub struct Request {
    /// When it was sent.
    pub at: OffsetDateTime,
    /// The service's id of it.
    pub id: Option<String>,
    /// Since when the entry was listed that it lifts.
    pub since: Option<OffsetDateTime>,
}

/// The last request for each entity.
#[derive(Debug, Default)]
pub struct Requests(Mutex<HashMap<String, Request>>);

impl Requests {
    /// Remembers that the service took the unblock of `key`.
    pub fn note(&self, key: &Key, request: Request) {
        self.lock().insert(key.folded(), request);
    }

    /// The last request for `key`.
    pub fn last(&self, key: &Key) -> Option<Request> {
        self.lock().get(&key.folded()).cloned()
    }

    /// The request that lifts the entry of `key` that is listed since `since`, as long as it may still take effect: 24
    /// hours. A newer restriction needs a request of its own.
    pub fn on_its_way(&self, key: &Key, since: Option<OffsetDateTime>, now: OffsetDateTime) -> Option<Request> {
        self.last(key).filter(|request| {
            // Both moments of the list are the service's own, so that no difference of clocks confuses them.
            let is_newer = since.is_some_and(|since| since > request.since.unwrap_or(request.at));
            !is_newer && now < request.at.saturating_add(AT_MOST)
        })
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
        assert!(requests.on_its_way(&key, Some(SINCE), AT).is_none());
        requests.note(&key, Request { at: AT, id: Some("r-1".into()), since: Some(SINCE) });

        let other_case = Key::Sender("megan@CONTOSO.com".into());
        let day = AT + Duration::hours(24);
        let found = requests.on_its_way(&other_case, Some(SINCE), day - Duration::seconds(1)).unwrap();
        assert_eq!((found.at, found.id.as_deref()), (AT, Some("r-1")));
        assert!(requests.on_its_way(&key, None, AT).is_some(), "nothing says that it is another");
        assert!(requests.on_its_way(&key, Some(SINCE), day).is_none(), "a day has passed");
        let newer = Some(SINCE + Duration::seconds(1));
        assert!(requests.on_its_way(&key, newer, AT).is_none(), "that one is newer");
    }
}
