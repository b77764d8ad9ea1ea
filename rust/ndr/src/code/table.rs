//! The codes of the family, as data. The facts are those of Microsoft Learn, "Email non-delivery reports and SMTP errors
//! in Exchange Online"; what stands beside a (?) no public source confirms.

use super::{Class, EnhancedStatus, LiftedBy, NextStep};

/// A code or a range of codes, with one of the texts that come with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The first code.
    pub first: EnhancedStatus,
    /// The last code; the first one where it is a single code.
    pub last: EnhancedStatus,
    /// The text that comes with it, shortened.
    pub text: &'static str,
    /// What tells it: parts of the text in lower case, each enough alone. Beside the code of another row only the first
    /// one counts: it is the service's sentence. Only the service's own rows have some.
    pub phrases: &'static [&'static str],
    /// Whether the code says nothing without one of the phrases.
    pub needs_phrase: bool,
    /// What was refused.
    pub class: Class,
    /// What to do next.
    pub next_step: NextStep,
    /// Who can lift it.
    pub lifted_by: LiftedBy,
    /// What to do, in words.
    pub advice: &'static str,
}

/// Where an address is taken off Microsoft's list of banned ones.
pub const DELIST_PORTAL: &str = "https://sender.office.com";

impl Row {
    /// Whether the code is this one or lies in this range.
    #[must_use]
    pub fn has(&self, status: EnhancedStatus) -> bool {
        (self.first.class, self.first.subject) == (status.class, status.subject)
            && (self.first.detail..=self.last.detail).contains(&status.detail)
            || self.is_rest() && self.first.class == status.class
    }

    /// Whether it is one code and not a range.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.first == self.last
    }

    /// Whether it is about codes of the service itself, and not about what any server means by a code.
    #[must_use]
    pub fn is_of_the_service(&self) -> bool {
        !self.phrases.is_empty()
    }

    /// Where to ask for removal, where there is a page for it.
    #[must_use]
    pub fn delist_url(&self) -> Option<&'static str> {
        (self.lifted_by == LiftedBy::DelistPortal).then_some(DELIST_PORTAL)
    }

    /// The code, or the first and the last one.
    #[must_use]
    pub fn code(&self) -> String {
        if self.is_exact() {
            return self.first.to_string();
        }
        format!("{}-{}", self.first, self.last)
    }

    /// The rows of every other code of a class of codes.
    fn is_rest(&self) -> bool {
        self.first.subject != self.last.subject
    }

    /// How many codes it covers, for which is the closest to a code.
    pub(crate) fn breadth(&self) -> u32 {
        if self.is_rest() {
            return u32::MAX;
        }
        u32::from(self.last.detail - self.first.detail)
    }
}

/// The rows of a code, the closest first: exact before ranges, and what its text tells before what it means alone. There
/// is at least one for every code that says that something failed.
#[must_use]
pub fn rows(status: EnhancedStatus) -> Vec<&'static Row> {
    let mut rows: Vec<_> = TABLE.iter().filter(|row| row.has(status)).collect();
    rows.sort_by_key(|row| row.breadth());
    // What a wider range says does not hold for a code that has rows of its own.
    if let Some(breadth) = rows.iter().find(|row| !row.needs_phrase).map(|row| row.breadth()) {
        rows.retain(|row| row.breadth() <= breadth);
    }
    rows
}

const fn code(class: u8, subject: u16, detail: u16) -> EnhancedStatus {
    EnhancedStatus::new(class, subject, detail)
}

