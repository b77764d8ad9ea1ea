//! What was sent lately, as far as the story tells of it: mailings, each of them many rows of the message trace, made
//! when they are needed. Pure: takes the time as an argument.

use std::collections::VecDeque;

use restricted_sender_limits::Recipients;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How often the trace can be asked in how long; the whole organization together.
const MOST_REQUESTS: usize = 100;
const QUOTA_WINDOW: Duration = Duration::minutes(5);

/// Somebody's mail of one kind: one row for each message and recipient.
#[derive(Clone, Debug)]
pub(crate) struct Mailing {
    /// Decides its identifiers.
    pub(crate) number: u64,
    pub(crate) sender: String,
    pub(crate) first: OffsetDateTime,
    /// From one message to the next.
    pub(crate) every: Duration,
    /// How many rows.
    pub(crate) count: u32,
    /// How many recipients a message has; the last one may have fewer.
    pub(crate) per_message: u32,
    pub(crate) is_outside: bool,
    pub(crate) subject: &'static str,
    pub(crate) from: String,
    /// What the last message is called, where a restriction names it.
    pub(crate) last: Option<Uuid>,
}

/// One message of a mailing.
pub(crate) struct Told<'a> {
    pub(crate) received: OffsetDateTime,
    pub(crate) sender: &'a str,
    pub(crate) subject: &'static str,
    pub(crate) recipients: Recipients,
}

impl Mailing {
    /// Its messages from a time on.
    pub(crate) fn messages_since(&self, since: OffsetDateTime) -> impl Iterator<Item = Told<'_>> {
        let per_message = self.per_message.max(1);
        let firsts = (0..self.count).step_by(usize::try_from(per_message).unwrap_or(usize::MAX));
        firsts.filter(move |first| self.received(*first) > since).map(move |first| {
            let recipients = per_message.min(self.count - first);
            let (internal, external) = if self.is_outside { (0, recipients) } else { (recipients, 0) };
            Told {
                received: self.received(first),
                sender: &self.sender,
                subject: self.subject,
                recipients: Recipients { internal, external, expanded_external: external },
            }
        })
    }

    fn message(&self, row: u32) -> u32 {
        row / self.per_message.max(1)
    }

    pub(crate) fn received(&self, row: u32) -> OffsetDateTime {
        let after = self.every.saturating_mul(i32::try_from(self.message(row)).unwrap_or(i32::MAX));
        let at = self.first.saturating_add(after);
        // No finer than a client can write it, or it could not go on where it was.
        at.replace_nanosecond(at.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(at)
    }

    pub(crate) fn recipient(&self, row: u32) -> String {
        if self.is_outside {
            format!("customer{row:05}@fabrikam.example")
        } else {
            format!("employee{row:05}@contoso.com")
        }
    }

    pub(crate) fn trace_id(&self, row: u32) -> Uuid {
        let message = self.message(row);
        match self.last {
            Some(id) if message == self.message(self.count.saturating_sub(1)) => id,
            _ => {
                let digest = Sha256::new()
                    .chain_update(self.number.to_be_bytes())
                    .chain_update(message.to_be_bytes())
                    .finalize();
                uuid::Builder::from_random_bytes(digest.first_chunk().copied().unwrap_or_default()).into_uuid()
            }
        }
    }
}

/// How often the trace was asked lately.
#[derive(Debug, Default)]
pub(crate) struct Quota(VecDeque<OffsetDateTime>);

impl Quota {
    /// Counts a request. `Err` says how long it takes until there may be another.
    pub(crate) fn take(&mut self, now: OffsetDateTime) -> Result<(), Duration> {
        while self.0.front().is_some_and(|asked| asked.saturating_add(QUOTA_WINDOW) <= now) {
            self.0.pop_front();
        }
        match self.0.front() {
            Some(first) if self.0.len() >= MOST_REQUESTS => Err(first.saturating_add(QUOTA_WINDOW) - now),
            _ => {
                self.0.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    #[test]
    fn rows_of_one_message_share_its_time_and_identifier() {
        let last = Uuid::from_u128(7);
        let mailing = Mailing {
            number: 1,
            sender: "news@contoso.com".into(),
            first: START,
            every: Duration::minutes(1),
            count: 5,
            per_message: 2,
            is_outside: true,
            subject: "News",
            from: "198.51.100.40".into(),
            last: Some(last),
        };
        let minutes = [0, 0, 1, 1, 2].map(|minutes| START + Duration::minutes(minutes));
        assert_eq!([0, 1, 2, 3, 4].map(|row| mailing.received(row)), minutes);
        let ids = [0, 1, 2, 3, 4].map(|row| mailing.trace_id(row));
        assert!(ids[0] == ids[1] && ids[1] != ids[2] && ids[2] == ids[3] && ids[4] == last);
        assert_ne!(mailing.recipient(0), mailing.recipient(1));
    }

    #[test]
    fn the_quota_slides() {
        let mut quota = Quota::default();
        assert_eq!(quota.take(START), Ok(()));
        let later = START + Duration::minutes(2);
        for _ in 1..MOST_REQUESTS {
            assert_eq!(quota.take(later), Ok(()));
        }
        assert_eq!(quota.take(later), Err(Duration::minutes(3)));
        assert_eq!(quota.take(START + QUOTA_WINDOW), Ok(()), "the first is forgotten");
        assert_eq!(quota.take(START + QUOTA_WINDOW), Err(Duration::minutes(2)));
    }
}
