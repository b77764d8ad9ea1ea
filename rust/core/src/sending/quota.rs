//! How often the trace may be asked: 100 times in 5 minutes, all who ask in the organization together (Microsoft Learn,
//! "Get-MessageTraceV2").

use std::collections::VecDeque;

use time::{Duration, OffsetDateTime};

use crate::connection::Connection;
use crate::error::{Code, Result};
use crate::exchange::{Cmdlet, Record};
use crate::host::{Host, Progress};
use crate::restriction::second;

const MOST_REQUESTS: usize = 100;
const WINDOW: Duration = Duration::minutes(5);

/// How often one request waits for the service, which refuses it because others ask as well.
const MOST_REFUSALS: u32 = 3;

/// When one operation has asked lately. Waits by the connection's clock.
#[derive(Debug, Default)]
pub struct Quota(VecDeque<OffsetDateTime>);

impl Quota {
    /// Asks the trace when it may be asked. Who is refused in spite of that waits as long as the service says.
    ///
    /// # Errors
    /// Whatever keeps the rows from being read; [`Code::Throttled`] where the service refuses again and again.
    pub async fn ask(&mut self, connection: &Connection, cmdlet: Cmdlet, host: &Host) -> Result<Vec<Record>> {
        let mut refusals = 0;
        loop {
            let now = connection.now();
            if let Some(until) = self.full_until(now) {
                wait(connection, until, host).await?;
                continue;
            }
            self.0.push_back(now);
            let error = match connection.exchange(host).read_all(cmdlet.clone()).await {
                Err(error) if error.code() == Code::Throttled && refusals < MOST_REFUSALS => error,
                other => return other,
            };
            refusals += 1;
            host.detail(error.message.clone()).await?;
            let asked = error.retry_after_sec.map(|seconds| Duration::seconds(seconds.try_into().unwrap_or(i64::MAX)));
            wait(connection, connection.now().saturating_add(asked.unwrap_or(WINDOW).min(WINDOW)), host).await?;
        }
    }

    /// Until when there may be no other request.
    fn full_until(&mut self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        while self.0.front().is_some_and(|asked| asked.saturating_add(WINDOW) <= now) {
            self.0.pop_front();
        }
        let first = self.0.front().filter(|_| self.0.len() >= MOST_REQUESTS)?;
        Some(first.saturating_add(WINDOW))
    }
}

async fn wait(connection: &Connection, until: OffsetDateTime, host: &Host) -> Result<()> {
    let status = format!(
        "Waiting until {}: the trace may be asked {MOST_REQUESTS} times in {} minutes",
        second(until).unwrap_or_default(),
        WINDOW.whole_minutes()
    );
    host.detail(status.clone()).await?;
    let activity = format!("Reading the message trace of {}", connection.organization());
    host.progress(Progress { activity, status, percent: None }).await?;
    connection.timer().sleep_until(until).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_hundred_and_first_request_waits_for_the_first_to_be_five_minutes_old() {
        let (start, mut quota) = (datetime!(2026-11-28 08:00 UTC), Quota::default());
        for number in 0..100 {
            assert_eq!(quota.full_until(start + Duration::seconds(number)), None);
            quota.0.push_back(start + Duration::seconds(number));
        }
        let full = start + Duration::minutes(5);
        assert_eq!(quota.full_until(start + Duration::minutes(2)), Some(full));
        assert_eq!(quota.full_until(full), None);
        quota.0.push_back(full);
        assert_eq!(quota.full_until(full), Some(full + Duration::SECOND));
    }
}
