//! What has been sent since the tenant opened, as the message trace shows it.

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::addressed::Addressed;
use super::Submission;
use crate::directory::domain_of;

/// How long the trace keeps a message.
const RETENTION: Duration = Duration::days(90);

/// How many rows there can be, so that sending cannot fill the memory; the oldest messages go.
const MOST_ROWS: usize = 500_000;

/// Makes the identifiers of messages their own.
const NUMBERS: u64 = u64::from_be_bytes(*b"sentmail");

/// What became of a message for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Delivered,
    /// To a group: its members follow.
    Expanded,
    Failed,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivered => "Delivered",
            Self::Expanded => "Expanded",
            Self::Failed => "Failed",
        }
    }
}

/// One message; a row for each recipient.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) trace_id: Uuid,
    pub(crate) message_id: String,
    pub(crate) received: OffsetDateTime,
    pub(crate) sender: String,
    pub(crate) subject: String,
    pub(crate) client_address: String,
    pub(crate) size: u32,
    pub(crate) recipients: Vec<(String, Status)>,
    /// Those of them whom nobody wrote to, by their places, each with the place of the group that they are in.
    pub(crate) members: Vec<(usize, usize)>,
}

/// The messages, oldest first.
#[derive(Debug)]
pub(crate) struct SentMail {
    seed: u64,
    last_number: u64,
    rows: usize,
    messages: VecDeque<Arc<Message>>,
}

impl SentMail {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed: seed ^ NUMBERS, last_number: 0, rows: 0, messages: VecDeque::new() }
    }

    /// Keeps a message that has gone out, and names it.
    pub(super) fn keep(&mut self, submission: &Submission<'_>, addressed: &Addressed, now: OffsetDateTime) -> Uuid {
        self.last_number += 1;
        let digest =
            Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.last_number.to_be_bytes()).finalize();
        let trace_id = uuid::Builder::from_random_bytes(digest.first_chunk().copied().unwrap_or_default()).into_uuid();
        let domain = domain_of(submission.from).unwrap_or_default();
        let message = Message {
            trace_id,
            message_id: submission
                .message_id
                .map_or_else(|| format!("<{}@{domain}>", trace_id.simple()), str::to_owned),
            // No finer than a client can write it, or it could not go on where it was.
            received: now.replace_nanosecond(now.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(now),
            sender: submission.from.to_owned(),
            subject: submission.subject.to_owned(),
            client_address: submission.client_address.to_owned(),
            size: submission.size,
            recipients: addressed.rows.clone(),
            members: addressed.members.clone(),
        };
        self.push(message);
        self.forget(now);
        trace_id
    }

    /// Adds what was sent before, in whatever order.
    pub(super) fn tell(&mut self, messages: impl Iterator<Item = Message>, now: OffsetDateTime) {
        messages.for_each(|message| self.push(message));
        self.messages.make_contiguous().sort_by_key(|message| message.received);
        self.forget(now);
    }

    fn push(&mut self, message: Message) {
        self.rows += message.recipients.len();
        self.messages.push_back(Arc::new(message));
    }

    fn forget(&mut self, now: OffsetDateTime) {
        let oldest = now.saturating_sub(RETENTION);
        while self.rows > MOST_ROWS || self.messages.front().is_some_and(|first| first.received < oldest) {
            let Some(gone) = self.messages.pop_front() else { break };
            self.rows -= gone.recipients.len();
        }
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.messages.iter()
    }
}
