//! What a message tells: where in it the refusals stand, and what around them belongs to them.

use std::borrow::Cow;

use crate::classify::{classify, Classified, Confidence};
use crate::direction::Signs;
use crate::headers::Headers;
use crate::message::{Message, Part};
use crate::quotation::{of_html, unquoted};
use crate::read::Known;
use crate::report::Report;
use crate::server::{is_microsoft, named_in};
use crate::smtp_reply::Reply;
use crate::status_block::{Recipient, StatusBlocks};
use crate::{text, tracking};

/// Where a refusal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    StatusPart,
    TrackingLog,
    Reply,
    Text,
}

impl Found {
    fn words(self) -> &'static str {
        match self {
            Self::StatusPart => "in the machine-readable part of the report",
            Self::TrackingLog => "in a tracking log",
            Self::Reply => "in the reply itself",
            Self::Text => "in a text, since there is no machine-readable part",
        }
    }
}

/// A refusal with what stands around it.
struct Refusal<'a> {
    found: Found,
    reply: Reply,
    recipient: Option<String>,
    sender: Option<String>,
    generating_server: Option<&'a str>,
    remote_server: Option<&'a str>,
    is_delayed: bool,
}

/// The reading of one message.
pub(crate) struct Reading<'a> {
    pub(crate) known: &'a Known,
    /// Whoever got the message.
    pub(crate) holder: Option<&'a str>,
}

impl Reading<'_> {
    /// The reports in a message: its own, else those of the messages that are attached to it.
    pub(crate) fn within(&self, message: &Message, is_quoted: bool) -> Vec<Report> {
        let own = self.own(message, is_quoted);
        if !own.is_empty() {
            return own;
        }
        message.attached.iter().flat_map(|attached| self.within(attached, true)).collect()
    }

    fn own(&self, message: &Message, is_quoted: bool) -> Vec<Report> {
        let is_automatic = is_automatic(message);
        let is_text = !message.headers.any();
        let is_quoted = is_quoted || !is_text && !is_automatic;
        for part in &message.statuses {
            let blocks = StatusBlocks::parse(&part.text());
            if !blocks.recipients.is_empty() {
                return self.of_blocks(message, &blocks, Found::StatusPart, is_quoted);
            }
        }
        for part in message.texts.iter().chain([&message.preamble]) {
            let reports = self.of_text(message, &plain(part), is_text, is_quoted);
            if !reports.is_empty() {
                return reports;
            }
        }
        if message.is_report || message.headers.get("x-ms-exchange-message-is-ndr").is_some() {
            return vec![self.wordless(message, is_quoted)];
        }
        Vec::new()
    }

    fn of_blocks(&self, message: &Message, blocks: &StatusBlocks, found: Found, is_quoted: bool) -> Vec<Report> {
        let failed = blocks.recipients.iter().filter(|recipient| recipient.has_failed());
        let reports: Vec<_> = failed
            .map(|recipient| {
                let refusal = Refusal {
                    found,
                    reply: reply(recipient),
                    recipient: recipient.address().map(str::to_owned),
                    sender: blocks.sender.clone(),
                    generating_server: blocks.reporting_mta.as_deref(),
                    remote_server: recipient.remote_mta.as_deref(),
                    is_delayed: recipient.is_delayed(),
                };
                self.report(message, refusal, is_quoted)
            })
            .collect();
        if reports.is_empty() {
            return vec![Report {
                is_quoted,
                message_id: returned_id(message),
                reported_at: message.headers.date(),
                ..Report::none("It is a delivery report, and it says that nothing failed.")
            }];
        }
        reports
    }

    fn of_text(&self, message: &Message, text: &str, is_text: bool, is_quoted: bool) -> Vec<Report> {
        let refusal = |found, reply| Refusal {
            found,
            reply,
            recipient: None,
            sender: None,
            generating_server: None,
            remote_server: None,
            is_delayed: false,
        };
        let tracked = tracking::statuses(text);
        if !tracked.is_empty() {
            let reports = tracked.iter().map(|status| {
                let refusal =
                    Refusal { remote_server: status.server, ..refusal(Found::TrackingLog, Reply::parse(status.reply)) };
                self.report(message, refusal, is_quoted)
            });
            return reports.collect();
        }
        if StatusBlocks::are_in(text) {
            let blocks = StatusBlocks::parse(text);
            if blocks.recipients.iter().any(Recipient::has_failed) {
                let found = if is_text { Found::StatusPart } else { Found::Text };
                return self.of_blocks(message, &blocks, found, is_quoted);
            }
        }
        let server = text::generating_server(text);
        let found_in = if is_text && server.is_none() { Found::Reply } else { Found::Text };
        let mut refusals = text::refusals(text, is_text);
        if refusals.is_empty() && is_text {
            // A bare text can be a reply whose words tell it, without any code.
            let reply = Reply::parse(text);
            let tells = reply.code.is_some() || classify(&reply, None).row.is_of_the_service();
            refusals.extend(tells.then_some(text::Refusal { recipient: None, reply }));
        }
        let one = refusals.len() == 1;
        let sender = text::quoted_sender(text);
        let reports = refusals.into_iter().map(|found| {
            let failed = message.headers.address("x-failed-recipients").filter(|_| one);
            let refusal = Refusal {
                recipient: failed.or(found.recipient),
                sender: sender.map(str::to_owned),
                generating_server: server,
                ..refusal(found_in, found.reply)
            };
            self.report(message, refusal, is_quoted)
        });
        reports.collect()
    }

    /// A report that says nothing of why.
    fn wordless(&self, message: &Message, is_quoted: bool) -> Report {
        let refusal = Refusal {
            found: Found::Text,
            reply: Reply::default(),
            recipient: message.headers.address("x-failed-recipients"),
            sender: None,
            generating_server: None,
            remote_server: None,
            is_delayed: false,
        };
        let why = if message.is_cut() {
            "It is a delivery report, but there is no status code in it as far as it was read: something in it was too large."
        } else {
            "It is a delivery report, but there is no status code in it."
        };
        Report { confidence_reason: why.into(), ..self.report(message, refusal, is_quoted) }
    }

    fn report(&self, message: &Message, refusal: Refusal, is_quoted: bool) -> Report {
        let reporting = refusal.generating_server.filter(|host| is_microsoft(host));
        let refused_by = refusal.remote_server.or(reporting);
        let classified = classify(&refusal.reply, refused_by);
        let sender = self.known.sender.clone().or_else(|| sender(message, refusal.sender, is_quoted));
        let recipient = self.known.recipient.clone().or(refusal.recipient);
        let by_microsoft = refused_by.is_some_and(is_microsoft) || named_in(&refusal.reply.text).is_some();
        let signs = Signs {
            row: classified.row,
            sender: sender.as_deref(),
            recipient: recipient.as_deref(),
            accepted_domains: &self.known.accepted_domains,
            holder: self.holder,
            is_quoted,
            entered_microsoft: by_microsoft && refusal.generating_server.is_some_and(|host| !is_microsoft(host)),
        };
        Report {
            row: Some(classified.row),
            confidence: confidence(&classified, refusal.found, is_quoted),
            confidence_reason: reason(&classified, refusal.found, is_quoted, refusal.is_delayed),
            direction: signs.direction(),
            is_quoted,
            ip_address: refusal.reply.ip_address(),
            generating_server: refusal.generating_server.map(str::to_owned),
            remote_server: refusal.remote_server.map(str::to_owned),
            message_trace_id: self.known.message_trace_id.clone().or_else(|| trace_id(message)),
            message_id: self.known.message_id.as_deref().map(without_brackets).or_else(|| returned_id(message)),
            reported_at: message.headers.date(),
            message_number: 1,
            sender,
            recipient,
            reply: refusal.reply,
        }
    }
}

