//! What a report says about one recipient, with what to do about it.

use std::net::IpAddr;

use time::OffsetDateTime;

use crate::classify::Confidence;
use crate::code::table::{Row, DELIST_PORTAL};
use crate::code::{Class, LiftedBy, NextStep};
use crate::direction::Direction;
use crate::forward_text;
use crate::smtp_reply::Reply;

/// One recipient that a message failed for; or something that is no report, and why.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it is; nothing where it is no report that a message failed.
    pub row: Option<&'static Row>,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, as a sentence.
    pub confidence_reason: String,
    /// Whose mail was refused, and by whom.
    pub direction: Direction,
    /// Whether it was found within another message, forwarded or quoted.
    pub is_quoted: bool,
    /// Who sent the message that failed.
    pub sender: Option<String>,
    /// Whom it failed for.
    pub recipient: Option<String>,
    /// The words of the server that refused.
    pub reply: Reply,
    /// The server that wrote the report.
    pub generating_server: Option<String>,
    /// The server that refused, where it is another one.
    pub remote_server: Option<String>,
    /// The IP address that was refused.
    pub ip_address: Option<IpAddr>,
    /// The message trace id of the message that failed.
    pub message_trace_id: Option<String>,
    /// Its Message-ID, without brackets.
    pub message_id: Option<String>,
    /// When the report was written.
    pub reported_at: Option<OffsetDateTime>,
    /// Which message of the file it is from, counted from 1: an mbox file has many.
    pub message_number: u64,
}

impl Report {
    /// Something that is no report. `why` is a sentence.
    pub(crate) fn none(why: impl Into<String>) -> Self {
        Self {
            row: None,
            confidence: Confidence::High,
            confidence_reason: why.into(),
            direction: Direction::Unknown,
            is_quoted: false,
            sender: None,
            recipient: None,
            reply: Reply::default(),
            generating_server: None,
            remote_server: None,
            ip_address: None,
            message_trace_id: None,
            message_id: None,
            reported_at: None,
            message_number: 1,
        }
    }

    /// What was refused.
    #[must_use]
    pub fn class(&self) -> Class {
        self.row.map_or(Class::NotAReport, |row| row.class)
    }

    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> NextStep {
        self.row.map_or(NextStep::Nothing, |row| row.next_step)
    }

    /// Who can lift it; nothing where there is nothing to lift.
    #[must_use]
    pub fn lifted_by(&self) -> Option<LiftedBy> {
        self.row.map(|row| row.lifted_by)
    }

    /// What to do, in words.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        self.row.map(|row| row.advice)
    }

    /// Where to ask for removal: the portal, or the address that the report names.
    #[must_use]
    pub fn delist_url(&self) -> Option<String> {
        match self.lifted_by()? {
            LiftedBy::DelistPortal => Some(DELIST_PORTAL.to_owned()),
            LiftedBy::DelistMail => self.reply.delist_address().map(|address| format!("mailto:{address}")),
            _ => None,
        }
    }

    /// What to send on, to whom the text says; nothing where nobody needs to know.
    #[must_use]
    pub fn forward_text(&self) -> Option<String> {
        forward_text::of(self)
    }
}
