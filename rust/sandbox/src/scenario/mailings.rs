//! What those who are restricted have sent, so that the message trace agrees with the figures of their restrictions.

use rand::Rng;
use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::Uuid;

use super::mail_flow::FOREIGN_ADDRESS;
use super::Teller;
use crate::restriction::{Restriction, Restrictions};
use crate::trace::Mailing;

/// Makes the numbers of the mailings their own, so that the rest stays as it was told.
pub(super) const NUMBERS: u64 = u64::from_be_bytes(*b"mailings");

/// Where people at work send from, and what submits by itself: the newsletter, an app, the printers, the relays.
const OFFICE: &str = "198.51.100.24";
const NEWSLETTER: &str = "198.51.100.40";
const APP: &str = "198.51.100.201";
const PRINTERS: &str = "198.51.100.77";
const RELAY: &str = "198.51.100.10";
const FABRIKAM: &str = "198.51.100.60";

/// How many Mondays the newsletter has gone out.
const MONDAYS: i64 = 10;

/// The most recipients that one message has.
const LARGEST_MESSAGE: u32 = 500;

/// Spam comes in one burst before the block.
const BURST: Duration = Duration::minutes(90);
const DAY: Duration = Duration::hours(23);

/// Mail of one kind from one place.
struct Kind<'a> {
    sender: &'a str,
    subject: &'static str,
    from: &'a str,
    is_outside: bool,
}

impl Teller {
    pub(super) fn mailings(&mut self, list: &mut Restrictions) -> Vec<Mailing> {
        let entries: Vec<Restriction> = list.list(self.now).map(|(_, entry)| entry.clone()).collect();
        entries.iter().flat_map(|entry| self.sent_before(entry)).collect()
    }

    fn sent_before(&mut self, entry: &Restriction) -> Vec<Mailing> {
        let name = name_of(entry);
        match name.as_str() {
            "johanna.lorenz@contoso.com" => self.newsletter(entry, &name),
            "scanner@print.contoso.com" => {
                let kind = outside(&name, "Scanned document from MFP-03", PRINTERS);
                let count = figure(entry, "OutboundMailLast24Hours");
                vec![self.spread(&kind, entry, count, DAY).ending_as(last_spam(entry))]
            }
            "On-premises relay to Microsoft 365" => self.relayed(entry),
            "Fabrikam newsletter service" => {
                let kind = outside("newsletter@contoso.com", "This week's offers", FABRIKAM);
                self.today(&kind, entry)
            }
            "Branch office printers" => {
                let kind =
                    Kind { is_outside: false, ..outside("mfp-07@print.contoso.com", "Scan from MFP-07", PRINTERS) };
                vec![self.spread(&kind, entry, 60, DAY)]
            }
            "alex.wilber@contoso.com" => self.today(&outside(&name, "Who comes on Thursday?", OFFICE), entry),
            "news@contoso.com" => self.today(&outside(&name, "Contoso news", NEWSLETTER), entry),
            "isaiah.langer@contoso.com" => self.spam(entry, &outside(&name, "A document was shared with you", APP)),
            _ if figure(entry, "OutboundSpamLast24Hours") > 0 => {
                let from = entry.reason.split(';').find_map(|part| part.strip_prefix("CIP=")).unwrap_or(OFFICE);
                self.spam(entry, &outside(&name, "Your invoice is overdue", from))
            }
            _ => vec![self.spread(&outside(&name, "Minutes of our meeting", OFFICE), entry, 40, DAY)],
        }
    }

    /// A burst of spam, and what the person sent beside it.
    fn spam(&mut self, entry: &Restriction, kind: &Kind<'_>) -> Vec<Mailing> {
        let spam = figure(entry, "OutboundSpamLast24Hours");
        let rest = figure(entry, "OutboundMailLast24Hours").saturating_sub(spam);
        let own = outside(kind.sender, "Minutes of our meeting", OFFICE);
        vec![self.spread(&own, entry, rest, DAY), self.spread(kind, entry, spam, BURST).ending_as(last_spam(entry))]
    }

    /// Spam in the name of people whom nobody knows, and the orders that the relay is for.
    fn relayed(&mut self, entry: &Restriction) -> Vec<Mailing> {
        let spam = figure(entry, "OutboundSpamLast24Hours");
        let rest = figure(entry, "OutboundMailLast24Hours").saturating_sub(spam);
        let third = spam / 3;
        let orders = self.spread(&outside("erp@contoso.com", "Your order", RELAY), entry, rest, DAY);
        let kind = |sender| outside(sender, "Your parcel could not be delivered", FOREIGN_ADDRESS);
        vec![
            orders,
            self.spread(&kind("billing@contoso.com"), entry, third, BURST),
            self.spread(&kind("noreply@contoso.com"), entry, third, BURST),
            self.spread(&kind("invoice@contoso.com"), entry, spam - 2 * third, BURST).ending_as(last_spam(entry)),
        ]
    }

