//! Records of things that never happened, for a log that is too long for one search.

use hyper::StatusCode;
use serde::Deserialize;
use time::Duration;

use super::{bad, read, Refused};
use crate::audit::{Event, RETENTION};
use crate::reply::{self, Reply};
use crate::tenant::Tenant;

/// How many records can be added at once.
const MOST_RECORDS: u32 = 200_000;

/// Each sender of these records is listed and delisted so often.
const EVENTS_PER_SENDER: u32 = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    count: u32,
    days: u32,
}

/// Adds records that are spread evenly over the last days.
pub(super) fn add_records(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let Wanted { count, days } = read(body, r#"{"count": 60000, "days": 90}"#)?;
    let most_days = RETENTION.whole_days();
    if count > MOST_RECORDS || days == 0 || i64::from(days) > most_days {
        return Err(bad(format!("give a count of at most {MOST_RECORDS}, and 1 to {most_days} days")));
    }
    let now = tenant.now();
    let step = Duration::days(days.into()) / count.max(1);
    let mut restrictions = tenant.restrictions();
    let log = restrictions.audit(now);
    for number in 0..count {
        let event = if number % 2 == 0 { Event::Listed } else { Event::Delisted };
        let sender = format!("temp{:05}@contoso.com", number / EVENTS_PER_SENDER);
        let at = now.saturating_sub(step * (count - number));
        log.hygiene(
            at,
            event,
            sender,
            "RecipientRateLimitExceeded;RecipientCountLast24Hours=10001;RcptRateLimit=10000;",
        );
    }
    Ok(reply::empty(StatusCode::CREATED))
}
