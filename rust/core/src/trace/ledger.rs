//! What one reader takes down of a trace: the rows of the organization's own senders.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use restricted_sender_limits::Second;

use super::moment::{self, DateOrder, Evidence};
use super::names::{Names, Remembered};
use super::record::Record;
use super::row::{message_id, Kind, Recipient, Row};
use super::rows::Rows;
use super::shape::{recipients, Columns, Named, Part, Place};
use super::tally::{Defect, Tally};
use crate::domains::Domains;

/// What all readers of a trace have in common.
#[derive(Debug)]
pub struct Book {
    /// The organization's own domains.
    own: Domains,
    pub senders: Names,
    pub domains: Names,
    hasher: RandomState,
}

/// In how many parts rows are kept, so that each can be put in order by itself.
pub const PARTS: usize = 64;

/// What one reader takes down. Readers lie side by side and write all the time, so none shares cache lines with another:
/// processors load them in pairs of 64 bytes.
#[derive(Debug)]
#[repr(align(128))]
pub struct Ledger {
    book: Arc<Book>,
    senders: Remembered<u32>,
    domains: Remembered<Domain>,
    /// Rows by the sender's number.
    pub parts: Vec<Rows>,
    pub tally: Tally,
    /// The moment of the latest row.
    pub latest: Option<Second>,
    pub evidence: Evidence,
    /// The sender, the moment and the message of the line before, as they stand there: lines of one message often follow
    /// each other.
    last: (Vec<u8>, Author),
    last_moment: (Vec<u8>, Option<Second>),
    last_message: (Vec<u8>, Option<u128>),
    lower: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Domain {
    number: u32,
    is_own: bool,
}

/// Who has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    /// One of the organization, by number.
    Own(u32),
    Outside,
    /// Nobody: the service itself.
    Service,
    /// What stands there is no address.
    Unreadable,
}

/// A line of the trace: one message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was sent, where that is known.
    pub at: Option<Second>,
    pub sender: String,
    pub recipient: String,
    /// What has become of it, by the service's name.
    pub status: String,
    /// The message trace id.
    pub message: String,
}

/// How far a ledger was when a file was begun, which may have to be read again in another way.
#[derive(Debug)]
pub struct Mark {
    rows: Vec<usize>,
    latest: Option<Second>,
    tally: Tally,
}

impl Book {
    pub fn of(own: Domains) -> Self {
        Self { own, senders: Names::default(), domains: Names::default(), hasher: RandomState::new() }
    }

    /// The domain of an address in lower case, as a reader remembers it, and the hash of the whole address; nothing where
    /// it has no at sign.
    fn domain(&self, remembered: &mut Remembered<Domain>, address: &[u8]) -> Option<(Domain, u64)> {
        let (local, name) = address.split_at(memchr::memrchr(b'@', address)? + 1);
        let (of_domain, of_address) = hashes(&self.hasher, local, name);
        let make = |number| Domain { number, is_own: holds(&self.own, name) };
        Some((remembered.get(&self.domains, name, of_domain, make), of_address))
    }
}

impl Ledger {
    pub fn of(book: &Arc<Book>) -> Self {
        Self {
            book: Arc::clone(book),
            senders: Remembered::default(),
            domains: Remembered::default(),
            parts: vec![Rows::default(); PARTS],
            tally: Tally::default(),
            latest: None,
            evidence: Evidence::default(),
            last: (Vec::new(), Author::Service),
            last_moment: (Vec::new(), None),
            last_message: (Vec::new(), None),
            lower: Vec::new(),
        }
    }

    /// Begins a file.
    pub fn mark(&mut self) -> Mark {
        self.forget_dates();
        Mark { rows: self.parts.iter().map(Rows::count).collect(), latest: self.latest, tally: self.tally.clone() }
    }

    /// Forgets what was taken down since.
    pub fn go_back(&mut self, mark: &Mark) {
        for (part, rows) in self.parts.iter_mut().zip(&mark.rows) {
            part.truncate(*rows);
        }
        self.tally = mark.tally.clone();
        self.latest = mark.latest;
        self.forget_dates();
    }

    /// Forgets what was sent before a second.
    pub fn forget_before(&mut self, second: Second) {
        self.parts.iter_mut().for_each(|part| part.retain(|row| row.at >= second));
    }

    /// What was read of dates holds for one file, and one way to read it.
    fn forget_dates(&mut self) {
        self.evidence = Evidence::default();
        self.last_moment = (Vec::new(), None);
    }

    /// Takes a record down.
    ///
    /// # Errors
    /// Why it is of no use; whoever knows where it stands counts it.
    pub fn enter(&mut self, record: &Record<'_>, columns: &Columns, order: DateOrder) -> Result<(), Defect> {
        self.tally.lines += 1;
        if record.fields != columns.count() {
            return Err(Defect::Fields);
        }
        let at = self.moment(record.field(Place::Moment).raw, order);
        let (sender, message) = (record.field(Place::Sender).raw, record.field(Place::Message).raw);
        self.take_down(at, sender, message, |each| recipients(columns.shape, record, each))
    }