/// The text of a part, without HTML and marks of quotation.
fn plain(part: &Part) -> String {
    let text = part.text();
    let text = if part.is_html() { of_html(&text) } else { text };
    match unquoted(&text) {
        Cow::Owned(plain) => plain,
        Cow::Borrowed(_) => text,
    }
}

/// Whether a server wrote it and not a person.
fn is_automatic(message: &Message) -> bool {
    let headers = &message.headers;
    let says = |name, test: &dyn Fn(&str) -> bool| headers.get(name).is_some_and(|value| test(&value));
    let by_a_server = |value: &str| {
        let value = value.to_ascii_lowercase();
        ["mailer-daemon", "postmaster@", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@"]
            .iter()
            .any(|name| value.contains(name))
    };
    message.is_report
        || headers.get("x-ms-exchange-message-is-ndr").is_some()
        || headers.get("x-failed-recipients").is_some()
        || says("return-path", &|value| value.trim() == "<>")
        || says("auto-submitted", &|value| !starts_with_no(value))
        || says("from", &by_a_server)
}

fn starts_with_no(value: &str) -> bool {
    value.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("no"))
}

/// The reply of a block. Its status stands in for the one that the diagnostic text does not have.
fn reply(recipient: &Recipient) -> Reply {
    let mut reply = Reply::parse(recipient.diagnostic.as_deref().unwrap_or_default());
    reply.status = reply.status.or_else(|| recipient.status.as_deref()?.parse().ok());
    reply
}

/// Who sent what failed. What a person quotes does not tell who the person is.
fn sender(message: &Message, told: Option<String>, is_quoted: bool) -> Option<String> {
    let of = |headers: &Headers| ["from", "sender", "return-path"].iter().find_map(|name| headers.address(name));
    let returned = message.returned.as_ref().and_then(of);
    // A report goes to whoever sent the message.
    let addressee = || message.headers.address("to").filter(|_| !is_quoted || is_automatic(message));
    returned.or(told).or_else(addressee)
}

fn without_brackets(id: &str) -> String {
    id.trim_matches(['<', '>']).to_owned()
}

fn returned_id(message: &Message) -> Option<String> {
    let returned = message.returned.as_ref().and_then(|headers| headers.message_id("message-id"));
    returned.or_else(|| message.headers.message_id("in-reply-to").filter(|_| is_automatic(message)))
}

fn trace_id(message: &Message) -> Option<String> {
    let returned = message.returned.as_ref()?;
    let names = ["x-ms-exchange-crosstenant-network-message-id", "x-ms-exchange-organization-network-message-id"];
    let id = names.iter().find_map(|name| returned.get(name))?;
    let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_id.then(|| id.into_owned())
}

fn confidence(classified: &Classified, found: Found, is_quoted: bool) -> Confidence {
    let most = match (found, is_quoted) {
        (Found::Text, true) => Confidence::Low,
        (Found::Text, false) | (_, true) => Confidence::Medium,
        (_, false) => Confidence::High,
    };
    classified.confidence.min(most)
}

fn reason(classified: &Classified, found: Found, is_quoted: bool, is_delayed: bool) -> String {
    let mut because = classified.because.chars();
    let first = because.next().map(|first| first.to_ascii_uppercase()).into_iter().collect::<String>();
    let quoted = if is_quoted { ", which is forwarded or quoted in another message" } else { "" };
    let delayed = if is_delayed { " It is only late so far, and still tried." } else { "" };
    format!("{first}{}, {}{quoted}.{delayed}", because.as_str(), found.words())
}
