//! The story a practice tenant opens with: who works at Contoso, who is restricted, and why. All of it stands here and
//! in the files beside: what happened before ([`history`]), who works there ([`people`]) and in which groups
//! ([`groups`]), what some have been through ([`takeover`]), what directs their mail ([`mail_flow`]), what they sent ([`mailings`]) and the rules for sending
//! ([`policy`]).
//!
//! Names are of fictitious companies, addresses of networks reserved for documentation. Identifiers, secrets and
//! figures come from the seed, so the same seed tells the same story; times count back from the clock's start.

mod groups;
mod history;
mod mail_flow;
mod mailings;
mod people;
mod policy;
mod takeover;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::account::Accounts;
use crate::directory::{AcceptedDomain, Directory, Recipient, RecipientKind};
use crate::fault::{Faults, Order};
use crate::group::Groups;
use crate::mail_flow::MailFlow;
use crate::outbound_policy::OutboundPolicies;
use crate::release::Release;
use crate::restriction::{Entity, Restriction, Restrictions, Subject, UNBLOCK_BUDGET};
use crate::role::Grant;
use crate::settings::Settings;
use crate::token::App;
use crate::trace::Mailing;

/// What kind of organization the tenant is, and who is restricted when it opens. In text: `standard`, `empty`, `large`,
/// `difficult`, `standalone`, `21vianet`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Eight restricted senders and three restricted connectors: every kind of reason and every oddity of addresses.
    /// An audit log of five months.
    #[default]
    Standard,
    /// The same organization with nobody restricted, ever: its audit log is empty.
    Empty,
    /// 10,000 restricted mailboxes and 200 restricted connectors.
    Large,
    /// As standard, on a bad day: a release takes 25 hours, another does not last, reads waver, a reply gets lost, and
    /// somebody can be unblocked only once more.
    Difficult,
    /// As standard, in an organization with standalone protection: its mailboxes are on premises.
    Standalone,
    /// As standard, in the cloud of 21Vianet: there is no audit log to search.
    Vianet,
}

impl Scenario {
    const ALL: [Self; 6] = [Self::Standard, Self::Empty, Self::Large, Self::Difficult, Self::Standalone, Self::Vianet];
}

/// A text that names no [`Scenario`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScenario;

impl fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scenario is one of standard, empty, large, difficult, standalone, 21vianet")
    }
}

impl std::error::Error for UnknownScenario {}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        Self::ALL.into_iter().find(|scenario| scenario.to_string().eq_ignore_ascii_case(text)).ok_or(UnknownScenario)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Empty => "empty",
            Self::Large => "large",
            Self::Difficult => "difficult",
            Self::Standalone => "standalone",
            Self::Vianet => "21vianet",
        })
    }
}

pub(crate) const COMPANY: &str = "Contoso";
pub(crate) const INITIAL_DOMAIN: &str = "contoso.onmicrosoft.com";
const DOMAIN: &str = "contoso.com";

const LARGE_MAILBOXES: u32 = 10_000;
const LARGE_CONNECTORS: u32 = 200;

/// Everything a tenant begins with.
pub(crate) struct Story {
    pub(crate) tenant_id: Uuid,
    /// Of the organization's object in Exchange; another one than the tenant's.
    pub(crate) organization_guid: Uuid,
    pub(crate) founded: OffsetDateTime,
    /// The first may do everything.
    pub(crate) apps: Vec<App>,
    pub(crate) directory: Directory,
    pub(crate) groups: Groups,
    pub(crate) accounts: Accounts,
    pub(crate) mail_flow: MailFlow,
    pub(crate) mailings: Vec<Mailing>,
    pub(crate) restrictions: Restrictions,
    pub(crate) outbound_policies: OutboundPolicies,
    pub(crate) settings: Settings,
    /// What is going to go wrong.
    pub(crate) faults: Faults,
}

