//! Many rows, with what those of one message share told once.

use std::iter::repeat_n;

use restricted_sender_limits::Second;

use super::row::{Recipient, Row};

/// What rows that follow each other share: 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The message trace id.
    pub message: u128,
    pub at: Second,
    /// The sender's number.
    pub sender: u32,
    /// Where its recipients begin, and where they end once all are there.
    begins: u32,
    ends: u32,
}

/// Rows in the order in which they came: 32 bytes for each message, as long as its rows follow each other, and 8 for each
/// recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    heads: Pieces<Head>,
    recipients: Pieces<Recipient>,
}

/// Rows of several readers, to be put in order.
#[derive(Debug, Default)]
pub struct Gathered {
    pub heads: Vec<Head>,
    recipients: Vec<Recipient>,
}

/// Many of something, in pieces: a vector that grows would copy each of them several times.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pieces<T> {
    full: Vec<Vec<T>>,
    /// Empty only where there is nothing at all.
    last: Vec<T>,
}

/// How many are in a piece: enough for pieces to be few, and so few that the last of each costs little.
const PIECE: usize = 1024;

impl Rows {
    pub fn push(&mut self, row: Row) {
        let Row { message, at, sender, recipient } = row;
        let last = self.heads.last.last();
        if last.is_none_or(|last| (last.message, last.at, last.sender) != (message, at, sender)) {
            let begins = u32::try_from(self.recipients.count()).unwrap_or(u32::MAX);
            self.heads.push(Head { message, at, sender, begins, ends: begins });
        }
        self.recipients.push(recipient);
    }

    pub fn count(&self) -> usize {
        self.recipients.count()
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.recipients.truncate(count);
        while self.heads.last.last().is_some_and(|last| last.begins as usize >= count) {
            self.heads.truncate(self.heads.count() - 1);
        }
    }

    /// Forgets those that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&Row) -> bool) {
        let all = std::mem::take(self);
        all.iter().filter(keep).for_each(|row| self.push(row));
    }

    pub fn iter(&self) -> impl Iterator<Item = Row> + '_ {
        let ends = self.heads.iter().skip(1).map(|next| next.begins as usize).chain([self.count()]);
        let heads = self.heads.iter().zip(ends).flat_map(|(head, ends)| repeat_n(head, ends - head.begins as usize));
        heads.zip(self.recipients.iter()).map(|(head, recipient)| Row {
            message: head.message,
            at: head.at,
            sender: head.sender,
            recipient: *recipient,
        })
    }
}

impl Gathered {
    /// Takes rows over.
    pub fn add(&mut self, rows: Rows) {
        let (had, before) = (self.heads.len(), u32::try_from(self.recipients.len()).unwrap_or(u32::MAX));
        rows.heads.move_to(&mut self.heads);
        rows.recipients.move_to(&mut self.recipients);
        let mut ends = u32::try_from(self.recipients.len()).unwrap_or(u32::MAX);
        for head in self.heads[had..].iter_mut().rev() {
            head.begins += before;
            head.ends = ends;
            ends = head.begins;
        }
    }

    pub fn clear(&mut self) {
        self.heads.clear();
        self.recipients.clear();
    }

    /// The recipients of rows of a message.
    pub fn recipients(&self, head: &Head) -> &[Recipient] {
        &self.recipients[head.begins as usize..head.ends as usize]
    }
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { full: Vec::new(), last: Vec::new() }
    }
}

impl<T: Copy> Pieces<T> {
    fn push(&mut self, one: T) {
        if self.last.len() % PIECE == 0 {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(PIECE));
            self.full.extend(Some(full).filter(|full| !full.is_empty()));
        }
        self.last.push(one);
    }

    fn count(&self) -> usize {
        self.full.len() * PIECE + self.last.len()
    }

    /// Forgets all but the first `count`.
    fn truncate(&mut self, count: usize) {
        if count <= self.full.len() * PIECE {
            self.full.truncate(count.div_ceil(PIECE));
            self.last = self.full.pop().unwrap_or_default();
        }
        self.last.truncate(count - self.full.len() * PIECE);
    }

    /// Hands them over, piece by piece, so that they are in memory twice only one piece at a time.
    fn move_to(self, all: &mut Vec<T>) {
        all.reserve(self.count());
        self.full.into_iter().chain([self.last]).for_each(|piece| all.extend_from_slice(&piece));
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.full.iter().chain([&self.last]).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;

    /// Rows of messages with one, two, three, one, two… recipients.
    fn row(number: u32) -> Row {
        let message = u128::from(number / 6 * 3 + [0, 1, 1, 2, 2, 2][number as usize % 6] + 1);
        let recipient = Recipient::new(u64::from(number), number, Kind::External);
        Row { message, at: Second::of_unix_time(message as u32), sender: 2, recipient }
    }

    #[test]
    fn what_rows_share_is_small() {
        assert_eq!((size_of::<Head>(), size_of::<Recipient>()), (32, 8));
    }

    #[test]
    fn rows_are_those_that_were_put_in() {
        for (count, kept) in
            [(0, 0), (1, 0), (1024, 1024), (1025, 1024), (4000, 1025), (4000, 1), (9000, 8000), (400, 500)]
        {
            let mut rows = Rows::default();
            (0..count).for_each(|number| rows.push(row(number)));
            rows.truncate(kept as usize);
            rows.push(row(7));
            let expected: Vec<_> = (0..count.min(kept)).chain([7]).map(row).collect();
            assert_eq!(rows.count(), expected.len());
            assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{count}, {kept}");
            rows.retain(|row| row.message % 2 == 0);
            let even: Vec<_> = expected.into_iter().filter(|row| row.message % 2 == 0).collect();
            assert_eq!(rows.iter().collect::<Vec<_>>(), even, "{count}, {kept}");
        }
    }

    #[test]
    fn rows_of_another_message_moment_or_sender_have_a_head_of_their_own() {
        let first = row(0);
        let others =
            [Row { message: 9, ..first }, Row { at: Second::of_unix_time(9), ..first }, Row { sender: 9, ..first }];
        let mut rows = Rows::default();
        let all: Vec<_> = others.into_iter().flat_map(|other| [first, first, other]).collect();
        all.iter().for_each(|row| rows.push(*row));
        assert_eq!(rows.iter().collect::<Vec<_>>(), all);
        assert_eq!(rows.heads.count(), 6);
    }

    #[test]
    fn gathered_heads_know_their_recipients() {
        let mut gathered = Gathered::default();
        for readers in [vec![10], vec![3000, 0, 2000], vec![]] {
            gathered.clear();
            for count in &readers {
                let mut rows = Rows::default();
                (0..*count).for_each(|number| rows.push(row(number)));
                gathered.add(rows);
            }
            let expected: Vec<_> = readers.iter().flat_map(|count| (0..*count).map(row)).collect();
            let all = gathered.heads.iter().flat_map(|head| {
                let Head { message, at, sender, .. } = *head;
                gathered.recipients(head).iter().map(move |recipient| Row {
                    message,
                    at,
                    sender,
                    recipient: *recipient,
                })
            });
            assert_eq!(all.collect::<Vec<_>>(), expected, "{readers:?}");
        }
    }
}
