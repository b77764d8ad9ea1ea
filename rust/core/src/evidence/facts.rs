//! What was read of a sender, a connector and their organization, as the checks look at it. Nothing here asks anybody.

use std::net::IpAddr;

use serde_json::Value as Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::exchange::{parse_date, Record};

/// What the directory says of who has an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    /// `RecipientTypeDetails`.
    pub kind: String,
    /// Its id in Microsoft Entra.
    pub object_id: Option<Uuid>,
    /// What the account signs in with.
    pub principal: Option<String>,
    /// The primary SMTP address.
    pub primary: Option<String>,
    /// Everything that a record may call it by.
    pub names: Vec<String>,
    /// Where mail to it goes, if that is outside.
    pub external: Option<String>,
}

impl Recipient {
    /// Reads a row of `Get-Recipient`.
    pub fn read(mut row: Record) -> Self {
        let object_id = row.take_text("ExternalDirectoryObjectId");
        let mut names = Vec::new();
        for name in ["Identity", "Name", "DisplayName", "Alias", "Guid", "DistinguishedName"] {
            names.extend(row.take_text(name));
        }
        // Assumption (?): the user principal name comes in `WindowsLiveID`, as for the addresses of a person.
        let principal = row.take_text("WindowsLiveID");
        let primary = row.take_text("PrimarySmtpAddress");
        names.extend(row.take_texts("EmailAddresses").into_iter().filter_map(|proxy| match proxy.split_once(':') {
            Some((kind, address)) if kind.eq_ignore_ascii_case("smtp") => Some(address.to_owned()),
            Some(_) => None,
            None => Some(proxy),
        }));
        names.extend([&principal, &primary, &object_id].into_iter().flatten().cloned());
        Self {
            kind: row.take_text("RecipientTypeDetails").unwrap_or_default(),
            object_id: object_id.and_then(|id| Uuid::parse_str(&id).ok()),
            external: row.take_text("ExternalEmailAddress").map(|address| bare(&address).to_owned()),
            principal,
            primary,
            names,
        }
    }

    /// Whether it has this address, and not only a name like it.
    pub fn has(&self, address: &str) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(address))
    }

    /// Whether it has a mailbox here; nothing where the service names no type.
    pub fn has_mailbox(&self) -> Option<bool> {
        let kind = self.kind.to_lowercase();
        (!kind.is_empty()).then(|| kind.ends_with("mailbox") && !kind.starts_with("remote"))
    }

    /// Whether somebody could sign in as it, so that it should have an account in Microsoft Entra.
    pub fn may_sign_in(&self) -> Option<bool> {
        let kind = self.kind.to_lowercase();
        (!kind.is_empty()).then(|| {
            kind.ends_with("mailbox") && !kind.starts_with("group") && !kind.starts_with("publicfolder")
                || kind.ends_with("user")
        })
    }
}

/// An account, as Microsoft Entra has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub id: Option<Uuid>,
    pub principal: Option<String>,
    pub enabled: Option<bool>,
    pub password_changed: Option<OffsetDateTime>,
    pub sessions_valid_from: Option<OffsetDateTime>,
    /// Whether a directory on premises is where it is changed.
    pub synchronized: bool,
}

/// What [`Account::read`] reads.
pub const ACCOUNT: &str = "id,userPrincipalName,accountEnabled,lastPasswordChangeDateTime,\
                           signInSessionsValidFromDateTime,onPremisesSyncEnabled";

impl Account {
    pub fn read(user: &Json) -> Self {
        Self {
            id: text(user, "id").and_then(|id| Uuid::parse_str(&id).ok()),
            principal: text(user, "userPrincipalName"),
            enabled: user["accountEnabled"].as_bool(),
            password_changed: date(user, "lastPasswordChangeDateTime"),
            sessions_valid_from: date(user, "signInSessionsValidFromDateTime"),
            synchronized: user["onPremisesSyncEnabled"].as_bool() == Some(true),
        }
    }
}

/// A way to prove who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    pub id: String,
    /// For example `microsoftAuthenticator`.
    pub kind: String,
    /// What its owner calls it, or its number.
    pub name: Option<String>,
    pub created: Option<OffsetDateTime>,
}