impl Story {
    pub(crate) fn tell(scenario: Scenario, seed: u64, now: OffsetDateTime) -> Self {
        let mut teller = Teller { random: StdRng::seed_from_u64(seed), now };
        let tenant_id = teller.guid();
        let mut apps = teller.apps();
        let mut recipients = teller.staff();
        let mut restrictions = Restrictions::new(seed);
        match scenario {
            Scenario::Empty => {}
            Scenario::Large => teller.restrict_thousands(&mut recipients, &mut restrictions),
            // A hosted mailbox is listed by its user principal name, any other sender by its address.
            Scenario::Standalone => teller.restrict_some(&mut restrictions, "megan.bowen@contoso.com"),
            _ => teller.restrict_some(&mut restrictions, "megan.bowen@contoso.onmicrosoft.com"),
        }
        let domains = vec![
            AcceptedDomain { domain: DOMAIN.into(), default: true, match_subdomains: true, initial: false },
            AcceptedDomain { domain: INITIAL_DOMAIN.into(), default: false, match_subdomains: false, initial: true },
        ];
        // What joined the story later draws from numbers of its own, so that the rest stays as it was told.
        let mut teller = Teller { random: StdRng::seed_from_u64(!seed), now };
        apps.push(teller.app(("Weekly report", Grant::ReadOnly)));
        let organization_guid = teller.guid();
        recipients.iter_mut().for_each(|recipient| recipient.object_id = teller.guid());
        let founded = now.saturating_sub(Duration::days(2000));
        let mut teller = Teller { random: StdRng::seed_from_u64(seed ^ history::NUMBERS), now };
        let mut outbound_policies = teller.outbound_policies(founded);
        if !matches!(scenario, Scenario::Empty | Scenario::Large) {
            teller.remember(&mut restrictions);
        }
        let mut teller = Teller { random: StdRng::seed_from_u64(seed ^ people::NUMBERS), now };
        let mut people = teller.people(&recipients, founded);
        if !matches!(scenario, Scenario::Empty | Scenario::Large) {
            teller.tell_of(&mut people, &mut restrictions);
        }
        let mut teller = Teller { random: StdRng::seed_from_u64(seed ^ groups::NUMBERS), now };
        let newcomers = teller.newcomers();
        let newcomer_guids: Vec<Uuid> = newcomers.iter().map(|recipient| recipient.guid).collect();
        recipients.extend(newcomers);
        let directory = Directory::new(recipients, domains);
        let groups = groups::gather(&directory);
        teller.welcome(&mut people, &directory, &groups, &newcomer_guids, founded);
        teller.more_outbound_policies(&mut outbound_policies, founded);
        if scenario == Scenario::Standalone {
            people.synchronize();
        }
        let mut teller = Teller { random: StdRng::seed_from_u64(seed ^ mail_flow::NUMBERS), now };
        let mail_flow = teller.mail_flow(&mut restrictions, founded);
        let mut teller = Teller { random: StdRng::seed_from_u64(seed ^ mailings::NUMBERS), now };
        let mailings = if scenario == Scenario::Large { Vec::new() } else { teller.mailings(&mut restrictions) };
        let mut faults = Faults::default();
        if scenario == Scenario::Difficult {
            make_difficult(&mut restrictions, &mut faults, now);
        }
        let settings = Settings {
            mailboxes: scenario != Scenario::Standalone,
            audit_log: scenario != Scenario::Vianet,
            ..Settings::default()
        };
        Self {
            tenant_id,
            organization_guid,
            founded,
            apps,
            directory,
            groups,
            accounts: people.gather(seed),
            mail_flow,
            mailings,
            restrictions,
            outbound_policies,
            settings,
            faults,
        }
    }
}

