//! An event and its line in the journal.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::restriction::{EntityType, Key};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// An unblock is about to be sent.
    Requested,
    /// The service took the unblock.
    Answered,
    /// The entity was seen to have left the list.
    Released,
    /// A message of the sender to somebody outside was delivered after the release.
    Proven,
    /// The entity was seen in the list again after it had left.
    Returned,
    /// The unblock failed, or nobody knows what came of it; the error code tells.
    Failed,
    /// An action that secures the account is about to be sent.
    ActionRequested,
    /// The service took the action.
    ActionTaken,
    /// The action failed, or nobody knows what came of it; the error code tells.
    ActionFailed,
}

impl What {
    const ALL: [Self; 9] = [
        Self::Requested,
        Self::Answered,
        Self::Released,
        Self::Proven,
        Self::Returned,
        Self::Failed,
        Self::ActionRequested,
        Self::ActionTaken,
        Self::ActionFailed,
    ];

    /// Whether it is about securing the account, and so not about its restriction.
    #[must_use]
    pub fn is_action(self) -> bool {
        matches!(self, Self::ActionRequested | Self::ActionTaken | Self::ActionFailed)
    }

    /// The name as the journal and the module show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "Requested",
            Self::Answered => "Answered",
            Self::Released => "Released",
            Self::Proven => "Proven",
            Self::Returned => "Returned",
            Self::Failed => "Failed",
            Self::ActionRequested => "ActionRequested",
            Self::ActionTaken => "ActionTaken",
            Self::ActionFailed => "ActionFailed",
        }
    }
}

/// One event of the journal. None of its fields ever holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub time: OffsetDateTime,
    /// What happened.
    pub what: What,
    /// What the service lists the entity by.
    pub key: Key,
    /// The organization as the admin named it.
    pub organization: String,
    /// The organization's id, where it is known.
    pub tenant_id: Option<String>,
    /// Who, as the service knows them: the account or app that the connection uses.
    pub account: String,
    /// Where.
    pub place: Place,
    /// Why: the admin's comment.
    pub comment: Option<String>,
    /// Why it was unblocked although the evidence did not say that it is safe: the admin's words.
    pub override_reason: Option<String>,
    /// Which action secures the account, and what it is done to.
    pub action: Option<String>,
    /// What was there before the action, so that it can be undone by hand. Never a password.
    pub before: Option<String>,
    /// The service's id of the request, for a support ticket.
    pub request_id: Option<String>,
    /// The code of the error behind a failure, for example `RS4004`.
    pub error_code: Option<String>,
    /// What else there is to say, for example the error's message.
    pub detail: Option<String>,
    /// The version of this module that wrote it.
    pub version: String,
}

/// The process that did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The machine's name.
    pub machine: String,
    /// The account of the operating system: an app's connection does not tell which person ran it.
    pub user: String,
    /// The process's id.
    pub process: u32,
}

impl Place {
    /// This process, as far as its environment tells; what it does not tell is `unknown`.
    #[must_use]
    pub fn here() -> Self {
        let first = |names: &[&str]| {
            let known = names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
            known.unwrap_or_else(|| "unknown".to_owned())
        };
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned());
        Self {
            machine: machine.unwrap_or_else(|_| first(&["COMPUTERNAME", "HOSTNAME"])),
            user: first(&["USERNAME", "USER", "LOGNAME"]),
            process: std::process::id(),
        }
    }
}

/// The version that writes.
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// SHA-256 of a line without its line end, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash(String);

impl Hash {
    /// What the very first line names, which has no line before it.
    pub fn start() -> Self {
        Self("0".repeat(64))
    }

    /// The hash of a line.
    pub fn of(line: &[u8]) -> Self {
        Self(format!("{:x}", Sha256::digest(line)))
    }

    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// The longest line that is read as one; a line that is written is far below, see [`LONGEST_TEXT`].
pub const LONGEST_LINE: usize = 1 << 20;

/// How much of a text is kept, in characters. The service takes shorter comments anyway.
const LONGEST_TEXT: usize = 4096;

/// The members of a line, in the order in which they are written. `prev` comes first, so that the chain can be
/// followed by eye and by `grep`. Members that this version does not know are left alone.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow)]
    prev: Cow<'a, str>,
    time: Cow<'a, str>,
    event: Cow<'a, str>,
    entity_type: Cow<'a, str>,
    key: Cow<'a, str>,
    organization: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<Cow<'a, str>>,
    account: Cow<'a, str>,
    machine: Cow<'a, str>,
    user: Cow<'a, str>,
    process: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, str>>,
    version: Cow<'a, str>,
}

/// What makes a line one of a journal, whatever else it holds.
#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    prev: Cow<'a, str>,
}

/// The hash of the line before that a line names, or why it is no line of a journal.
pub fn previous(line: &[u8]) -> Result<Hash, String> {
    let link: Link<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let is_hash = link.prev.len() == 64 && link.prev.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hash {
        Ok(Hash(link.prev.into_owned()))
    } else {
        Err("it names no hash of the line before".to_owned())
    }
}

impl Event {
    /// Its line after the line of hash `previous`, without a line end.
    pub(super) fn line(&self, previous: &Hash) -> Vec<u8> {
        let time = self.time.to_offset(UtcOffset::UTC);
        let line = Line {
            prev: Cow::Borrowed(previous.digits()),
            // Years that RFC 3339 cannot write occur in no clock; the event counts, even so.
            time: Cow::Owned(time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())),
            event: Cow::Borrowed(self.what.name()),
            entity_type: Cow::Borrowed(self.key.entity_type().name()),
            key: Cow::Owned(self.key.to_string()),
            organization: cut(&self.organization),
            tenant_id: self.tenant_id.as_deref().map(cut),
            account: cut(&self.account),
            machine: cut(&self.place.machine),
            user: cut(&self.place.user),
            process: self.place.process,
            comment: self.comment.as_deref().map(cut),
            override_reason: self.override_reason.as_deref().map(cut),
            action: self.action.as_deref().map(cut),
            before: self.before.as_deref().map(cut),
            request_id: self.request_id.as_deref().map(cut),
            error_code: self.error_code.as_deref().map(cut),
            detail: self.detail.as_deref().map(cut),
            version: cut(&self.version),
        };
        // Texts and numbers always have a JSON form.
        serde_json::to_vec(&line).unwrap_or_default()
    }

    /// The event in a line of the journal; `None` where it is of a kind that this version does not know.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let line: Line<'_> = serde_json::from_slice(line).ok()?;
        let key = match EntityType::named(&line.entity_type)? {
            EntityType::Mailbox => Key::Sender(line.key.into_owned()),
            EntityType::Connector => Key::Connector(Uuid::parse_str(&line.key).ok()?),
        };
        Some(Self {
            time: OffsetDateTime::parse(&line.time, &Rfc3339).ok()?,
            what: What::ALL.into_iter().find(|what| what.name() == line.event)?,
            key,
            organization: line.organization.into_owned(),
            tenant_id: line.tenant_id.map(Cow::into_owned),
            account: line.account.into_owned(),
            place: Place { machine: line.machine.into_owned(), user: line.user.into_owned(), process: line.process },
            comment: line.comment.map(Cow::into_owned),
            override_reason: line.override_reason.map(Cow::into_owned),
            action: line.action.map(Cow::into_owned),
            before: line.before.map(Cow::into_owned),
            request_id: line.request_id.map(Cow::into_owned),
            error_code: line.error_code.map(Cow::into_owned),
            detail: line.detail.map(Cow::into_owned),
            version: line.version.into_owned(),
        })
    }
}

/// The text as far as it is kept; where some is missing, its end says so.
fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