macro_rules! table {
    ($($class:literal $subject:literal $detail:literal $(to $last_subject:literal $last:literal)?, $text:literal,
       [$($phrase:literal),*] $($needed:ident)?, $kind:ident, $next:ident, $lifted:ident, $advice:literal;)+) => {
        /// The table. Each row: the code (`to` the last one), the text, the phrases that tell it (`needed` where the code
        /// alone says nothing), the class, the next step, who lifts it, and the advice.
        pub static TABLE: &[Row] = &[$(Row {
            first: code($class, $subject, $detail),
            last: table!(@last $class $subject $detail $($last_subject $last)?),
            text: $text,
            phrases: &[$($phrase),*],
            needs_phrase: table!(@needed $($needed)?),
            class: Class::$kind,
            next_step: NextStep::$next,
            lifted_by: LiftedBy::$lifted,
            advice: $advice,
        }),+];
    };
    (@last $class:literal $subject:literal $detail:literal) => { code($class, $subject, $detail) };
    (@last $class:literal $subject:literal $detail:literal $last_subject:literal $last:literal) => {
        code($class, $last_subject, $last)
    };
    (@needed) => { false };
    (@needed needed) => { true };
}

table! {
    5 1 8, "Access denied, bad outbound sender",
        ["access denied, bad outbound sender", "bad outbound sender"] needed, RestrictedSender, SecureThenUnblock, Admin,
        "The sender is in the list of restricted entities. Secure the account (Test-SenderAccount shows what is open), then unblock it with Unblock-RestrictedSender.";
    5 1 8, "Sender address rejected, or its domain does not exist (another server's words)",
        [], OtherRefusal, FixMessage, RecipientOrganization,
        "This is not a restriction by Microsoft: without 'bad outbound sender' the code 5.1.8 means that a server does not accept the sender's address or domain, whatever the text around it says. Check the sender's address, its domain in DNS and its MX record, or ask the recipient's organization.";
    5 7 711, "Access denied, bad inbound connector",
        ["access denied, bad inbound connector", "bad inbound connector"], RestrictedConnector, CheckConnector, Admin,
        "A connector of the organization is restricted, not the sender. Find it with Get-RestrictedSender -EntityType Connector, find out who sends through it, then unblock it with Unblock-RestrictedSender -ConnectorId.";
    5 1 90, "Your message can't be sent because you've reached your daily limit for message recipients",
        ["reached your daily limit for message recipients"], RecipientRateLimit, Wait, Time,
        "The sender has reached 10,000 recipients within 24 hours. Wait: recipients become free again 24 hours after they were sent to. Unblocking does not help.";
    5 2 2, "Submission quota exceeded",
        ["submission quota exceeded", "submissionquotaexceeded"] needed, SubmissionQuota, Wait, Time,
        "The mailbox has sent to as many recipients as it may within 24 hours. Wait; find out what sent them.";
    5 2 2, "Mailbox full",
        [], RecipientProblem, AskRecipient, RecipientOrganization,
        "The recipient's mailbox is full. Let the recipient know by another way, or try again later.";
    // The texts of these three are not published in full (?).
    5 7 232, "Tenant external recipient limit (trial)",
        ["trial tenant has exceeded its daily limit"], TenantLimit, Wait, Time,
        "The organization, a trial, has reached its limit of external recipients in 24 hours. Wait, or buy licences.";
    5 7 233, "Tenant external recipient limit",
        ["tenant has exceeded its daily limit", "tenant exceeded its daily limit", "tenant external recipient rate limit"],
        TenantLimit, Wait, Time,
        "The organization has reached its limit of external recipients in 24 hours, which grows with its licences. Wait, or buy licences; find out who sends so much.";
    5 7 236, "onmicrosoft.com external recipient limit",
        ["onmicrosoft.com domain"], TenantLimit, Wait, Time,
        "Mail from onmicrosoft.com addresses may reach 100 external recipients in 24 hours. Wait, or send from a domain of your own.";
    5 7 501, "Access denied, spam abuse detected",
        ["spam abuse detected"], BannedSender, ContactSupport, MicrosoftSupport,
        "The account is banned for spam. Secure it as a compromised one, then ask Microsoft Support to lift the ban: unblocking in the list of restricted entities does not.";
    5 7 502 to 7 503, "Access denied, banned sender",
        ["banned sender"], BannedSender, ContactSupport, MicrosoftSupport,
        "The account is banned. Reset its credentials and secure it, then ask Microsoft Support to lift the ban.";
    5 7 508, "Access denied, has exceeded permitted limits within range",
        ["exceeded permitted limits within"], TemporaryLimit, Wait, Time,
        "The range of addresses that the mail came from has sent too much. Wait and send more slowly.";
    5 7 511, "Access denied, banned sender; write to the delist address",
        ["banned sender"], BannedSender, Delist, DelistMail,
        "The self-service portal cannot lift this ban: forward the whole report to the delist address that it names.";
    5 7 512, "Access denied, message must be RFC 5322 compliant",
        ["must be rfc 5322 compliant", "must be rfc5322 compliant"], OtherRefusal, FixMessage, Sender,
        "The message breaks the rules of mail, mostly by a missing or a second From header. Mend the program that wrote it.";
    5 7 513, "Service unavailable, client host blocked by the recipient using customer block list",
        ["using customer block list"], OtherRefusal, AskRecipient, RecipientOrganization,
        "The recipient's organization has the sender on a block list of its own. Only they can take it off.";
    5 7 520, "Access denied, your organization does not allow external forwarding",
        ["does not allow external forwarding"], ForwardingBlocked, ChangeForwardingPolicy, Admin,
        "The outbound spam policy forbids automatic forwarding. Make sure that the forwarding is wanted (intruders set it up too), then allow it in a policy for this mailbox (AutoForwardingMode).";
    5 7 606 to 7 649, "Access denied, banned sending IP",
        ["banned sending ip"], BannedIP, Delist, DelistPortal,
        "The IP address that the mail came from is banned. Stop what it sent, then ask for its removal in the delist portal; one address at each visit, and it can take up to 24 hours.";
    5 7 700 to 7 749, "Access denied, tenant has exceeded threshold",
        ["tenant has exceeded threshold"], TenantBlocked, ContactSupport, MicrosoftSupport,
        "The whole organization is blocked from sending. Find and secure the accounts that sent, then ask Microsoft Support: no admin can lift this.";
    5 7 705, "Access denied, tenant has exceeded threshold",
        ["tenant has exceeded threshold"], TenantBlocked, ContactSupport, MicrosoftSupport,
        "The whole organization is blocked from sending. Find and secure the accounts that sent, then ask Microsoft Support: no admin can lift this.";
    5 7 708, "Access denied, traffic not accepted from this IP",
        ["traffic not accepted from this ip"], BannedIP, ContactSupport, MicrosoftSupport,
        "The service does not take mail from the address that it assigned, mostly because the organization is new. The delist portal cannot help: ask Microsoft Support.";
    5 7 750, "Client blocked from sending from unregistered domains",
        ["from unregistered domain"], UnregisteredDomain, RegisterDomain, MicrosoftSupport,
        "Much mail came from domains that the organization has not registered. Add the domain as an accepted domain, stop what is not yours, then ask Microsoft Support to lift the block.";
    4 7 500 to 7 699, "Access denied, please try again later",
        ["access denied, please try again later"], TemporaryLimit, Wait, Time,
        "The service looks at mail that is out of the ordinary and takes it later. Wait; the sending server tries again by itself.";
    4 7 650, "The mail server has been temporarily rate limited due to IP reputation",
        ["temporarily rate limited due to ip reputation"], TemporaryLimit, Wait, Time,
        "The IP address that the mail comes from has too little reputation for so much mail. Wait and send more slowly.";
    4 7 850 to 7 899, "Access denied, please try again later",
        ["access denied, please try again later"], TemporaryLimit, Wait, Time,
        "The limit passes by itself. Wait; the sending server tries again.";
    5 1 7, "Invalid sender address",
        [], OtherRefusal, FixMessage, Sender,
        "A server does not accept the sender's address. Check it.";
    5 1 0 to 1 999, "Recipient address refused",
        [], RecipientProblem, CheckRecipient, RecipientOrganization,
        "The recipient's address does not exist or does not take mail. Check its spelling and whether it is still in use.";
    5 2 0 to 2 999, "Recipient mailbox refused",
        [], RecipientProblem, AskRecipient, RecipientOrganization,
        "The recipient's mailbox does not take the message: full, disabled, too small for it, or restricted to some senders. Ask the recipient by another way.";
    5 4 0 to 4 999, "Recipient domain not reached",
        [], RecipientProblem, CheckRecipient, RecipientOrganization,
        "The recipient's domain does not exist, does not know the address, or cannot be reached. Check the part behind the @.";
    4 0 0 to 999 999, "Refused for now",
        [], OtherRefusal, ReadDiagnostic, Unknown,
        "It failed for now, for a reason of the server that refused it: its own words say which.";
    5 0 0 to 999 999, "Refused",
        [], OtherRefusal, ReadDiagnostic, Unknown,
        "It was refused for a reason of the server that refused it: its own words say which. It is not one of Microsoft's restrictions of senders.";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(status: &str) -> Vec<Class> {
        rows(status.parse().unwrap()).iter().map(|row| row.class).collect()
    }

    #[test]
    fn an_exact_code_beats_a_range() {
        assert_eq!(classes("5.7.708"), [Class::BannedIP]);
        assert_eq!(classes("5.7.711"), [Class::RestrictedConnector]);
        assert_eq!(classes("5.7.712"), [Class::TenantBlocked]);
        assert_eq!(classes("5.1.90"), [Class::RecipientRateLimit]);
        assert_eq!(classes("5.1.10"), [Class::RecipientProblem]);
        assert_eq!(
            rows("4.7.650".parse().unwrap())[0].text,
            "The mail server has been temporarily rate limited due to IP reputation"
        );
    }

    #[test]
    fn a_code_of_two_meanings_has_two_rows() {
        assert_eq!(classes("5.1.8"), [Class::RestrictedSender, Class::OtherRefusal]);
        assert_eq!(classes("5.2.2"), [Class::SubmissionQuota, Class::RecipientProblem]);
    }

    #[test]
    fn the_ends_of_a_range_belong_to_it() {
        for (status, class) in [
            ("5.7.605", Class::OtherRefusal),
            ("5.7.606", Class::BannedIP),
            ("5.7.649", Class::BannedIP),
            ("5.7.650", Class::OtherRefusal),
            ("5.7.699", Class::OtherRefusal),
            ("5.7.700", Class::TenantBlocked),
            ("5.7.749", Class::TenantBlocked),
            ("5.7.750", Class::UnregisteredDomain),
            ("4.7.499", Class::OtherRefusal),
            ("4.7.500", Class::TemporaryLimit),
            ("4.7.699", Class::TemporaryLimit),
            ("4.7.849", Class::OtherRefusal),
            ("4.7.899", Class::TemporaryLimit),
            ("4.7.900", Class::OtherRefusal),
        ] {
            assert_eq!(classes(status), [class], "{status}");
        }
    }

    #[test]
    fn every_failure_has_a_row() {
        for status in ["4.0.0", "5.0.0", "5.999.999", "4.4.7", "5.3.4"] {
            assert_eq!(classes(status), [Class::OtherRefusal], "{status}");
        }
        assert!(classes("2.0.0").is_empty());
    }

    #[test]
    fn texts_are_for_every_console() {
        for row in TABLE {
            assert!(row.advice.ends_with('.') && row.advice.is_ascii() && row.text.is_ascii(), "{}", row.code());
            assert!(row.phrases.iter().all(|phrase| *phrase == phrase.to_ascii_lowercase()), "{}", row.code());
            assert!(!row.needs_phrase || row.is_of_the_service(), "{}", row.code());
        }
    }
}