/// Makes the standard story's releases go as badly as they do on a bad day.
fn make_difficult(list: &mut Restrictions, faults: &mut Faults, now: OffsetDateTime) {
    let slow = Release { after: Some(Duration::hours(25)), ..Release::default() };
    let short_lived = Release { returns_after: Some(Duration::minutes(10)), ..Release::default() };
    let wavering = Release { missed_reads: 1, ..Release::default() };
    let mut plans = vec![
        (Entity::sender("adele.vance@contoso.com"), slow),
        (Entity::sender("megan.bowen@contoso.onmicrosoft.com"), short_lived),
        (Entity::sender("alex.wilber@contoso.com"), wavering),
        (Entity::sender("news@contoso.com"), wavering),
    ];
    let connectors = list.list(now).map(|(_, entry)| entry.subject.entity());
    plans.extend(connectors.filter(|entity| matches!(entity, Entity::Connector(_))).take(1).map(|first| (first, slow)));
    // The tenant has just opened: there is room for all of it.
    for (entity, release) in plans {
        let _ = list.plan(entity, release);
    }
    let _ = list.count_unblocks(Entity::sender("johanna.lorenz@contoso.com"), UNBLOCK_BUDGET - 1);
    let _ = faults.order(Order::lost_reply("Remove-BlockedSenderAddress", "o'brien@contoso.com"));
}

/// What a `Reason` of the service looks like.
#[derive(Clone, Copy)]
enum Why {
    /// Too much of the outgoing mail was judged spam; `seen_from` is where it was submitted, where that is known.
    Spam { seen_from: Option<IpAddr> },
    /// A limit of the outbound spam policy: `Internal` or `External` recipients.
    PolicyLimit(&'static str),
    /// The service's own limit of recipients in 24 hours.
    RecipientRate,
    /// Text that follows no known form.
    Other(&'static str),
}

const IPV4: Why = Why::Spam { seen_from: Some(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 45))) };
const IPV6: Why =
    Why::Spam { seen_from: Some(IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0x51, 0, 0, 0, 0, 0x1f))) };
const SPAM: Why = Why::Spam { seen_from: None };
const SUSPENDED: Why = Why::Other("Sending from this account was suspended after a manual review");
const HELD: Why = Why::Other("Connector held: certificate owner could not be confirmed");

struct Teller {
    random: StdRng,
    now: OffsetDateTime,
}

impl Teller {
    fn apps(&mut self) -> Vec<App> {
        [
            ("RestrictedSender automation", Grant::Full),
            ("Reporting without a directory role", Grant::NoDirectoryRole),
            ("Forgotten consent", Grant::None),
            ("Old automation", Grant::ExpiredSecret),
        ]
        .map(|app| self.app(app))
        .into()
    }