impl Method {
    pub fn read(method: &Json) -> Self {
        let kind = text(method, "@odata.type").unwrap_or_default();
        let kind = kind.rsplit('.').next().unwrap_or_default();
        Self {
            id: text(method, "id").unwrap_or_default(),
            kind: kind.strip_suffix("AuthenticationMethod").unwrap_or(kind).to_owned(),
            name: ["displayName", "phoneNumber", "emailAddress", "model"].iter().find_map(|name| text(method, name)),
            created: date(method, "createdDateTime"),
        }
    }

    /// Whether it is a second step. An address for a new password is none (Microsoft Learn, "emailAuthenticationMethod":
    /// for self-service password reset only).
    pub fn is_second_step(&self) -> bool {
        !self.kind.is_empty() && !matches!(self.kind.as_str(), "password" | "email")
    }
}

/// An app's permissions for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub id: String,
    pub permissions: Vec<String>,
    /// Whether it is for everybody.
    pub for_all: bool,
    /// The app: its name, and when the organization got to know it; nothing where that could not be read.
    pub app: Option<App>,
    /// The app's id in the directory.
    pub client_id: String,
}

/// An app, as the organization knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub name: String,
    pub created: Option<OffsetDateTime>,
    pub publisher: Option<String>,
}

impl Consent {
    pub fn read(grant: &Json) -> Self {
        Self {
            id: text(grant, "id").unwrap_or_default(),
            permissions: text(grant, "scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            for_all: grant["consentType"].as_str() == Some("AllPrincipals"),
            app: None,
            client_id: text(grant, "clientId").unwrap_or_default(),
        }
    }
}

impl App {
    pub fn read(principal: &Json) -> Self {
        Self {
            name: ["displayName", "appDisplayName", "appId"]
                .iter()
                .find_map(|name| text(principal, name))
                .unwrap_or_default(),
            created: date(principal, "createdDateTime"),
            publisher: text(&principal["verifiedPublisher"], "displayName"),
        }
    }
}

/// A directory role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: String,
    pub name: String,
}

impl Role {
    /// Nothing for what is no directory role.
    pub fn read(member: &Json) -> Option<Self> {
        let kind = text(member, "@odata.type")?;
        let id = text(member, "id").unwrap_or_default();
        kind.ends_with(".directoryRole").then(|| Self { name: text(member, "displayName").unwrap_or(id.clone()), id })
    }
}

/// What Microsoft Entra holds of the risk of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Risk {
    pub level: String,
    pub state: String,
    pub detail: Option<String>,
    pub updated: Option<OffsetDateTime>,
}

impl Risk {
    pub fn read(user: &Json) -> Self {
        Self {
            level: text(user, "riskLevel").unwrap_or_default(),
            state: text(user, "riskState").unwrap_or_default(),
            detail: text(user, "riskDetail").filter(|detail| detail != "none"),
            updated: date(user, "riskLastUpdatedDateTime"),
        }
    }
}

/// A mailbox, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// `ForwardingSmtpAddress`, without its kind.
    pub forwarding_address: Option<String>,
    /// `ForwardingAddress`: a recipient of the organization.
    pub forwarding_recipient: Option<String>,
    /// Where that recipient's mail goes, if outside; nothing where it was not asked for.
    pub forwarding_recipient_external: Option<Option<String>>,
    pub keeps_copy: Option<bool>,
    pub on_behalf: Vec<String>,
    pub audit_enabled: Option<bool>,
}

impl Mailbox {
    pub fn read(mut row: Record) -> Self {
        Self {
            forwarding_address: row.take_text("ForwardingSmtpAddress").map(|address| bare(&address).to_owned()),
            forwarding_recipient: row.take_text("ForwardingAddress"),
            forwarding_recipient_external: None,
            keeps_copy: row.take_bool("DeliverToMailboxAndForward"),
            on_behalf: row.take_texts("GrantSendOnBehalfTo"),
            audit_enabled: row.take_bool("AuditEnabled"),
        }
    }
}

/// An inbox rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxRule {
    pub identity: String,
    pub name: String,
    pub enabled: bool,
    /// Whom it forwards or redirects to, as the service writes them.
    pub sends_to: Vec<String>,
    pub deletes: bool,
    pub moves_to: Option<String>,
    pub marks_read: bool,
    /// The words that it looks for.
    pub words: Vec<String>,
}