    /// Every Monday at 08:04, and before the block to more people than ever.
    fn newsletter(&mut self, entry: &Restriction, name: &str) -> Vec<Mailing> {
        let kind = outside(name, "Contoso Weekly", NEWSLETTER);
        let block = entry.created;
        let last = monday_before(block.saturating_sub(Duration::hours(26)));
        let mut all: Vec<Mailing> = (0..MONDAYS)
            .map(|week| {
                let count = self.random.gen_range(4_000..4_600);
                let first = last.saturating_sub(Duration::weeks(week));
                self.mailing(&kind, first, Duration::seconds(20), (count, LARGEST_MESSAGE))
            })
            .collect();
        let count = figure(entry, "RecipientCountLast24Hours");
        let first = block.saturating_sub(Duration::minutes(9));
        all.push(self.mailing(&kind, first, Duration::seconds(20), (count, LARGEST_MESSAGE)));
        all
    }

    /// Mail of the day of the block, to inside and outside as its figures say.
    fn today(&mut self, kind: &Kind<'_>, entry: &Restriction) -> Vec<Mailing> {
        let midnight = entry.created.to_offset(UtcOffset::UTC).date().midnight().assume_utc();
        let time = entry.created - midnight;
        let inside = Kind { is_outside: false, ..*kind };
        vec![
            self.spread(&inside, entry, figure(entry, "InternalRecipientCountToday"), time),
            self.spread(kind, entry, figure(entry, "ExternalRecipientCountToday"), time),
        ]
    }

    /// Evenly over the time before the block, one recipient a message.
    fn spread(&mut self, kind: &Kind<'_>, entry: &Restriction, count: u32, time: Duration) -> Mailing {
        let every = time / i32::try_from(count.max(1)).unwrap_or(i32::MAX);
        let steps = i32::try_from(count.saturating_sub(1)).unwrap_or(i32::MAX);
        let last = entry.created.saturating_sub(every / 2);
        self.mailing(kind, last.saturating_sub(every.saturating_mul(steps)), every, (count, 1))
    }

    fn mailing(
        &mut self,
        kind: &Kind<'_>,
        first: OffsetDateTime,
        every: Duration,
        (count, per_message): (u32, u32),
    ) -> Mailing {
        Mailing {
            number: self.random.gen(),
            sender: kind.sender.to_owned(),
            first,
            every,
            count,
            per_message,
            is_outside: kind.is_outside,
            subject: kind.subject,
            from: kind.from.to_owned(),
            last: None,
        }
    }
}

impl Mailing {
    fn ending_as(self, last: Option<Uuid>) -> Self {
        Self { last, ..self }
    }
}

fn outside<'a>(sender: &'a str, subject: &'static str, from: &'a str) -> Kind<'a> {
    Kind { sender, subject, from, is_outside: true }
}

/// Senders by address, connectors by name.
fn name_of(entry: &Restriction) -> String {
    use crate::restriction::Subject;
    match &entry.subject {
        Subject::Sender { address, .. } => address.to_lowercase(),
        Subject::Connector { name, .. } => name.clone(),
    }
}

/// A figure of a restriction's reason; 0 where it says nothing.
fn figure(entry: &Restriction, key: &str) -> u32 {
    let values = entry.reason.split(';').filter_map(|part| part.split_once('='));
    values.into_iter().find(|(name, _)| *name == key).and_then(|(_, value)| value.parse().ok()).unwrap_or_default()
}

fn last_spam(entry: &Restriction) -> Option<Uuid> {
    let id = entry.reason.split(';').find_map(|part| part.strip_prefix("Last Spam Message MessagetraceId:"));
    id.and_then(|id| Uuid::try_parse(id).ok())
}

/// The last Monday 08:04 UTC that is not after `time`.
fn monday_before(time: OffsetDateTime) -> OffsetDateTime {
    let at = Duration::minutes(8 * 60 + 4);
    let day = time.to_offset(UtcOffset::UTC).saturating_sub(at).date();
    let monday = day.saturating_sub(Duration::days(day.weekday().number_days_from_monday().into()));
    monday.midnight().assume_utc().saturating_add(at)
}