    fn app(&mut self, (name, grant): (&'static str, Grant)) -> App {
        App { name, id: self.guid(), secret: self.secret(), grant }
    }

    fn staff(&mut self) -> Vec<Recipient> {
        vec![
            // Restricted in the standard scenario.
            self.user("Adele Vance", "adele.vance", &[]),
            self.chief_executive(),
            self.user("Alex Wilber", "alex.wilber", &["news"]),
            self.user("Johanna Lorenz", "johanna.lorenz", &[]),
            self.user("Sean O'Brien", "o'brien", &[]),
            self.user("Isaiah Langer", "isaiah.langer", &[]),
            // Healthy.
            self.user("Diego Siciliani", "diego.siciliani", &["diego"]),
            self.user("Henrietta Mueller", "henrietta.mueller", &[]),
            self.user("Joni Sherman", "joni.sherman", &[]),
            self.user("Lee Gu", "lee.gu", &["lee"]),
            self.user("Lidia Holloway", "lidia.holloway", &[]),
            self.user("Lynne Robbins", "lynne.robbins", &[]),
            self.user("Miriam Graham", "miriam.graham", &[]),
            self.user("Nestor Wilke", "nestor.wilke", &[]),
            Recipient { kind: RecipientKind::SharedMailbox, ..self.user("Customer Service", "service", &["help"]) },
            Recipient {
                kind: RecipientKind::DistributionGroup,
                upn: None,
                ..self.user("All Staff", "all.staff", &["everyone"])
            },
        ]
    }

    /// Signs in with the initial domain and writes as contoso.com, so she is listed by an address nobody knows.
    fn chief_executive(&mut self) -> Recipient {
        let sign_in = format!("megan.bowen@{INITIAL_DOMAIN}");
        Recipient {
            upn: Some(sign_in.clone()),
            other_addresses: vec![sign_in, format!("ceo@{DOMAIN}")],
            ..self.user("Megan Bowen", "megan.bowen", &[])
        }
    }

    /// `chief_executive` is the name she is listed by; others' user principal names equal their addresses.
    fn restrict_some(&mut self, list: &mut Restrictions, chief_executive: &str) {
        self.restrict_sender(list, "adele.vance@contoso.com", IPV4, Duration::minutes(25));
        self.restrict_sender(list, chief_executive, IPV6, Duration::hours(3));
        // One person twice: aliases are listed separately and each needs its own unblock.
        self.restrict_sender(list, "alex.wilber@contoso.com", Why::PolicyLimit("Internal"), Duration::hours(6));
        self.restrict_sender(list, "news@contoso.com", Why::PolicyLimit("External"), Duration::hours(5));
        // The service does not always keep to lower case.
        self.restrict_sender(list, "Johanna.Lorenz@Contoso.com", Why::RecipientRate, Duration::hours(14));
        self.restrict_sender(list, "o'brien@contoso.com", SUSPENDED, Duration::days(2));
        // A device behind the on-premises relay: in no directory.
        self.restrict_sender(list, "scanner@print.contoso.com", SPAM, Duration::days(4));
        // Unblocked so often before that only Microsoft Support can help: see the history.
        self.restrict_sender(list, "isaiah.langer@contoso.com", SPAM, Duration::days(6));

        self.restrict_connector(list, "On-premises relay to Microsoft 365", IPV4, Duration::hours(9));
        self.restrict_connector(list, "Fabrikam newsletter service", Why::PolicyLimit("External"), Duration::days(1));
        self.restrict_connector(list, "Branch office printers", HELD, Duration::days(5));
    }

    fn restrict_thousands(&mut self, recipients: &mut Vec<Recipient>, list: &mut Restrictions) {
        let reasons =
            [IPV4, Why::PolicyLimit("Internal"), Why::RecipientRate, IPV6, Why::PolicyLimit("External"), SPAM];
        for (number, why) in (1..=LARGE_MAILBOXES).zip(reasons.into_iter().cycle()) {
            let user = self.user(&format!("Employee {number:05}"), &format!("employee{number:05}"), &[]);
            let ago = self.minutes_ago();
            self.restrict_sender(list, &user.primary_address, why, ago);
            recipients.push(user);
        }
        for (number, why) in (1..=LARGE_CONNECTORS).zip(reasons.into_iter().cycle()) {
            let ago = self.minutes_ago();
            self.restrict_connector(list, &format!("Branch {number:03}"), why, ago);
        }
    }

    fn restrict_sender(&mut self, list: &mut Restrictions, address: &str, why: Why, ago: Duration) {
        // A daily policy limit blocks for the day; everything else until somebody lifts it (?).
        let temporary = matches!(why, Why::PolicyLimit(_));
        self.restrict(list, Subject::Sender { address: address.into(), temporary, expires: None }, why, ago);
    }

    fn restrict_connector(&mut self, list: &mut Restrictions, name: &str, why: Why, ago: Duration) {
        // Whether and when a connector's restriction ends by itself is not documented (?).
        let ends = matches!(why, Why::Spam { .. });
        let expires = ends.then(|| self.now.saturating_sub(ago).saturating_add(Duration::days(7)));
        let id = self.guid();
        self.restrict(list, Subject::Connector { id, name: name.into(), expires }, why, ago);
    }

    fn restrict(&mut self, list: &mut Restrictions, subject: Subject, why: Why, ago: Duration) {
        let created = self.now.saturating_sub(ago);
        let changed = created.saturating_add(Duration::seconds(self.random.gen_range(0..600)));
        let reason = self.reason(why);
        // A story with a name in it twice would lose the second; the tests count them.
        let _ = list.restrict(Restriction { subject, reason, created, changed }, self.now);
    }

    fn reason(&mut self, why: Why) -> String {
        match why {
            Why::Spam { seen_from } => {
                let mail = self.random.gen_range(80..900_u32);
                let spam = mail * self.random.gen_range(45..95) / 100;
                let percent = spam * 100 / mail;
                let message = self.guid();
                let mut reason = format!(
                    "OutboundSpamLast24Hours={spam};OutboundMailLast24Hours={mail};\
                     OutboundSpamPercent={percent};Last Spam Message MessagetraceId:{message}"
                );
                if let Some(address) = seen_from {
                    reason.push_str(&format!(";CIP={address};AS:{}", self.random.gen_range(5..10)));
                }
                reason
            }
            Why::PolicyLimit(kind) => {
                let (over, under) = (self.random.gen_range(1001..1400), self.random.gen_range(3..90));
                let (internal, external) = if kind == "Internal" { (over, under) } else { (under, over) };
                format!(
                    "EmailSendingLimitExceeded;InternalRecipientCountToday={internal};\
                     ExternalRecipientCountToday={external};ExceedingLimitType={kind}"
                )
            }
            Why::RecipientRate => {
                let count = self.random.gen_range(10_001..10_900);
                format!("RecipientRateLimitExceeded;RecipientCountLast24Hours={count};RcptRateLimit=10000;")
            }
            Why::Other(text) => text.into(),
        }
    }

    fn user(&mut self, display_name: &str, alias: &str, others: &[&str]) -> Recipient {
        let address = format!("{alias}@{DOMAIN}");
        Recipient {
            kind: RecipientKind::UserMailbox,
            display_name: display_name.into(),
            alias: alias.into(),
            guid: self.guid(),
            object_id: Uuid::nil(),
            upn: Some(address.clone()),
            primary_address: address,
            other_addresses: others.iter().map(|other| format!("{other}@{DOMAIN}")).collect(),
        }
    }

    fn minutes_ago(&mut self) -> Duration {
        Duration::minutes(self.random.gen_range(20..6 * 24 * 60))
    }

    fn guid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random.gen()).into_uuid()
    }

    /// Forty letters and digits, as long as the real ones.
    fn secret(&mut self) -> String {
        (0..40).map(|_| char::from(self.random.sample(rand::distributions::Alphanumeric))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn reasons(story: &mut Story) -> Vec<(Subject, String)> {
        story.restrictions.list(NOW).map(|(_, entry)| (entry.subject.clone(), entry.reason.clone())).collect()
    }

    #[test]
    fn scenarios_as_text() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.to_string().to_uppercase().parse(), Ok(scenario));
        }
        assert_eq!("huge".parse::<Scenario>(), Err(UnknownScenario));
    }

    #[test]
    fn sizes() {
        for (scenario, senders, connectors) in [
            (Scenario::Standard, 8, 3),
            (Scenario::Empty, 0, 0),
            (Scenario::Large, 10_000, 200),
            (Scenario::Difficult, 8, 3),
            (Scenario::Standalone, 8, 3),
            (Scenario::Vianet, 8, 3),
        ] {
            let mut story = Story::tell(scenario, 1, NOW);
            let all = reasons(&mut story);
            let found = all.iter().filter(|(subject, _)| matches!(subject, Subject::Sender { .. })).count();
            assert_eq!((found, all.len() - found), (senders, connectors), "{scenario}");
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let tell = |seed| {
            let mut story = Story::tell(Scenario::Standard, seed, NOW);
            let reasons: Vec<String> = reasons(&mut story).into_iter().map(|(_, reason)| reason).collect();
            (story.tenant_id, story.apps.first().map(|app| app.secret.clone()), reasons)
        };
        assert_eq!(tell(7), tell(7));
        assert_ne!(tell(7), tell(8));
    }

    #[test]
    fn times_are_of_the_last_week_and_figures_add_up() {
        for seed in 0..50 {
            let mut story = Story::tell(Scenario::Standard, seed, NOW);
            for (_, entry) in story.restrictions.list(NOW) {
                assert!(entry.created >= NOW - Duration::days(6) && entry.created < NOW, "{entry:?}");
                assert!(entry.changed >= entry.created && entry.changed <= NOW, "{entry:?}");
                let figure = |key: &str| -> Option<u32> {
                    entry.reason.split(';').find_map(|part| part.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
                };
                if let (Some(spam), Some(mail)) = (figure("OutboundSpamLast24Hours"), figure("OutboundMailLast24Hours"))
                {
                    assert!(spam <= mail && figure("OutboundSpamPercent") == Some(spam * 100 / mail), "{entry:?}");
                }
            }
        }
    }

    #[test]
    fn at_any_hour_an_intruder_comes_before_the_block_and_the_admin_after_it() {
        for hour in 0..24 {
            let now = NOW + Duration::hours(hour) + Duration::minutes(13);
            let mut story = Story::tell(Scenario::Standard, 1, now);
            let mut block = |entity: Entity| {
                let (_, entry) =
                    story.restrictions.list(now).find(|(_, entry)| entry.subject.entity() == entity).unwrap();
                entry.created
            };
            let adele = story.accounts.find("adele.vance@contoso.com").unwrap();
            let at = adele.methods.last().and_then(|method| method.added).unwrap();
            let adeles = block(Entity::sender("adele.vance@contoso.com"));
            assert!(at < adeles && at > adeles - Duration::hours(28), "{now}");
            assert!(adele.mailbox.changed < adeles && adele.mailbox.changed > at, "{now}");
            let megan = story.accounts.find("megan.bowen@contoso.onmicrosoft.com").unwrap();
            let megans = block(Entity::sender("megan.bowen@contoso.onmicrosoft.com"));
            assert!(megan.password_changed > megans && megan.mailbox.changed <= now, "{now}");
            let connector = story.mail_flow.inbound.iter().max_by_key(|connector| connector.changed).unwrap();
            assert!(connector.changed < now && connector.changed > now - Duration::days(1), "{now}");
            for mailing in &story.mailings {
                assert!(mailing.received(0) <= mailing.received(mailing.count.saturating_sub(1)), "{mailing:?}");
                assert!(mailing.received(mailing.count.saturating_sub(1)) < now, "{mailing:?}");
            }
        }
    }

    #[test]
    fn every_kind_of_reason_is_there() {
        let mut story = Story::tell(Scenario::Standard, 1, NOW);
        let all = reasons(&mut story);
        let has = |parts: &[&str]| all.iter().any(|(_, reason)| parts.iter().all(|part| reason.contains(part)));
        assert!(has(&["OutboundSpamLast24Hours=", "MessagetraceId:", "CIP=203.0.113.45", "AS:"]));
        assert!(has(&["OutboundSpamLast24Hours=", "CIP=2001:db8:51::1f"]));
        assert!(has(&["EmailSendingLimitExceeded;", "ExceedingLimitType=Internal"]));
        assert!(has(&["EmailSendingLimitExceeded;", "ExceedingLimitType=External"]));
        assert!(has(&["RecipientRateLimitExceeded;", "RcptRateLimit=10000;"]));
        assert!(all.iter().any(|(subject, reason)| matches!(subject, Subject::Sender { .. }) && !reason.contains('=')));
        let connectors: Vec<&String> = all
            .iter()
            .filter(|(subject, _)| matches!(subject, Subject::Connector { .. }))
            .map(|(_, reason)| reason)
            .collect();
        assert!(connectors.iter().any(|reason| reason.contains("OutboundSpamPercent")));
        assert!(connectors.iter().any(|reason| reason.contains("ExceedingLimitType")));
        assert!(connectors.iter().any(|reason| !reason.contains('=')));
    }
}