impl InboxRule {
    pub fn read(mut row: Record) -> Self {
        let name = row.take_text("Name").unwrap_or_default();
        let mut sends_to = Vec::new();
        for how in ["ForwardTo", "ForwardAsAttachmentTo", "RedirectTo", "SendTextMessageNotificationTo"] {
            sends_to.extend(row.take_texts(how));
        }
        let mut words = Vec::new();
        for place in [
            "SubjectContainsWords",
            "BodyContainsWords",
            "SubjectOrBodyContainsWords",
            "FromAddressContainsWords",
            "HeaderContainsWords",
        ] {
            words.extend(row.take_texts(place));
        }
        Self {
            identity: ["Identity", "RuleIdentity"].iter().find_map(|id| row.take_text(id)).unwrap_or(name.clone()),
            // What does not say whether it is on counts as on.
            enabled: row.take_bool("Enabled").unwrap_or(true),
            deletes: row.take_bool("DeleteMessage") == Some(true) || row.take_bool("SoftDeleteMessage") == Some(true),
            moves_to: row.take_text("MoveToFolder"),
            marks_read: row.take_bool("MarkAsRead") == Some(true),
            name,
            sends_to,
            words,
        }
    }
}

/// A sweep rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRule {
    pub identity: String,
    pub name: String,
    pub enabled: bool,
    pub moves_to: Option<String>,
}

impl SweepRule {
    pub fn read(mut row: Record) -> Self {
        let name = row.take_text("Name").unwrap_or_default();
        Self {
            identity: ["RuleId", "Identity"].iter().find_map(|id| row.take_text(id)).unwrap_or(name.clone()),
            enabled: row.take_bool("Enabled").unwrap_or(true),
            moves_to: row.take_text("DestinationFolder"),
            name,
        }
    }
}

/// Somebody else's right over the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegate {
    pub who: String,
    pub rights: String,
}

impl Delegate {
    /// A row of `Get-MailboxPermission`; nothing for the owner's own, inherited and denied ones.
    pub fn of_mailbox(mut row: Record) -> Option<Self> {
        if row.take_bool("IsInherited") == Some(true) || row.take_bool("Deny") == Some(true) {
            return None;
        }
        Self::of(row.take_text("User"), &row.take_texts("AccessRights"))
    }

    /// A row of `Get-RecipientPermission`; nothing for the owner's own, inherited and denied ones.
    pub fn of_recipient(mut row: Record) -> Option<Self> {
        let denied = row.take_text("AccessControlType").is_some_and(|kind| kind.eq_ignore_ascii_case("Deny"));
        if denied || row.take_bool("IsInherited") == Some(true) {
            return None;
        }
        Self::of(row.take_text("Trustee"), &row.take_texts("AccessRights"))
    }

    fn of(who: Option<String>, rights: &[String]) -> Option<Self> {
        // Rights of nobody that can be named are still somebody's.
        let who = who.unwrap_or_else(|| "somebody whom the service does not name".to_owned());
        (!who.eq_ignore_ascii_case(r"NT AUTHORITY\SELF")).then(|| Self { who, rights: rights.join(", ") })
    }
}

/// The protocols of a mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protocols {
    pub imap: Option<bool>,
    pub pop: Option<bool>,
    /// Nothing where the organization's setting decides.
    pub smtp_off: Option<bool>,
}

impl Protocols {
    pub fn read(mut row: Record) -> Self {
        Self {
            imap: row.take_bool("ImapEnabled"),
            pop: row.take_bool("PopEnabled"),
            smtp_off: row.take_bool("SmtpClientAuthenticationDisabled"),
        }
    }
}

/// A mail flow rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportRule {
    pub name: String,
    pub enabled: bool,
    pub changed: Option<OffsetDateTime>,
    /// What it does with the mail that takes it elsewhere.
    pub diverts: Vec<String>,
}

impl TransportRule {
    pub fn read(mut row: Record) -> Self {
        let mut diverts = Vec::new();
        for action in [
            "RedirectMessageTo",
            "BlindCopyTo",
            "CopyTo",
            "AddToRecipients",
            "RouteMessageOutboundConnector",
            "DeleteMessage",
            "Quarantine",
        ] {
            let to: Vec<_> = row
                .take_texts(action)
                .into_iter()
                .filter(|to| !to.is_empty() && !to.eq_ignore_ascii_case("false"))
                .collect();
            if !to.is_empty() {
                diverts.push(format!("{action} {}", to.join(", ")));
            }
        }
        Self {
            name: ["Name", "Identity"].iter().find_map(|id| row.take_text(id)).unwrap_or_default(),
            enabled: !row.take_text("State").is_some_and(|state| state.eq_ignore_ascii_case("Disabled")),
            changed: row.take_date("WhenChanged"),
            diverts,
        }
    }
}

