//! What is counted of one sender besides what limits need: the figures that restrictions name.

use restricted_sender_limits::{Recipients, SenderId};
use time::{Date, OffsetDateTime, UtcOffset};

use super::spam::{SpamFigures, SpamHistory};

pub(super) struct Sender {
    pub(super) id: SenderId,
    day: Option<Date>,
    today: Recipients,
    spam: SpamHistory,
    /// When somebody last took them off the list, as far as the engine knows.
    released: Option<OffsetDateTime>,
}

impl Sender {
    pub(super) fn new(id: SenderId) -> Self {
        Self { id, day: None, today: Recipients::default(), spam: SpamHistory::default(), released: None }
    }

    pub(super) fn count(&mut self, at: OffsetDateTime, recipients: Recipients, is_spam: bool) {
        let before = self.today(at);
        self.day = Some(day_of(at));
        self.today = Recipients {
            internal: before.internal.saturating_add(recipients.internal),
            external: before.external.saturating_add(recipients.external),
            ..before
        };
        self.spam.count(at, is_spam);
    }

    /// Recipients of the day, UTC.
    pub(super) fn today(&self, now: OffsetDateTime) -> Recipients {
        if self.day == Some(day_of(now)) {
            self.today
        } else {
            Recipients::default()
        }
    }

    pub(super) fn spam(&self, now: OffsetDateTime) -> SpamFigures {
        self.spam.figures(now, self.released)
    }

    /// When they were taken off the list, if that is news.
    pub(super) fn newly_released(&mut self, released: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
        let news = released.filter(|_| released != self.released);
        self.released = released;
        news
    }
}

fn day_of(time: OffsetDateTime) -> Date {
    time.to_offset(UtcOffset::UTC).date()
}
