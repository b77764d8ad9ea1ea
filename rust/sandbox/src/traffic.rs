//! Weeks of plausible mail of a whole organization: people at work, a newsletter, a scanner, an order system, and an
//! account that is taken over one night. As rows of the message trace, and as the files that admins export.

mod csv;
mod people;

use rand::rngs::StdRng;
use rand::SeedableRng;
use restricted_sender_limits::Recipients;
use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::outgoing::{Message, Status};

pub use csv::{Encoding, Shape, UnknownName};

/// The most senders there can be.
pub const MOST_SENDERS: u32 = 100_000;

/// How many weeks there can be.
pub const MOST_WEEKS: u32 = 53;

/// What is to be made up. The same figures make the same mail, to the last identifier.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Decides everything that is not said here.
    pub seed: u64,
    /// How many send; the first four are no ordinary people. At most [`MOST_SENDERS`].
    pub senders: u32,
    /// How many weeks; at most [`MOST_WEEKS`].
    pub weeks: u32,
    /// When it ends. The last day is the one before this moment's, UTC.
    pub end: OffsetDateTime,
}

/// What became of a message for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Delivered to a mailbox of the organization.
    Delivered,
    /// Sent on to somebody outside.
    Sent,
    /// To a group, whose members follow.
    Expanded,
    /// Nobody has the address.
    Failed,
}

/// One message, as the trace tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedMessage {
    /// When it came in, UTC, to the millisecond.
    pub received: OffsetDateTime,
    /// The trace's identifier of it (`MessageTraceId`, `network_message_id`).
    pub trace_id: Uuid,
    /// The header field `Message-ID`, with angle brackets.
    pub message_id: String,
    /// Whom it is from.
    pub sender: String,
    /// To whom, and what became of it.
    pub recipients: Vec<(String, Fate)>,
    /// Those of them whom nobody wrote to, by their places, each with the place of the group that they are in.
    pub members: Vec<(usize, usize)>,
    /// What it is about.
    pub subject: String,
    /// The IP address that it was handed over from.
    pub client_address: String,
    /// In bytes.
    pub size: u32,
}

impl Traffic {
    /// All messages, oldest first. Those of one day are in memory at a time.
    pub fn messages(&self) -> impl Iterator<Item = TracedMessage> {
        let traffic = Self { senders: self.senders.min(MOST_SENDERS), weeks: self.weeks.min(MOST_WEEKS), ..*self };
        let days = traffic.weeks * 7;
        let end = self.end.to_offset(UtcOffset::UTC).date().midnight().assume_utc();
        (0..days).flat_map(move |day| {
            let midnight = end.saturating_sub(Duration::days(i64::from(days - day)));
            traffic.day(midnight, days - day)
        })
    }

    /// The mail of one day; `left` counts the days from it to the end.
    fn day(&self, midnight: OffsetDateTime, left: u32) -> Vec<TracedMessage> {
        let mut messages: Vec<TracedMessage> = (0..self.senders)
            .flat_map(|number| {
                // Everybody has numbers of their own for every day, so that more senders change nobody's mail.
                let of_the_day = u64::from_ne_bytes(midnight.unix_timestamp().to_ne_bytes());
                let random = StdRng::seed_from_u64(
                    self.seed ^ of_the_day.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(number) << 20),
                );
                people::mail_of(number, self.senders, midnight, left, random)
            })
            .collect();
        messages.sort_by_key(|message| (message.received, message.trace_id));
        messages
    }
}

impl TracedMessage {
    /// Its recipients as limits count them: members of a group only by the organization's.
    pub(crate) fn counted(&self) -> Recipients {
        let mut counted = Recipients::default();
        for (place, (_, fate)) in self.recipients.iter().enumerate() {
            let is_sent = *fate == Fate::Sent;
            counted.expanded_external += u32::from(is_sent);
            if !self.is_member(place) {
                counted.external += u32::from(is_sent);
                counted.internal += u32::from(!is_sent);
            }
        }
        counted
    }

    /// Whether nobody wrote to the recipient at that place.
    fn is_member(&self, place: usize) -> bool {
        self.members.iter().any(|(member, _)| *member == place)
    }
}

