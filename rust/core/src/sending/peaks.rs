//! The most that somebody has sent in each window.

use restricted_sender_limits::{Second, Used};

/// The most in a window, and when it was reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Peak {
    /// Messages or recipients, as the window counts.
    pub count: u32,
    /// The second of the message that reached it; nothing where nothing was sent.
    pub at: Option<Second>,
}

/// The peaks of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Peaks {
    /// Messages in a minute.
    pub messages_per_minute: Peak,
    /// External recipients in an hour.
    pub external_per_hour: Peak,
    /// Internal recipients in an hour.
    pub internal_per_hour: Peak,
    /// Recipients on a day, UTC.
    pub recipients_per_day: Peak,
    /// Recipients in 24 hours.
    pub recipients_per_24_hours: Peak,
}

impl Peaks {
    /// Looks at what is used right after a message.
    pub fn see(&mut self, used: Used, at: Second) {
        self.messages_per_minute.see(used.messages_last_minute, at);
        self.external_per_hour.see(used.external_this_hour, at);
        self.internal_per_hour.see(used.internal_this_hour, at);
        self.recipients_per_day.see(used.recipients_today, at);
        self.recipients_per_24_hours.see(used.recipients_last_24_hours, at);
    }
}

impl Peak {
    /// Looks at what a window holds.
    pub fn see(&mut self, count: u32, at: Second) {
        if count > self.count {
            *self = Self { count, at: Some(at) };
        }
    }
}