/// A connector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connector {
    pub id: Option<Uuid>,
    pub name: String,
    pub inbound: bool,
    pub enabled: bool,
    pub on_premises: bool,
    pub changed: Option<OffsetDateTime>,
    /// The name that the certificate of who sends must have.
    pub certificate: Option<String>,
    pub restricts_to_certificate: bool,
    pub restricts_to_addresses: bool,
    pub addresses: Vec<String>,
    pub sender_domains: Vec<String>,
}

impl Connector {
    pub fn read(mut row: Record, inbound: bool) -> Self {
        let id = ["Guid", "ConnectorId", "ExchangeObjectId", "Id"].iter().find_map(|id| row.take_text(id));
        let kind = row.take_text("ConnectorType").unwrap_or_default();
        Self {
            id: id.and_then(|id| Uuid::parse_str(&id).ok()),
            name: ["Name", "Identity"].iter().find_map(|id| row.take_text(id)).unwrap_or_default(),
            inbound,
            enabled: row.take_bool("Enabled").unwrap_or(true),
            on_premises: kind.eq_ignore_ascii_case("OnPremises"),
            changed: row.take_date("WhenChangedUTC").or_else(|| row.take_date("WhenChanged")),
            certificate: row.take_text("TlsSenderCertificateName"),
            restricts_to_certificate: row.take_bool("RestrictDomainsToCertificate") == Some(true)
                || row.take_bool("RequireTls") == Some(true),
            restricts_to_addresses: row.take_bool("RestrictDomainsToIPAddresses") == Some(true),
            addresses: row.take_texts("SenderIPAddresses"),
            sender_domains: row.take_texts("SenderDomains"),
        }
    }
}

/// A message that was sent, to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub at: Option<OffsetDateTime>,
    pub sender: String,
    pub subject: String,
    pub from: Option<IpAddr>,
}

impl Sent {
    pub fn read(mut row: Record) -> Self {
        Self {
            at: row.take_date("Received"),
            sender: row.take_text("SenderAddress").unwrap_or_default(),
            subject: row.take_text("Subject").unwrap_or_default(),
            from: row.take_text("FromIP").and_then(|address| address.parse().ok()),
        }
    }
}

/// Who changed what, as the audit log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub at: OffsetDateTime,
    pub operation: String,
    pub who: String,
    /// The whole record in lower case: each workload has members of its own for what was changed.
    pub record: String,
}

impl Change {
    /// Nothing for a record without a time.
    pub fn read(mut row: Record) -> Option<Self> {
        let record = row.take_text("AuditData").unwrap_or_default();
        let data: Json = serde_json::from_str(&record).unwrap_or_default();
        Some(Self {
            at: row.take_date("CreationDate").or_else(|| date(&data, "CreationTime"))?,
            operation: text(&data, "Operation").or_else(|| row.take_text("Operations")).unwrap_or_default(),
            who: text(&data, "UserId").or_else(|| row.take_text("UserIds")).unwrap_or_default(),
            record: record.to_lowercase(),
        })
    }

    /// Whether it is about something that has one of these names.
    pub fn mentions<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> bool {
        names.into_iter().any(|name| {
            // JSON doubles backslashes.
            let name = name.to_lowercase().replace('\\', "\\\\");
            !name.is_empty() && self.record.contains(&name)
        })
    }
}

/// The organization's own domains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Domains(Vec<(String, bool)>);

impl Domains {
    /// The rows of `Get-AcceptedDomain`.
    pub fn read(rows: Vec<Record>) -> Self {
        Self(
            rows.into_iter()
                .filter_map(|mut row| {
                    let with_subdomains = row.take_bool("MatchSubDomains") == Some(true);
                    Some((row.take_text("DomainName")?.to_lowercase(), with_subdomains))
                })
                .collect(),
        )
    }

    /// Whether mail to this address stays in the organization.
    pub fn hold(&self, address: &str) -> bool {
        address.rsplit_once('@').is_some_and(|(_, domain)| self.have(domain))
    }

    /// Whether the domain is one of them.
    pub fn have(&self, domain: &str) -> bool {
        let domain = domain.trim_end_matches('.').to_lowercase();
        self.0.iter().any(|(own, with_subdomains)| {
            domain == *own
                || *with_subdomains && domain.strip_suffix(own.as_str()).is_some_and(|before| before.ends_with('.'))
        })
    }

