//! When a limit is reached if somebody goes on as in the last hour.

use restricted_sender_limits::{Limit, Policy, Second, ServiceLimits};

use super::message::Message;
use super::sender::Forecast;

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;

/// How finely the future is looked at, in seconds.
const STEP: u32 = 60;

/// Looks 24 hours ahead from `at`: who sends in each hour as many recipients as in the last one reaches a limit then.
/// Nothing where none is reached, and for who is over one already. `messages` are all until `at`, in order.
pub fn forecast(
    messages: &[Message],
    at: Second,
    policy: Option<&Policy>,
    service: &ServiceLimits,
) -> Option<Forecast> {
    let since = |seconds: u32| at.unix_time().saturating_sub(seconds);
    let begins = messages.partition_point(|message| message.at.unix_time() <= since(DAY));
    let lately = &messages[begins..];
    let count = |from: u32| -> u64 {
        lately
            .iter()
            .filter(|message| message.at.unix_time() > from)
            .map(|message| u64::from(message.recipients.all()))
            .sum()
    };
    let pace = count(since(HOUR));
    let (mut in_24_hours, mut today) = (count(since(DAY)), 0);
    let midnight = at.next_day().unix_time();
    for message in lately.iter().filter(|message| message.at.unix_time() >= midnight.saturating_sub(DAY)) {
        today += u64::from(message.recipients.all());
    }
    let per_day = policy.map_or(0, |policy| u64::from(policy.per_day));
    let rate = u64::from(service.recipient_rate);
    if pace == 0 || in_24_hours >= rate || per_day > 0 && today > per_day {
        return None;
    }
    let mut leaving = lately.iter().peekable();
    for step in 1..=DAY / STEP {
        let moment = at.unix_time().saturating_add(step * STEP);
        while let Some(message) = leaving.next_if(|message| message.at.unix_time() + DAY <= moment) {
            in_24_hours -= u64::from(message.recipients.all());
        }
        let new = |from: u32| pace * u64::from(moment.saturating_sub(from.max(at.unix_time()))) / u64::from(HOUR);
        let is_today = moment < midnight;
        let new_today = if is_today { today + new(0) } else { new(midnight) };
        let limit = if in_24_hours + new(0) >= rate {
            Limit::RecipientRate
        } else if per_day > 0 && new_today > per_day {
            Limit::RecipientsPerDay
        } else {
            continue;
        };
        return Some(Forecast {
            limit,
            at: Second::of_unix_time(moment),
            per_hour: u32::try_from(pace).unwrap_or(u32::MAX),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use restricted_sender_limits::{Action, Recipients};
    use time::macros::datetime;
    use time::OffsetDateTime;

    use super::*;

    fn message(at: OffsetDateTime, external: u32) -> Message {
        let recipients = Recipients { internal: 0, external, expanded_external: external };
        Message { at: at.into(), id: 1, recipients, may_be_members: Recipients::default() }
    }

    fn ahead(messages: &[Message], at: OffsetDateTime, per_day: u32) -> Option<(Limit, OffsetDateTime, u32)> {
        let policy = Policy { external_per_hour: 0, internal_per_hour: 0, per_day, action: Action::Alert };
        let found = forecast(messages, at.into(), Some(&policy), &ServiceLimits::trial())?;
        Some((found.limit, found.at.into(), found.per_hour))
    }

    #[test]
    fn the_recipient_rate_is_reached_when_what_is_left_of_it_is_used_up() {
        let now = datetime!(2026-11-28 10:30 UTC);
        let sent = [message(datetime!(2026-11-27 10:00 UTC), 3000), message(datetime!(2026-11-28 10:00 UTC), 2500)];
        // 7,500 are left, at 2,500 an hour: three hours. What is older than 24 hours has gone.
        assert_eq!(ahead(&sent, now, 0), Some((Limit::RecipientRate, datetime!(2026-11-28 13:30 UTC), 2500)));
        // What leaves on the way makes room.
        let sent = [message(datetime!(2026-11-27 11:00 UTC), 3000), message(datetime!(2026-11-28 10:00 UTC), 2500)];
        assert_eq!(ahead(&sent, now, 0), Some((Limit::RecipientRate, datetime!(2026-11-28 13:30 UTC), 2500)));
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let now = datetime!(2026-11-28 22:30 UTC);
        let sent = [message(datetime!(2026-11-28 22:00 UTC), 100)];
        assert_eq!(ahead(&sent, now, 200), Some((Limit::RecipientsPerDay, datetime!(2026-11-28 23:31 UTC), 100)));
        assert_eq!(ahead(&sent, now, 1000), Some((Limit::RecipientsPerDay, datetime!(2026-11-29 10:01 UTC), 100)));
    }

    #[test]
    fn there_is_none_for_who_sends_nothing_or_is_over_already() {
        let now = datetime!(2026-11-28 22:30 UTC);
        assert_eq!(ahead(&[message(datetime!(2026-11-28 20:00 UTC), 5000)], now, 0), None);
        assert_eq!(ahead(&[message(datetime!(2026-11-28 22:00 UTC), 10_000)], now, 0), None);
        assert_eq!(ahead(&[message(datetime!(2026-11-28 22:00 UTC), 10)], now, 0), None);
        assert_eq!(ahead(&[], now, 100), None);
    }
}
