//! What one person has used of the limits, and what is left of them.

use std::sync::Arc;

use restricted_sender_limits::{Limit, Policy, Second, ServiceLimits, Settings, Until, Used};
use time::OffsetDateTime;

use super::message::each_sender;
use super::quota::Quota;
use super::sender::{can_send_again_at, Groups, Measure, Sending, Tripped};
use super::service::{self, Question};
use crate::connection::Connection;
use crate::domains::Domains;
use crate::error::{Code, Error, Result};
use crate::host::Host;
use crate::trace::{Book, Gathered, Rows};

/// What a sender has used, by the trace of the last two days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The moment that it is as of.
    pub at: OffsetDateTime,
    /// What is used in each window.
    pub used: Used,
    /// How many more recipients may be written to; nothing where the policy is not known.
    pub remaining: Option<Remaining>,
    /// The limit that was tripped first.
    pub tripped: Option<Tripped>,
    /// Until when nothing goes out.
    pub restricted: Option<(Limit, Until)>,
    /// Whether there are messages to groups, of which the trace does not tell all.
    pub groups: Groups,
}

impl Usage {
    /// From when mail goes out again; nothing where it does, or only after an unblock.
    #[must_use]
    pub fn can_send_again_at(&self) -> Option<Second> {
        can_send_again_at(self.restricted)
    }
}

/// How many more recipients may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// Inside the organization.
    pub internal: u32,
    /// Outside.
    pub external: u32,
}

/// Whose usage is asked for.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Every address that the sender may send from.
    pub addresses: Vec<String>,
    /// The policy that applies, where it is known.
    pub policy: Option<Policy>,
}

/// Reads the usage of one sender after the other.
#[derive(Debug, Default)]
pub struct Usages {
    own: Option<Domains>,
    quota: Quota,
    /// Why nobody's trace can be read: asking again would tell the same.
    refused: Option<Error>,
}

impl Usages {
    /// What is used now.
    ///
    /// # Errors
    /// Whatever keeps any of it from being read: a part of it would be too little.
    pub async fn of(
        &mut self,
        connection: &Connection,
        counted: &Counted,
        service: ServiceLimits,
        host: &Host,
    ) -> Result<Usage> {
        if let Some(error) = &self.refused {
            return Err(error.clone());
        }
        let read = self.read(connection, counted, service, host).await;
        if let Err(error) = &read {
            self.refused =
                Some(error.clone()).filter(|error| matches!(error.code(), Code::NoRole | Code::NotAuthorized));
        }
        read
    }

    async fn read(
        &mut self,
        connection: &Connection,
        counted: &Counted,
        service: ServiceLimits,
        host: &Host,
    ) -> Result<Usage> {
        let own = match &self.own {
            Some(own) => own,
            None => self.own.insert(Domains::of(connection.exchange(host)).await?),
        };
        if !counted.addresses.iter().any(|address| own.hold(address)) {
            let message = format!("No address of the sender is of a domain of {}.", connection.organization());
            return Err(Error::new(Code::InvalidAddress, message));
        }
        let book = Arc::new(Book::of(own.clone()));
        let now = connection.now();
        let question = Question { start: None, end: Some(now), senders: &counted.addresses };
        let read = service::read(connection, &book, question, &mut self.quota, host).await?;
        if let Some(stopped) = read.stopped {
            return Err(stopped.error);
        }
        if let Some(unusable) = read.ledger.tally.unusable.first() {
            let message = format!("{} rows of the trace {}.", read.ledger.tally.unusable_count(), unusable.defect);
            return Err(Error::new(Code::ResponseUnreadable, message));
        }
        let measure =
            Measure { policy: counted.policy.as_ref(), service, settings: Settings::default(), at: Second::from(now) };
        Ok(usage(&measure, read.ledger.parts, now))
    }
}

/// Counts the rows of all addresses of a person as one sender's.
fn usage(measure: &Measure<'_>, parts: Vec<Rows>, now: OffsetDateTime) -> Usage {
    let mut rows = Gathered::default();
    parts.into_iter().for_each(|part| rows.add(part));
    rows.heads.iter_mut().for_each(|head| head.sender = 0);
    let mut sending: Option<Sending> = None;
    each_sender(&mut rows, measure.at, |_| {}, |_, messages| sending = measure.of(String::new(), messages));
    let remaining = |remaining: Remaining| measure.policy.map(|_| remaining);
    match sending {
        Some(sending) => Usage {
            at: now,
            used: sending.used,
            remaining: remaining(Remaining {
                internal: sending.remaining_internal,
                external: sending.remaining_external,
            }),
            tripped: sending.tripped,
            restricted: sending.restricted,
            groups: sending.groups,
        },
        None => Usage {
            at: now,
            used: Used::default(),
            remaining: remaining(measure.remaining(Used::default())),
            tripped: None,
            restricted: None,
            groups: Groups::None,
        },
    }
}

#[cfg(test)]
mod tests {
    use restricted_sender_limits::Action;
    use time::macros::datetime;
    use time::Duration;

    use super::*;
    use crate::trace::{Kind, Recipient, Row};

    const NOW: OffsetDateTime = datetime!(2026-11-28 12:00 UTC);

    /// So many messages, each from another address, a minute after the other.
    fn sent(count: u32) -> Vec<Rows> {
        let mut rows = Rows::default();
        for one in 0..count {
            let at = (NOW - Duration::minutes(one.into())).into();
            let recipient = Recipient::new(one.into(), 0, Kind::External);
            rows.push(Row { message: one.into(), at, sender: one, recipient });
        }
        vec![rows]
    }

    #[test]
    fn mail_from_any_address_of_a_person_counts_for_the_person() {
        let policy = Policy { external_per_hour: 3, internal_per_hour: 0, per_day: 100, action: Action::BlockUser };
        let measure =
            |policy| Measure { policy, service: ServiceLimits::trial(), settings: Settings::default(), at: NOW.into() };
        let found = usage(&measure(Some(&policy)), sent(2), NOW);
        assert_eq!((found.used.external_this_hour, found.used.messages_last_minute), (2, 1));
        assert_eq!(found.remaining, Some(Remaining { internal: 98, external: 1 }));
        assert_eq!((found.tripped, found.restricted), (None, None));

        let over = usage(&measure(Some(&policy)), sent(4), NOW);
        assert_eq!(over.tripped.map(|tripped| tripped.limit), Some(Limit::ExternalPerHour));
        assert_eq!(over.restricted, Some((Limit::ExternalPerHour, Until::Unblocked)));
        assert_eq!(over.remaining, Some(Remaining { internal: 0, external: 0 }));

        let unknown = usage(&measure(None), sent(2), NOW);
        assert_eq!((unknown.used.external_this_hour, unknown.remaining), (2, None));
        let nothing = usage(&measure(Some(&policy)), Vec::new(), NOW);
        assert_eq!(nothing.remaining, Some(Remaining { internal: 100, external: 3 }));
    }
}
