//! What somebody has sent in the last 24 hours, and how much of it lies in each window.

use std::collections::VecDeque;

use crate::second::{Second, DAY, MINUTE};
use crate::settings::Hour;

/// What was sent in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sent {
    pub(crate) messages: u32,
    pub(crate) internal: u32,
    pub(crate) external: u32,
}

/// What was sent in one second.
#[derive(Debug, Clone, Copy)]
struct Slot {
    second: Second,
    sent: Sent,
}

/// A span of time that ends now, and what was sent in it.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// The oldest slot in it, counted from the first slot that ever was.
    first: u32,
    sent: Sent,
}

/// What was sent in the last 24 hours: one slot for each second in which anything was, so at most 86,400 of 16 bytes.
///
/// Windows lag behind: what has left them may still be counted until [`slide`](Self::slide). So their sums are never
/// too small, and as long as they stay below a limit nobody needs them exactly.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    slots: VecDeque<Slot>,
    /// The second of the last slot, which is not in the cache when this is.
    last: Second,
    /// How many slots have gone.
    gone: u32,
    minute: Window,
    hour: Window,
    today: Window,
    day: Window,
}

/// The most slots that there can be.
const MOST: usize = DAY as usize;

impl Sent {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.internal += other.internal;
        self.external += other.external;
    }

    fn take(&mut self, other: Self) {
        self.messages -= other.messages;
        self.internal -= other.internal;
        self.external -= other.external;
    }

    pub(crate) fn recipients(self) -> u32 {
        self.internal.saturating_add(self.external)
    }

    /// So much of it that sums of it together with `other` stay in range.
    fn beside(self, other: Self) -> Self {
        Self {
            messages: self.messages.min(u32::MAX - other.messages),
            internal: self.internal.min(u32::MAX - other.internal),
            external: self.external.min(u32::MAX - other.external),
        }
    }
}

impl History {
    /// Counts what was sent at `at`, which is not before the last slot.
    pub(crate) fn add(&mut self, at: Second, sent: Sent, hour: Hour) {
        // Room is made before more is asked for, so memory follows what 24 hours hold.
        if self.slots.len() == self.slots.capacity().min(MOST) {
            self.slide(at, hour);
            // What a busy day needed is given back when days are quiet.
            if self.slots.len() < self.slots.capacity() / 4 {
                self.slots.shrink_to(self.slots.len() * 2);
            }
        }
        let sent = sent.beside(self.day.sent);
        match self.slots.back_mut() {
            Some(last) if self.last == at => last.sent.add(sent),
            _ => self.slots.push_back(Slot { second: at, sent }),
        }
        self.last = at;
        debug_assert!(self.slots.len() <= MOST);
        for window in [&mut self.minute, &mut self.hour, &mut self.today, &mut self.day] {
            window.sent.add(sent);
        }
    }

    /// Lets every window end at `at`: its sums are exact then.
    pub(crate) fn slide(&mut self, at: Second, hour: Hour) {
        let (slots, gone) = (&self.slots, self.gone);
        let slide = |window: &mut Window, begins: Second| {
            while let Some(slot) = slots.get(window.first.wrapping_sub(gone) as usize) {
                if slot.second >= begins {
                    break;
                }
                window.sent.take(slot.sent);
                window.first = window.first.wrapping_add(1);
            }
        };
        slide(&mut self.minute, at.window_begins(MINUTE));
        slide(&mut self.hour, hour.begins(at));
        slide(&mut self.today, at.day_begins());
        slide(&mut self.day, at.window_begins(DAY));
        let left = self.day.first.wrapping_sub(gone);
        self.slots.drain(..left as usize);
        self.gone = self.day.first;
    }

    /// The second of the last slot.
    pub(crate) fn last(&self) -> Option<Second> {
        (!self.slots.is_empty()).then_some(self.last)
    }

    pub(crate) fn minute(&self) -> Sent {
        self.minute.sent
    }

    pub(crate) fn hour(&self) -> Sent {
        self.hour.sent
    }

    pub(crate) fn today(&self) -> Sent {
        self.today.sent
    }

    pub(crate) fn day(&self) -> Sent {
        self.day.sent
    }

    /// When enough of the last minute has left it; of a history that has slid.
    pub(crate) fn minute_has_room(&self, is_over: impl Fn(Sent) -> bool) -> Option<Second> {
        self.has_room(self.minute, MINUTE, is_over)
    }

    /// When enough of the last 24 hours has left them; of a history that has slid.
    pub(crate) fn day_has_room(&self, is_over: impl Fn(Sent) -> bool) -> Option<Second> {
        self.has_room(self.day, DAY, is_over)
    }

    /// Nothing where all of it may leave and it is over nevertheless: the limit is none.
    fn has_room(&self, window: Window, length: u32, is_over: impl Fn(Sent) -> bool) -> Option<Second> {
        let mut left = window.sent;
        let within = self.slots.range(window.first.wrapping_sub(self.gone) as usize..);
        for slot in within {
            left.take(slot.sent);
            if !is_over(left) {
                return Some(Second(slot.second.0.saturating_add(length)));
            }
        }
        None
    }

    /// Bytes that it holds besides itself.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }
}

impl Hour {
    /// The first second of the hour that `at` lies in.
    pub(crate) fn begins(self, at: Second) -> Second {
        match self {
            Self::Rolling => at.window_begins(crate::second::HOUR),
            Self::Clock => at.hour_begins(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Sent = Sent { messages: 1, internal: 1, external: 2 };

    #[test]
    fn a_slot_leaves_each_window_at_its_time_and_not_a_second_earlier() {
        let mut history = History::default();
        let start = Second(10 * DAY);
        history.add(start, ONE, Hour::Rolling);
        let mut exact = |after: u32| {
            history.slide(Second(start.0 + after), Hour::Rolling);
            (history.minute().messages, history.hour().messages, history.today().messages, history.day().messages)
        };
        assert_eq!(exact(59), (1, 1, 1, 1));
        assert_eq!(exact(60), (0, 1, 1, 1));
        assert_eq!(exact(3599), (0, 1, 1, 1));
        assert_eq!(exact(3600), (0, 0, 1, 1));
        assert_eq!(exact(DAY - 1), (0, 0, 1, 1));
        assert_eq!(exact(DAY), (0, 0, 0, 0));
        assert!(history.slots.is_empty());
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let mut history = History::default();
        for second in 0..3 * DAY {
            history.add(Second(second), ONE, Hour::Rolling);
        }
        assert!(history.bytes() <= 2_100_000, "{} bytes", history.bytes());
        for quiet in 0..200_000 {
            history.add(Second(4 * DAY + quiet * (DAY / 10)), ONE, Hour::Rolling);
        }
        assert!(history.bytes() <= 64 * 16, "{} bytes", history.bytes());
    }

    #[test]
    fn absurd_numbers_saturate_and_leave_again() {
        let mut history = History::default();
        let absurd = Sent { messages: u32::MAX, internal: u32::MAX, external: u32::MAX };
        for second in 0..5 {
            history.add(Second(second), absurd, Hour::Clock);
        }
        assert_eq!(history.day(), absurd);
        history.slide(Second(DAY + 5), Hour::Clock);
        assert_eq!(history.day(), Sent::default());
    }
}
