//! Reading: from bytes of any kind to reports.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use crate::lines::Lines;
use crate::message::{self, Message};
use crate::reading::Reading;
use crate::report::Report;

/// What the reader knows besides what it reads.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The sender: a bare reply has none.
    pub sender: Option<String>,
    /// The recipient.
    pub recipient: Option<String>,
    /// The Message-ID.
    pub message_id: Option<String>,
    /// The message trace id.
    pub message_trace_id: Option<String>,
    /// The domains of the organization that reads it.
    pub accepted_domains: Vec<String>,
}

/// Reads what an admin has at hand: a message, an mbox file, a server's reply, a tracking status, a copied text. Hands
/// over a report for each recipient that a message failed for, and for a message without any one of the class
/// `NotAReport` that says why, until the reader has had enough. Returns how much work it was: bytes, and steps besides
/// them.
///
/// # Errors
/// Only those of the source.
pub fn read(
    mut source: impl BufRead,
    known: &Known,
    each: &mut dyn FnMut(Report) -> ControlFlow<()>,
) -> io::Result<u64> {
    // A source may give its first bytes one by one.
    let mut start = Vec::with_capacity(OUTLOOK_FILE.len());
    source.by_ref().take(OUTLOOK_FILE.len() as u64).read_to_end(&mut start)?;
    if start.starts_with(OUTLOOK_FILE) {
        let _ = each(Report::none("It is a message file of Outlook (.msg), which is not text: open it there and save it as text, or drag the report out of Outlook on the web as .eml."));
        return Ok(0);
    }
    let mbox = start.starts_with(b"From ");
    let mut lines = Lines::new(io::Cursor::new(start).chain(source));
    let (mut steps, mut number) = (0, 0);
    while let Some(message) = message::read(&mut lines, mbox, &mut steps)? {
        number += 1;
        for report in reports(&message, known) {
            if each(Report { message_number: number, ..report }).is_break() {
                return Ok(lines.read() + steps);
            }
        }
    }
    if number == 0 {
        let _ = each(Report::none("It is empty."));
    }
    Ok(lines.read() + steps)
}

/// How a compound file of Microsoft begins.
const OUTLOOK_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

fn reports(message: &Message, known: &Known) -> Vec<Report> {
    let holder = message.headers.address("delivered-to").or_else(|| message.headers.address("to"));
    let mut reports = Reading { known, holder: holder.as_deref() }.within(message, false);
    if reports.is_empty() {
        reports.push(Report {
            message_id: message.headers.message_id("message-id"),
            reported_at: message.headers.date(),
            ..Report::none(why_none(message))
        });
    }
    reports
}

fn why_none(message: &Message) -> &'static str {
    match (message.headers.any(), message.is_cut()) {
        (true, true) => {
            "It is a message without a delivery report in it, as far as it was read: something in it was too large."
        }
        (true, false) => "It is a message without a delivery report in it.",
        (false, _) => "It is a text without a status code such as 550 5.1.8.",
    }
}