    /// Takes a line down that was read otherwise.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub fn enter_line(&mut self, line: &Line) -> Result<(), Defect> {
        self.tally.lines += 1;
        let part = Part::of_status(line.status.as_bytes());
        let named = Named { address: line.recipient.as_bytes(), part };
        self.take_down(line.at, line.sender.as_bytes(), line.message.as_bytes(), |each| {
            each(named);
            true
        })
    }

    fn take_down<'t>(
        &mut self,
        at: Option<Second>,
        sender: &[u8],
        message: &[u8],
        recipients: impl FnOnce(&mut dyn FnMut(Named<'t>)) -> bool,
    ) -> Result<(), Defect> {
        let sender = match self.author(sender) {
            Author::Own(sender) => sender,
            Author::Outside => {
                self.tally.inbound += 1;
                return Ok(());
            }
            Author::Service => {
                self.tally.system += 1;
                return Ok(());
            }
            Author::Unreadable => return Err(Defect::Sender),
        };
        let at = at.ok_or(Defect::Moment)?;
        let message = self.message(message).ok_or(Defect::Message)?;
        let (mut count, mut unreadable) = (0, false);
        let counts = recipients(&mut |named| match self.row(named, message, at, sender) {
            Some(row) => {
                count += 1;
                if let Some(row) = row {
                    self.keep(row);
                }
            }
            None => unreadable = true,
        });
        if !counts {
            self.tally.others += 1;
        } else if unreadable || count == 0 {
            return Err(Defect::Recipient);
        }
        Ok(())
    }

    /// The row of a recipient; nothing where it is no address, and no row where it counts for nobody.
    fn row(&mut self, named: Named<'_>, message: u128, at: Second, sender: u32) -> Option<Option<Row>> {
        let lower = lower_case(named.address.trim_ascii(), &mut self.lower);
        if lower.ends_with(b"@") {
            return None;
        }
        let (domain, of_address) = self.book.domain(&mut self.domains, lower)?;
        let kind = match named.part {
            Part::Recipient if domain.is_own => Kind::Internal,
            Part::Recipient => Kind::External,
            Part::Group => Kind::Group,
            Part::Member if domain.is_own => return Some(None),
            Part::Counted => return Some(None),
            Part::Member => Kind::ExternalMember,
        };
        let recipient = Recipient::new(of_address, domain.number, kind);
        Some(Some(Row { message, at, sender, recipient }))
    }

    fn keep(&mut self, row: Row) {
        self.latest = self.latest.max(Some(row.at));
        self.parts[row.sender as usize % PARTS].push(row);
    }

    fn moment(&mut self, text: &[u8], order: DateOrder) -> Option<Second> {
        if self.last_moment.0 != text {
            let (at, evidence) = moment::read(text, order);
            self.evidence |= evidence;
            remember(&mut self.last_moment, text, at);
        }
        self.last_moment.1
    }

    fn message(&mut self, text: &[u8]) -> Option<u128> {
        if self.last_message.0 != text {
            remember(&mut self.last_message, text, message_id(text));
        }
        self.last_message.1
    }

    fn author(&mut self, address: &[u8]) -> Author {
        if self.last.0 == address {
            return self.last.1;
        }
        let lower = lower_case(address.trim_ascii(), &mut self.lower);
        let author = if is_the_service(lower) {
            Author::Service
        } else {
            match self.book.domain(&mut self.domains, lower) {
                None => Author::Unreadable,
                Some((domain, of_address)) if domain.is_own => {
                    Author::Own(self.senders.get(&self.book.senders, lower, of_address, |number| number))
                }
                Some(_) => Author::Outside,
            }
        };
        remember(&mut self.last, address, author);
        author
    }
}

/// The hash of a domain, and that of the address there.
fn hashes(hasher: &RandomState, local: &[u8], domain: &[u8]) -> (u64, u64) {
    let mut hash = hasher.build_hasher();
    hash.write(domain);
    let of_domain = hash.finish();
    // No domain has an at sign, so that it ends there.
    hash.write(b"@");
    hash.write(local);
    (of_domain, hash.finish())
}

fn remember<T>(last: &mut (Vec<u8>, T), text: &[u8], read: T) {
    last.0.clear();
    last.0.extend_from_slice(text);
    last.1 = read;
}

fn holds(own: &Domains, domain: &[u8]) -> bool {
    std::str::from_utf8(domain).is_ok_and(|domain| own.have(domain))
}

/// Who sends without being anybody: bounces, the postmaster, the service's own probes and journal reports. (The names are
/// those that public reports on the message trace leave out.)
fn is_the_service(address: &[u8]) -> bool {
    const NAMES: [&[u8]; 3] =
        [b"postmaster@", b"mailer-daemon@", b"microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@"];
    address.is_empty() || address == b"<>" || NAMES.iter().any(|name| address.starts_with(name))
}

/// The address without regard to case.
fn lower_case<'b>(address: &[u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    if address.is_ascii() {
        buffer.extend_from_slice(address);
        buffer.make_ascii_lowercase();
    } else {
        buffer.extend_from_slice(String::from_utf8_lossy(address).to_lowercase().as_bytes());
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_hashes_of_their_own() {
        let hasher = RandomState::new();
        let [(one_domain, one), (another_domain, another)] =
            [(&b"mx@"[..], &b"a.co"[..]), (b"x@", b"a.com")].map(|(local, domain)| hashes(&hasher, local, domain));
        assert_ne!((one, one_domain), (another, another_domain));
        assert_ne!(one, another, "what stands before the at sign goes behind the domain");
        assert_eq!(hashes(&hasher, b"x@", b"a.com"), (another_domain, another));
    }
}
