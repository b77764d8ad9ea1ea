//! Delivery reports, as the service sends them to whoever wrote a message that did not arrive.

mod text;

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc2822;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::outgoing::{Refused, Submission};
use crate::scenario::INITIAL_DOMAIN;

/// How many reports are kept; the oldest go.
const MOST_REPORTS: usize = 1000;

/// How much of a message's header a report repeats, in bytes.
const MOST_HEADER: usize = 8 * 1024;

/// The server that reports; the same one has refused.
const SERVER: &str = "AM0PR05MB0001.eurprd05.prod.outlook.com";

/// Who reports come from, in every organization.
const REPORTER: &str = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e";

/// Makes the identifiers of reports their own.
const NUMBERS: u64 = u64::from_be_bytes(*b"reported");

/// The two pages that the service puts into a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Template {
    /// "Delivery has failed to these recipients or groups:"
    #[default]
    Failed,
    /// "More Info for Email Admins"
    MoreInfo,
}

impl Template {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "failed" => Some(Self::Failed),
            "more-info" => Some(Self::MoreInfo),
            _ => None,
        }
    }
}

/// A message that did not arrive, and why.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) number: u64,
    pub(crate) at: OffsetDateTime,
    /// Whom the message was from, who gets the report.
    pub(crate) to: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) refused: Refused,
    subject: String,
    header: String,
    trace_id: Uuid,
}

/// All reports, oldest first.
#[derive(Debug)]
pub(crate) struct Reports {
    seed: u64,
    last_number: u64,
    all: VecDeque<Arc<Report>>,
}

impl Reports {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: seed ^ NUMBERS, last_number: 0, all: VecDeque::new() }
    }

    /// Reports that a message did not reach these recipients.
    pub(crate) fn send(
        &mut self,
        submission: &Submission<'_>,
        recipients: Vec<String>,
        refused: &Refused,
        trace_id: Option<Uuid>,
        at: OffsetDateTime,
    ) {
        self.last_number += 1;
        let digest =
            Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.last_number.to_be_bytes()).finalize();
        let made_up = uuid::Builder::from_random_bytes(digest.first_chunk().copied().unwrap_or_default()).into_uuid();
        if self.all.len() >= MOST_REPORTS {
            self.all.pop_front();
        }
        self.all.push_back(Arc::new(Report {
            number: self.last_number,
            at,
            to: submission.from.to_owned(),
            recipients,
            refused: refused.clone(),
            subject: submission.subject.to_owned(),
            header: header_of(submission),
            trace_id: trace_id.unwrap_or(made_up),
        }));
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.all.iter()
    }

    pub(crate) fn find(&self, number: u64) -> Option<Arc<Report>> {
        self.all.iter().find(|report| report.number == number).cloned()
    }
}

/// What the message had for a header, in whole lines, or what it would have had.
fn header_of(submission: &Submission<'_>) -> String {
    match submission.header {
        Some(header) => {
            let text = String::from_utf8_lossy(header);
            let mut kept = 0;
            let is_kept = |line: &&str| {
                kept += line.len();
                kept <= MOST_HEADER
            };
            text.split_inclusive("\r\n").take_while(is_kept).collect()
        }
        None => {
            let Submission { from, subject, .. } = submission;
            format!("From: {from}\r\nTo: undisclosed recipients:;\r\nSubject: {}\r\n", encoded(subject))
        }
    }
}

impl Report {
    /// The whole message (RFC 6522).
    pub(crate) fn write(&self, template: Template) -> String {
        let Self { to, trace_id, .. } = self;
        let date = self.at.to_offset(UtcOffset::UTC).format(&Rfc2822).unwrap_or_default();
        let boundary = format!("_000_{}_", trace_id.simple());
        let html = text::page(self, template);
        let status = self.status();
        format!(
            "Return-Path: <>\r\n\
             From: Microsoft Outlook <{REPORTER}@{INITIAL_DOMAIN}>\r\n\
             To: {to}\r\n\
             Date: {date}\r\n\
             Subject: {subject}\r\n\
             Message-ID: <{id}@{SERVER}>\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n\
             Content-Language: en-US\r\n\
             Auto-Submitted: auto-replied\r\n\
             X-MS-Exchange-Message-Is-Ndr:\r\n\
             \r\n\
             --{boundary}\r\n\
             Content-Type: text/html; charset=us-ascii\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             \r\n\
             {html}\r\n\
             --{boundary}\r\n\
             Content-Type: message/delivery-status\r\n\
             \r\n\
             {status}\r\n\
             --{boundary}\r\n\
             Content-Type: message/rfc822\r\n\
             \r\n\
             {header}\
             X-MS-Exchange-CrossTenant-Network-Message-Id: {trace_id}\r\n\
             X-MS-Exchange-CrossTenant-OriginalArrivalTime: {date}\r\n\
             \r\n\
             --{boundary}--\r\n",
            subject = encoded(&format!("Undeliverable: {}", self.subject)),
            id = trace_id.simple(),
            header = self.header,
        )
    }

    /// What machines read: a block for the message, and one for each recipient.
    fn status(&self) -> String {
        let date = self.at.to_offset(UtcOffset::UTC).format(&Rfc2822).unwrap_or_default();
        let mut text = format!("Reporting-MTA: dns;{SERVER}\r\nArrival-Date: {date}\r\n");
        for recipient in &self.recipients {
            // Writing to a String does not fail.
            let _ = write!(
                text,
                "\r\nFinal-Recipient: rfc822;{recipient}\r\nAction: failed\r\nStatus: {}\r\n\
                 Diagnostic-Code: smtp;{}\r\nRemote-MTA: dns;{SERVER}\r\n",
                self.refused.status,
                self.refused.diagnostic(),
            );
        }
        text
    }
}

/// A text for a header field: as it is, or in words that say how they are encoded (RFC 2047).
fn encoded(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    if text.is_ascii() {
        return text;
    }
    let mut words: Vec<String> = vec![String::new()];
    for letter in text.chars() {
        // So much fits into a word of 75 characters.
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > 45) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_in_any_language_become_words_of_75_characters() {
        assert_eq!(encoded("Invoice\r\n7"), "Invoice  7", "and nothing that would end the field");
        assert_eq!(encoded("Größe"), "=?utf-8?B?R3LDtsOfZQ==?=");
        let long = encoded(&"ü".repeat(200));
        assert!(long.is_ascii() && long.split("\r\n ").all(|word| word.len() <= 75), "{long}");
    }
}
