//! What was read of a sender, a connector and their organization, as the checks look at it. Nothing here asks anybody.

mod account;
mod mailbox;
mod organization;
mod recipient;

use serde_json::Value as Json;
use time::OffsetDateTime;

pub use account::{Account, App, Consent, Method, Risk, Role, ACCOUNT};
pub use mailbox::{Delegate, InboxRule, Mailbox, Protocols, SweepRule};
pub use organization::{Change, Connector, Sent, TransportRule};
pub use recipient::Recipient;

use crate::exchange::parse_date;

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
    fn who_has_a_mailbox_is_told_by_the_type() {
        let kind = |kind: &str| Recipient { kind: kind.into(), ..Recipient::default() };
        for (name, mailbox, account) in [
            ("UserMailbox", Some(true), Some(true)),
            ("SharedMailbox", Some(true), Some(true)),
            ("MailUser", Some(false), Some(true)),
            ("RemoteUserMailbox", Some(false), Some(true)),
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
