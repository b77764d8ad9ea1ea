//! A line of the trace, as small as counting allows: a trace may have tens of millions.

use restricted_sender_limits::Second;
use uuid::Uuid;

/// One message to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The message trace id.
    pub message: u128,
    pub at: Second,
    /// The sender's number.
    pub sender: u32,
    pub recipient: Recipient,
}

/// Tells recipients of one message apart: 46 bits of a hash of the address, the number of its domain, and what it is. That
/// two of 500 recipients fall together has a chance of one in 500 million. In order, ways in which one is named follow
/// each other, and the one that counts comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient(u64);

/// What a recipient is. Where one is named in several ways, the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A group of the organization, which the trace shows as expanded.
    Group,
    Internal,
    External,
    /// A member of a group who is outside: nobody's recipient, but one of the organization's.
    ExternalMember,
}

const KIND_BITS: u32 = 2;

/// How many domains of recipients are kept apart: the last number is all others.
pub const DOMAINS: u32 = 1 << 16;

impl Recipient {
    pub fn new(hash: u64, domain: u32, kind: Kind) -> Self {
        let who = hash << DOMAINS.ilog2() | u64::from(domain.min(DOMAINS - 1));
        Self(who << KIND_BITS | u64::from(kind as u8))
    }

    /// The same, whatever it is.
    pub fn who(self) -> u64 {
        self.0 >> KIND_BITS
    }

    pub fn kind(self) -> Kind {
        match self.0 & 0b11 {
            0 => Kind::Group,
            1 => Kind::Internal,
            2 => Kind::External,
            _ => Kind::ExternalMember,
        }
    }

    /// The number of its domain.
    pub fn domain(self) -> usize {
        (self.who() & u64::from(DOMAINS - 1)) as usize
    }
}

/// Reads a message trace id: a GUID, with or without its dashes.
pub fn message_id(text: &[u8]) -> Option<u128> {
    Uuid::try_parse_ascii(text.trim_ascii()).ok().filter(|id| !id.is_nil()).map(|id| id.as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_keeps_what_it_was_told() {
        for kind in [Kind::Group, Kind::Internal, Kind::External, Kind::ExternalMember] {
            for (domain, kept) in
                [(0, 0), (DOMAINS - 2, DOMAINS - 2), (DOMAINS - 1, DOMAINS - 1), (u32::MAX, DOMAINS - 1)]
            {
                let recipient = Recipient::new(u64::MAX, domain, kind);
                assert_eq!((recipient.domain(), recipient.kind()), (kept as usize, kind));
                assert_eq!(recipient.who(), Recipient::new(u64::MAX, domain, Kind::Group).who());
                assert_ne!(recipient.who(), Recipient::new(1, domain, kind).who());
            }
        }
        assert!(Recipient::new(7, 1, Kind::External) < Recipient::new(7, 1, Kind::ExternalMember));
        assert!(Recipient::new(7, 1, Kind::ExternalMember) < Recipient::new(8, 1, Kind::Group));
    }

    #[test]
    fn identifiers_with_and_without_dashes() {
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
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
