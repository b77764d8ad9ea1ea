//! A line of the trace, as small as counting allows: a trace may have tens of millions.

use std::iter::Flatten;
use std::slice;

use restricted_sender_limits::Second;

/// One message to one recipient: 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The message trace id.
    pub message: u128,
    /// Tells recipients of one message apart: 48 bits of a hash of the address, and the number of its domain. That two
    /// of 500 recipients fall together has a chance of one in two thousand million.
    pub recipient: u64,
    pub at: Second,
    /// The sender's number, and what the recipient is.
    sender_and_kind: u32,
}

/// What a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Internal,
    External,
    /// A group of the organization, which the trace shows as expanded.
    Group,
    /// A member of a group who is outside: nobody's recipient, but one of the organization's.
    ExternalMember,
}

const KIND_BITS: u32 = 2;

/// How many domains of recipients are kept apart: the last number is all others.
pub const DOMAINS: u32 = 1 << 16;

/// What tells a recipient from others of the same message.
pub fn recipient(hash: u64, domain: u32) -> u64 {
    hash << 16 | u64::from(domain.min(DOMAINS - 1))
}

impl Row {
    pub fn new(message: u128, recipient: u64, at: Second, sender: u32, kind: Kind) -> Self {
        Self { message, recipient, at, sender_and_kind: sender << KIND_BITS | u32::from(kind as u8) }
    }

    pub fn sender(&self) -> u32 {
        self.sender_and_kind >> KIND_BITS
    }

    pub fn kind(&self) -> Kind {
        match self.sender_and_kind & 0b11 {
            0 => Kind::Internal,
            1 => Kind::External,
            2 => Kind::Group,
            _ => Kind::ExternalMember,
        }
    }

    /// The number of the recipient's domain.
    pub fn domain(&self) -> usize {
        (self.recipient & u64::from(DOMAINS - 1)) as usize
    }
}

/// Many rows, in pieces: a vector that grows would copy each of them several times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    pieces: Vec<Vec<Row>>,
    count: usize,
}

/// Rows of a piece: large enough to be few, small enough that the last of each costs little.
const PIECE: usize = 1024;

impl Rows {
    pub fn push(&mut self, row: Row) {
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(row),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(row);
                self.pieces.push(piece);
            }
        }
        self.count += 1;
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
        self.pieces.truncate(self.count.div_ceil(PIECE));
        if let Some(last) = self.pieces.last_mut() {
            last.truncate(self.count - (self.count - 1) / PIECE * PIECE);
        }
    }

    /// Forgets those that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&Row) -> bool) {
        let all = std::mem::take(self);
        (&all).into_iter().filter(|row| keep(row)).for_each(|row| self.push(*row));
    }

    /// Hands them over and keeps none.
    pub fn move_to(&mut self, rows: &mut Vec<Row>) {
        rows.reserve(self.count);
        self.pieces.drain(..).for_each(|piece| rows.extend_from_slice(&piece));
        self.count = 0;
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = &'a Row;
    type IntoIter = Flatten<slice::Iter<'a, Vec<Row>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.iter().flatten()
    }
}

/// Reads a message trace id: a GUID, with or without its dashes.
pub fn message_id(text: &[u8]) -> Option<u128> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}")).unwrap_or(text);
    let dashed = match text.len() {
        32 => false,
        36 => true,
        _ => return None,
    };
    let (mut id, mut digits) = (0_u128, 0);
    for (at, byte) in text.iter().enumerate() {
        if dashed && matches!(at, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return None;
            }
            continue;
        }
        id = id << 4 | u128::from(char::from(*byte).to_digit(16)?);
        digits += 1;
    }
    (digits == 32 && id != 0).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_small_and_keeps_what_it_was_told() {
        assert_eq!(size_of::<Row>(), 32);
        for kind in [Kind::Internal, Kind::External, Kind::Group, Kind::ExternalMember] {
            let row = Row::new(7, 8, Second::of_unix_time(9), (1 << 30) - 1, kind);
            assert_eq!((row.sender(), row.kind()), ((1 << 30) - 1, kind));
        }
    }

    #[test]
    fn rows_in_pieces_are_those_that_were_put_in() {
        let row = |number: u32| Row::new(1, u64::from(number), Second::of_unix_time(number), 2, Kind::External);
        for (count, kept) in [(0, 0), (1, 0), (1024, 1024), (1025, 1024), (4000, 1025), (4000, 1), (4000, 5000)] {
            let (mut rows, mut all) = (Rows::default(), Vec::new());
            (0..count).for_each(|number| rows.push(row(number)));
            rows.truncate(kept as usize);
            rows.push(row(7));
            let expected: Vec<_> = (0..count.min(kept)).chain([7]).map(row).collect();
            assert_eq!(rows.count(), expected.len());
            rows.move_to(&mut all);
            assert_eq!((all, rows), (expected, Rows::default()), "{count}, {kept}");
        }
    }

    #[test]
    fn identifiers_with_and_without_dashes() {
        let id = uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        for text in [id.to_string(), id.simple().to_string(), id.braced().to_string(), id.to_string().to_uppercase()] {
            assert_eq!(message_id(text.as_bytes()), Some(id.as_u128()), "{text}");
        }
        for text in [
            "",
            "0123456789abcdef0123456789abcde",
            "0123456789abcdef0123456789abcdefg",
            "01234567089ab-cdef-0123-456789abcdef",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(message_id(text.as_bytes()), None, "{text}");
        }
    }
}
