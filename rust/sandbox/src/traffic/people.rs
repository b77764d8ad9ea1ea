//! Who sends what on a day.

use rand::rngs::StdRng;
use rand::Rng;
use time::{Duration, OffsetDateTime, Weekday};

use super::{Fate, TracedMessage};

const DOMAIN: &str = "contoso.com";

/// Where mail is handed over: at work, by the newsletter, the scanner and the order system, and by an intruder.
const OFFICE: &str = "198.51.100.24";
const NEWSLETTER: &str = "198.51.100.40";
const PRINTERS: &str = "198.51.100.77";
const ORDERS: &str = "198.51.100.10";
const FOREIGN: &str = "203.0.113.45";

/// How many days before the end the account is taken over.
const DAYS_SINCE_TAKEOVER: u32 = 5;

/// Commas, quotes and other alphabets occur, as they do.
const SUBJECTS: [&str; 8] = [
    "Minutes of our meeting",
    "Re: Your question, again",
    "Offer \"Spring\"",
    "Lunch?",
    "Grüße aus München",
    "見積書の件",
    "FW: Contract; second draft",
    "Who comes on Thursday?",
];

/// Somebody on a day.
struct Day {
    sender: String,
    client_address: &'static str,
    midnight: OffsetDateTime,
    random: StdRng,
    messages: Vec<TracedMessage>,
}

/// The mail of a sender on the day that begins at `midnight`, `left` days before the end.
pub(super) fn mail_of(
    number: u32,
    senders: u32,
    midnight: OffsetDateTime,
    left: u32,
    random: StdRng,
) -> Vec<TracedMessage> {
    let (sender, client_address) = match number {
        0 => (format!("newsletter@{DOMAIN}"), NEWSLETTER),
        1 => (format!("scanner@print.{DOMAIN}"), PRINTERS),
        3 => (format!("orders@{DOMAIN}"), ORDERS),
        _ => (format!("employee{number:05}@{DOMAIN}"), OFFICE),
    };
    let mut day = Day { sender, client_address, midnight, random, messages: Vec::new() };
    let is_weekend = matches!(midnight.weekday(), Weekday::Saturday | Weekday::Sunday);
    match number {
        0 if midnight.weekday() == Weekday::Monday => day.newsletter(),
        1 if !is_weekend => day.scans(senders),
        3 => day.orders(),
        0 | 1 => {}
        _ => {
            if number == 2 && left == DAYS_SINCE_TAKEOVER {
                day.spam();
            }
            if !is_weekend {
                day.work(senders);
            }
        }
    }
    day.messages
}

impl Day {
    fn newsletter(&mut self) {
        let count = self.random.gen_range(4000..4600_u32);
        let first = Duration::minutes(8 * 60 + 4);
        for (place, start) in (0..count).step_by(500).enumerate() {
            let readers = (start..count.min(start + 500)).map(customer).collect();
            let after = Duration::seconds(20).saturating_mul(i32::try_from(place).unwrap_or(i32::MAX));
            self.send(first.saturating_add(after), "Contoso Weekly", readers);
        }
    }

    /// To whoever stands before it.
    fn scans(&mut self, senders: u32) {
        for _ in 0..self.random.gen_range(180..320) {
            let at = self.moment(7, 19);
            let to = self.colleague(senders);
            self.send(at, "Scanned document from MFP-03", vec![to]);
        }
    }

    /// Around the clock, weekends too.
    fn orders(&mut self) {
        for _ in 0..self.random.gen_range(100..200) {
            let at = self.moment(0, 24);
            let to = customer(self.random.gen_range(0..20_000));
            self.send(at, "Your order", vec![to]);
        }
    }

    fn spam(&mut self) {
        self.client_address = FOREIGN;
        for number in 0..self.random.gen_range(1500..2500) {
            let after = Duration::milliseconds(self.random.gen_range(0..90 * 60_000));
            let to = (format!("victim{number:05}@adatum.example"), Fate::Sent);
            self.send(Duration::minutes(2 * 60 + 17).saturating_add(after), "Your invoice is overdue", vec![to]);
        }
        self.client_address = OFFICE;
    }

    fn work(&mut self, senders: u32) {
        for _ in 0..self.random.gen_range(4..24) {
            // Less of it at noon.
            let at = if self.random.gen_bool(0.5) { self.moment(7, 12) } else { self.moment(13, 19) };
            let subject = SUBJECTS.get(self.random.gen_range(0..SUBJECTS.len())).copied().unwrap_or_default();
            let mut to = Vec::new();
            for _ in 0..self.random.gen_range(1..=4) {
                let one = match self.random.gen_range(0..100) {
                    0..=59 => self.colleague(senders),
                    60..=97 => customer(self.random.gen_range(0..20_000)),
                    98 => (format!("left.long.ago{}@{DOMAIN}", self.random.gen_range(0..50)), Fate::Failed),
                    _ => {
                        let team = self.random.gen_range(0..40);
                        to.extend(
                            (0..8).map(|member| (format!("team{team}.member{member}@{DOMAIN}"), Fate::Delivered)),
                        );
                        (format!("team{team}@{DOMAIN}"), Fate::Expanded)
                    }
                };
                to.push(one);
            }
            to.sort_by(|(one, _), (other, _)| one.cmp(other));
            to.dedup_by(|(one, _), (other, _)| one == other);
            self.send(at, subject, to);
        }
    }

    fn colleague(&mut self, senders: u32) -> (String, Fate) {
        let number = self.random.gen_range(4..senders.max(5));
        (format!("employee{number:05}@{DOMAIN}"), Fate::Delivered)
    }

    /// Between two hours of the day.
    fn moment(&mut self, from: i64, to: i64) -> Duration {
        Duration::milliseconds(self.random.gen_range(from * 3_600_000..to * 3_600_000))
    }

    fn send(&mut self, at: Duration, subject: &str, recipients: Vec<(String, Fate)>) {
        let trace_id = uuid::Builder::from_random_bytes(self.random.gen()).into_uuid();
        let members = members_among(&recipients);
        self.messages.push(TracedMessage {
            received: self.midnight.saturating_add(at),
            trace_id,
            message_id: format!("<{}@{DOMAIN}>", trace_id.simple()),
            sender: self.sender.clone(),
            recipients,
            members,
            subject: subject.to_owned(),
            client_address: self.client_address.to_owned(),
            size: self.random.gen_range(4_000..80_000),
        });
    }
}

/// Members of `team7@…` are `team7.member…`.
fn members_among(recipients: &[(String, Fate)]) -> Vec<(usize, usize)> {
    let groups = || recipients.iter().enumerate().filter(|(_, (_, fate))| *fate == Fate::Expanded);
    let group_of = |address: &str| {
        let (name, _) = address.split_once(".member")?;
        groups().find(|(_, (group, _))| group.split('@').next() == Some(name)).map(|(place, _)| place)
    };
    let places = recipients.iter().enumerate();
    places.filter_map(|(place, (address, _))| Some((place, group_of(address)?))).collect()
}

fn customer(number: u32) -> (String, Fate) {
    (format!("customer{number:05}@fabrikam.example"), Fate::Sent)
}