impl TracedMessage {
    /// A message that was sent, as the trace tells of it; `is_outside` says which addresses are.
    pub(crate) fn of(message: &Message, is_outside: impl Fn(&str) -> bool) -> Self {
        let fate = |(address, status): &(String, Status)| {
            let fate = match status {
                Status::Delivered if is_outside(address) => Fate::Sent,
                Status::Delivered => Fate::Delivered,
                Status::Expanded => Fate::Expanded,
                Status::Failed => Fate::Failed,
            };
            (address.clone(), fate)
        };
        Self {
            received: message.received,
            trace_id: message.trace_id,
            message_id: message.message_id.clone(),
            sender: message.sender.clone(),
            recipients: message.recipients.iter().map(fate).collect(),
            members: message.members.clone(),
            subject: message.subject.clone(),
            client_address: message.client_address.clone(),
            size: message.size,
        }
    }
}

impl From<TracedMessage> for Message {
    fn from(message: TracedMessage) -> Self {
        let status = |fate| match fate {
            Fate::Delivered | Fate::Sent => Status::Delivered,
            Fate::Expanded => Status::Expanded,
            Fate::Failed => Status::Failed,
        };
        Self {
            trace_id: message.trace_id,
            message_id: message.message_id,
            received: message.received,
            sender: message.sender,
            subject: message.subject,
            client_address: message.client_address,
            size: message.size,
            recipients: message.recipients.into_iter().map(|(address, fate)| (address, status(fate))).collect(),
            members: message.members,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use time::macros::datetime;
    use time::Weekday;

    fn weeks() -> Vec<TracedMessage> {
        Traffic { seed: 1, senders: 60, weeks: 2, end: datetime!(2026-11-23 08:00 UTC) }.messages().collect()
    }

    fn of<'a>(all: &'a [TracedMessage], sender: &str) -> Vec<&'a TracedMessage> {
        all.iter().filter(|message| message.sender.starts_with(sender)).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_mail_and_more_senders_change_nobodys() {
        let (all, again) = (weeks(), weeks());
        assert_eq!(all, again);
        let more = Traffic { seed: 1, senders: 61, weeks: 2, end: datetime!(2026-11-23 08:00 UTC) };
        let more: Vec<_> = more.messages().filter(|message| message.sender.starts_with("employee00059")).collect();
        assert_eq!(of(&all, "employee00059").len(), more.len());
        let other = Traffic { seed: 2, senders: 60, weeks: 2, end: datetime!(2026-11-23 08:00 UTC) };
        assert_ne!(other.messages().collect::<Vec<_>>(), all);
    }

    #[test]
    fn it_is_in_order_within_its_weeks_and_no_identifier_comes_twice() {
        let all = weeks();
        assert!(all.is_sorted_by_key(|message| message.received));
        assert!(all[0].received >= datetime!(2026-11-09 00:00 UTC));
        assert!(all.last().unwrap().received < datetime!(2026-11-23 00:00 UTC));
        let ids: HashSet<Uuid> = all.iter().map(|message| message.trace_id).collect();
        assert_eq!(ids.len(), all.len());
        let pairs: usize = all
            .iter()
            .map(|message| message.recipients.iter().map(|(address, _)| address).collect::<HashSet<_>>().len())
            .sum();
        assert_eq!(pairs, all.iter().map(|message| message.recipients.len()).sum::<usize>(), "no recipient twice");
    }

    #[test]
    fn people_work_by_day_newsletters_go_out_on_mondays_and_intruders_come_at_night() {
        let all = weeks();
        let people = of(&all, "employee00010");
        assert!(people.len() > 50, "{}", people.len());
        for message in &people {
            let weekend = matches!(message.received.weekday(), Weekday::Saturday | Weekday::Sunday);
            assert!(!weekend && (7..19).contains(&message.received.hour()), "{message:?}");
        }
        let newsletter = of(&all, "newsletter");
        assert!(newsletter.iter().all(|message| message.received.weekday() == Weekday::Monday));
        let recipients: usize = newsletter.iter().map(|message| message.recipients.len()).sum();
        assert!((8000..9200).contains(&recipients), "{recipients}");
        let spam: Vec<_> = of(&all, "employee00002").into_iter().filter(|one| one.received.hour() < 6).collect();
        assert!(spam.len() > 1000 && spam.iter().all(|message| message.client_address == "203.0.113.45"));
        assert_eq!(spam.iter().map(|message| message.received.date()).collect::<HashSet<_>>().len(), 1);
        assert!(of(&all, "scanner").len() > 1000);
        let fates: HashSet<String> =
            all.iter().flat_map(|one| &one.recipients).map(|(_, fate)| format!("{fate:?}")).collect();
        assert_eq!(fates.len(), 4);
    }
}