    /// Whether the name of a certificate, which may begin with `*.`, belongs to one of them or lies below one.
    pub fn cover(&self, certificate: &str) -> bool {
        let name = certificate.trim().trim_start_matches("*.").to_lowercase();
        self.0
            .iter()
            .any(|(own, _)| name == *own || name.strip_suffix(own.as_str()).is_some_and(|before| before.ends_with('.')))
    }
}

/// The addresses in how the service writes a rule's recipient: `"Name" [SMTP:a@b.c]`, `"Name" [EX:/o=...]`, or an address.
/// Nothing for one that is named by the directory, who is of the organization.
pub fn address_in(text: &str) -> Option<&str> {
    if let Some((_, bracket)) = text.rsplit_once('[') {
        let inner = bracket.trim_end_matches(']');
        let (kind, address) = inner.split_once(':')?;
        return kind.eq_ignore_ascii_case("SMTP").then_some(address);
    }
    let text = bare(text.trim().trim_matches('"'));
    text.contains('@').then_some(text)
}

/// An address without its kind (`smtp:`).
fn bare(address: &str) -> &str {
    match address.split_once(':') {
        Some((kind, bare)) if kind.eq_ignore_ascii_case("smtp") => bare,
        _ => address,
    }
}

fn text(object: &Json, member: &str) -> Option<String> {
    object[member].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn date(object: &Json, member: &str) -> Option<OffsetDateTime> {
    parse_date(object[member].as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_of_rules_are_read_in_every_form() {
        for (text, address) in [
            (r#""Mallory" [SMTP:m@evil.example]"#, Some("m@evil.example")),
            (r#""Adele" [EX:/o=ExchangeLabs/cn=adele]"#, None),
            ("m@evil.example", Some("m@evil.example")),
            ("smtp:m@evil.example", Some("m@evil.example")),
            ("Adele Vance", None),
        ] {
            assert_eq!(address_in(text), address, "{text}");
        }
    }

    #[test]
    fn domains_cover_what_is_below_them_only_where_they_say_so() {
        let row = |json: &str| serde_json::from_str(json).unwrap();
        let domains = Domains::read(vec![
            row(r#"{"DomainName":"contoso.com","MatchSubDomains":true}"#),
            row(r#"{"DomainName":"contoso.onmicrosoft.com","MatchSubDomains":false}"#),
        ]);
        assert!(domains.hold("a@Contoso.com") && domains.hold("a@print.contoso.com"));
        assert!(!domains.hold("a@evilcontoso.com") && !domains.hold("a@x.contoso.onmicrosoft.com"));
        assert!(!domains.hold("contoso.com"));
        assert!(domains.cover("*.contoso.onmicrosoft.com") && !domains.cover("*.contoso.com.evil.example"));
    }

    #[test]
    fn who_has_a_mailbox_is_told_by_the_type() {
        let kind = |kind: &str| Recipient { kind: kind.into(), ..Recipient::default() };
        for (name, mailbox, account) in [
            ("UserMailbox", Some(true), Some(true)),
            ("SharedMailbox", Some(true), Some(true)),
            ("MailUser", Some(false), Some(true)),
            ("MailContact", Some(false), Some(false)),
            ("MailUniversalDistributionGroup", Some(false), Some(false)),
            ("", None, None),
        ] {
            assert_eq!((kind(name).has_mailbox(), kind(name).may_sign_in()), (mailbox, account), "{name}");
        }
    }

    #[test]
    fn delegates_leave_out_the_owner_and_what_is_inherited() {
        let row = |json: &str| serde_json::from_str(json).unwrap();
        assert_eq!(Delegate::of_mailbox(row(r#"{"User":"NT AUTHORITY\\SELF","AccessRights":["FullAccess"]}"#)), None);
        assert_eq!(Delegate::of_mailbox(row(r#"{"User":"a","IsInherited":true}"#)), None);
        let denied = row(r#"{"Trustee":"a","AccessControlType":"Deny"}"#);
        assert_eq!(Delegate::of_recipient(denied), None);
        let real = Delegate::of_mailbox(row(r#"{"User":"m@contoso.com","AccessRights":["FullAccess"],"Deny":false}"#));
        assert_eq!(real.unwrap().who, "m@contoso.com");
    }

    #[test]
    fn a_rule_that_does_not_say_so_is_on() {
        let rule = InboxRule::read(serde_json::from_str(r#"{"Name":".","DeleteMessage":true}"#).unwrap());
        assert!(rule.enabled && rule.deletes && rule.identity == ".");
    }
}
