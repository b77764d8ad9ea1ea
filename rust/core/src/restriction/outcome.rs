//! What came of an unblock, and what Microsoft Support needs to know about it.

use std::fmt::Write;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::proof::Proven;
use super::{second, EntityType, Key, Target};
use crate::connection::{Connection, Origin};

/// What came of an unblock, or of waiting for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The service took the unblock; the entry will leave the list, or too few looks have missed it so far.
    Removing,
    /// The entry has left the list: several looks agree.
    Released,
    /// It has left the list, and a message of it to somebody outside was delivered afterwards.
    Proven,
    /// It was waited for, and it is still in the list.
    StillListed,
    /// It has left the list, and a newer restriction is there.
    Returned,
    /// It was not in the list.
    NotListed,
    /// It is as it was, or nobody can tell; the error beside it says which.
    Failed,
}

impl Outcome {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Removing => "Removing",
            Self::Released => "Released",
            Self::Proven => "Proven",
            Self::StillListed => "StillListed",
            Self::Returned => "Returned",
            Self::NotListed => "NotListed",
            Self::Failed => "Failed",
        }
    }
}

/// What came of one entity.
#[derive(Debug, Clone)]
pub struct UnblockResult {
    /// The key that was unblocked: an address.
    pub sender_address: Option<String>,
    /// The key that was unblocked: a connector's id.
    pub connector_id: Option<String>,
    /// The connector's name, where it is known.
    pub connector_name: Option<String>,
    /// Which kind of entity it is; nothing where the input names none.
    pub entity_type: Option<EntityType>,
    /// The address or id that the input named, as it was typed; the key may be another of the same person.
    pub named: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// When the removal was sent; nothing when none was, or nobody told when.
    pub requested_at: Option<OffsetDateTime>,
    /// When it was first seen to be gone.
    pub released_at: Option<OffsetDateTime>,
    /// The message that proves that mail flows again, where one was looked for and found.
    pub proven: Option<Proven>,
    /// How long it took, from the request to the release or, where there was none, to the last look.
    pub elapsed: Option<Duration>,
    /// The service's id of that request.
    pub request_id: Option<String>,
    /// What was done and seen, and when.
    pub trail: Vec<(OffsetDateTime, String)>,
    /// The organization.
    pub origin: Arc<Origin>,
}

impl UnblockResult {
    /// The result for an item of which nothing is known yet.
    pub(super) fn new(connection: &Connection, target: &Target) -> Self {
        Self {
            sender_address: target.sender_address.clone(),
            connector_id: target.connector_id.clone(),
            connector_name: target.known.as_ref().and_then(|known| known.connector_name.clone()),
            entity_type: None,
            named: target.sender_address.clone().or_else(|| target.connector_id.clone()),
            outcome: Outcome::Failed,
            requested_at: None,
            released_at: None,
            proven: None,
            elapsed: None,
            request_id: None,
            trail: Vec::new(),
            origin: connection.origin().clone(),
        }
    }

    /// Sets the key that the entity is listed by.
    pub(super) fn set_key(&mut self, key: &Key) {
        self.entity_type = Some(key.entity_type());
        self.sender_address = key.sender_address().map(str::to_owned);
        self.connector_id = key.connector_id();
    }

    /// Adds a line to what was done and seen.
    pub(super) fn note(&mut self, at: OffsetDateTime, what: impl Into<String>) {
        self.trail.push((at, what.into()));
    }

    /// What a ticket with Microsoft Support needs: who, when, which requests, what was tried. Times are UTC.
    #[must_use]
    pub fn support_text(&self) -> String {
        let mut text = String::with_capacity(512);
        let tenant = self.origin.tenant_id.as_deref().unwrap_or("id not known");
        let practice = if self.origin.practice { ", a practice tenant: nothing here is real" } else { "" };
        let named = self.named.as_deref().unwrap_or_default();
        let key = self.sender_address.as_deref().or(self.connector_id.as_deref()).unwrap_or("nobody");
        let also = if named.eq_ignore_ascii_case(key) { String::new() } else { format!(" (named as {named})") };
        let name = self.connector_name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
        let kind = self.entity_type.map_or("Entity", EntityType::name);
        let requested = self.requested_at.and_then(second).unwrap_or_else(|| "not known".to_owned());
        let id = self.request_id.as_ref().map(|id| format!(", request id {id}")).unwrap_or_default();
        let mut lines = vec![
            format!("Organization: {} ({tenant}{practice})", self.origin.organization),
            format!("{kind}: {name}{key}{also}"),
            format!("Unblock requested: {requested}{id}"),
            format!("Outcome: {}", self.outcome.name()),
        ];
        if let Some(released) = self.released_at.and_then(second) {
            lines.push(format!("Not listed since: {released}"));
        }
        if let Some(Proven { message_trace_id, recipient, at }) = &self.proven {
            let at = second(*at).unwrap_or_default();
            lines.push(format!("Sent again: {at}, message {message_trace_id} to {recipient}"));
        }
        if let Some(elapsed) = self.elapsed {
            lines.push(format!("Elapsed: {}", clock_face(elapsed)));
        }
        lines.push("What was done and seen:".to_owned());
        for (at, what) in &self.trail {
            lines.push(format!("  {}  {what}", second(*at).unwrap_or_default()));
        }
        for line in lines {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{line}");
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// A duration as a clock shows it: hours, minutes, seconds.
pub(super) fn clock_face(time: Duration) -> String {
    let seconds = time.whole_seconds();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
