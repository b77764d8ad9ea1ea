//! What to send on: to the blocked user, to an outsider whose address is refused, to the recipient's side, or to
//! Microsoft Support.

use std::fmt::Write as _;

use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::code::{Class, LiftedBy};
use crate::direction::Direction;
use crate::report::Report;

/// The text for whoever must know or act; nothing where the report is none.
pub(crate) fn of(report: &Report) -> Option<String> {
    let row = report.row?;
    let mut text = String::with_capacity(600);
    match row.lifted_by {
        LiftedBy::MicrosoftSupport => for_support(&mut text, report),
        LiftedBy::DelistPortal | LiftedBy::DelistMail => for_delisting(&mut text, report),
        LiftedBy::Admin | LiftedBy::Time | LiftedBy::Sender | LiftedBy::RecipientOrganization | LiftedBy::Unknown => {
            for_sender(&mut text, report, row.class);
        }
    }
    facts(&mut text, report);
    Some(text)
}

fn for_support(text: &mut String, report: &Report) {
    line(text, "To: Microsoft Support");
    line(text, "");
    line(text, "Mail of our organization is refused, and no admin can lift it. We have looked for compromised accounts and secured what we found. Please lift the block, or say what is still missing.");
    if let Some(sender) = &report.sender {
        line(text, &format!("Sender: {sender}"));
    }
}

fn for_delisting(text: &mut String, report: &Report) {
    let whose = match report.direction {
        Direction::RefusedByUs => "Your mail to our organization was refused by Microsoft, which filters it, because the address that it came from is banned. We cannot lift the ban; whoever owns the address can:",
        _ => "Mail was refused by Microsoft because the address that it came from is banned. Whoever owns the address can have it removed:",
    };
    line(text, &format!("To: {}", report.sender.as_deref().unwrap_or("the owner of the address")));
    line(text, "");
    line(text, whose);
    line(text, "1. Find and stop whatever sends unwanted mail from the address, or it will be banned again.");
    match (report.delist_url(), report.ip_address) {
        (Some(url), address) if url.starts_with("https:") => {
            let address = address.map_or_else(|| "the IP address".to_owned(), |address| address.to_string());
            line(
                text,
                &format!("2. Open {url}, enter your e-mail address and {address} (one IP address at each visit)."),
            );
            line(text, "3. Follow the link in the mail that arrives and press Delist IP. It can take up to 24 hours.");
        }
        (url, _) => {
            let to = url
                .as_deref()
                .and_then(|url| url.strip_prefix("mailto:"))
                .unwrap_or("the delist address that it names");
            line(
                text,
                &format!("2. Forward the whole delivery report to {to}. The self-service portal cannot lift this ban."),
            );
        }
    }
}

fn for_sender(text: &mut String, report: &Report, class: Class) {
    let recipient = report.recipient.as_deref().unwrap_or("its recipient");
    line(text, &format!("To: {}", report.sender.as_deref().unwrap_or("the sender")));
    line(text, "");
    line(text, &format!("Your message to {recipient} was not delivered."));
    line(text, match class {
        Class::RestrictedSender => "Microsoft 365 has stopped your account from sending, because mail that looks like spam was sent from it. Somebody else may be using your account: change your password now, and tell your administrator what you did not send yourself. You can still receive mail. After your administrator has unblocked you it can take up to 24 hours until you can send again; do not send the message again before.",
        Class::RestrictedConnector => "The connection that your organization's devices and programs send mail through is blocked, not you. Your administrator has to look into it; send the message again when it is lifted.",
        Class::RecipientRateLimit | Class::SubmissionQuota => "You have sent to as many recipients as Microsoft 365 allows within 24 hours. Nobody can lift this earlier: send the message again tomorrow. If you did not send that much, change your password and tell your administrator at once.",
        Class::TenantLimit => "Our organization has sent to as many outside recipients as Microsoft 365 allows within 24 hours. Send the message again tomorrow.",
        Class::ForwardingBlocked => "It was forwarded automatically to an address outside, which our organization does not allow. If you have not set up such a forwarding, tell your administrator at once.",
        Class::TemporaryLimit => "The receiving side takes it later. You need not do anything: it is tried again by itself, and you are told if that ends.",
        Class::RecipientProblem => "Check the recipient's address, or reach the recipient by another way. You are not blocked.",
        _ => "You are not blocked by Microsoft: the receiving side refused it for the reason below.",
    });
}

/// What everybody wants to know who looks into it.
fn facts(text: &mut String, report: &Report) {
    line(text, "");
    let mut fact = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            line(text, &format!("{name}: {value}"));
        }
    };
    fact("Answer of the server", Some(&report.reply.text));
    fact("Refused by", report.remote_server.as_deref().or(report.generating_server.as_deref()));
    fact("IP address", report.ip_address.map(|address| address.to_string()).as_deref());
    fact("Message trace id", report.message_trace_id.as_deref());
    fact("Message-ID", report.message_id.as_deref());
    fact("Reported at", report.reported_at.and_then(minute).as_deref());
}

/// A moment as people write it, in UTC.
fn minute(at: OffsetDateTime) -> Option<String> {
    at.to_offset(UtcOffset::UTC).format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).ok()
}

fn line(text: &mut String, line: &str) {
    // Writing into a text cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(minute(datetime!(2026-11-28 01:30:26.5 +02:00)).as_deref(), Some("2026-11-27 23:30 UTC"));
    }
}
