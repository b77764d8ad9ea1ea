//! What of the tenant's manners can be chosen over the control plane, where the service has more than one.

use serde::{Deserialize, Deserializer, Serialize};
use time::Duration;

use crate::restriction::UNBLOCK_BUDGET;

/// How a reply without rows says so: `value` is left out, `null`, or an empty list. Clients must take all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmptyValue {
    Missing,
    Null,
    #[default]
    Empty,
}

/// All settings, as `GET /sandbox/settings` shows them.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    pub(crate) empty_value: EmptyValue,
    /// Whether a client assertion may be used again until it expires (?): the service is not known to mind, but a
    /// client that signs a new one every time is safe either way.
    pub(crate) assertion_reuse: bool,
    /// Whether people need another token now than the one they have, if their client understands a claims challenge.
    pub(crate) claims_challenge: bool,
    /// Whether the organization has Exchange Online mailboxes. In one with standalone protection they are on premises,
    /// and its recipients are mail users. There are no cmdlets about mailboxes in the tenant either way.
    pub(crate) mailboxes: bool,
    /// Whether there is a unified audit log to search; the cloud of 21Vianet has none.
    pub(crate) audit_log: bool,
    /// Whether anything is recorded; `Get-AdminAuditLogConfig` tells. While it is not, the log is empty.
    pub(crate) auditing: bool,
    /// How late every event can be found, in seconds; `None` is as late as each usually is.
    pub(crate) audit_delay_seconds: Option<u32>,
    /// How often an entity can be unblocked.
    pub(crate) unblock_budget: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            empty_value: EmptyValue::default(),
            assertion_reuse: false,
            claims_challenge: false,
            mailboxes: true,
            audit_log: true,
            auditing: true,
            audit_delay_seconds: None,
            unblock_budget: UNBLOCK_BUDGET,
        }
    }
}

/// What `POST /sandbox/settings` changes; the others stay.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    empty_value: Option<EmptyValue>,
    assertion_reuse: Option<bool>,
    claims_challenge: Option<bool>,
    mailboxes: Option<bool>,
    audit_log: Option<bool>,
    auditing: Option<bool>,
    /// `null` is something to change to.
    #[serde(default, deserialize_with = "given")]
    audit_delay_seconds: Option<Option<u32>>,
    unblock_budget: Option<u32>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Settings {
    pub(crate) fn change(&mut self, change: Change) {
        self.empty_value = change.empty_value.unwrap_or(self.empty_value);
        self.assertion_reuse = change.assertion_reuse.unwrap_or(self.assertion_reuse);
        self.claims_challenge = change.claims_challenge.unwrap_or(self.claims_challenge);
        self.mailboxes = change.mailboxes.unwrap_or(self.mailboxes);
        self.audit_log = change.audit_log.unwrap_or(self.audit_log);
        self.auditing = change.auditing.unwrap_or(self.auditing);
        self.audit_delay_seconds = change.audit_delay_seconds.unwrap_or(self.audit_delay_seconds);
        self.unblock_budget = change.unblock_budget.unwrap_or(self.unblock_budget);
    }

    /// How late every event can be found, where that is set.
    pub(crate) fn audit_lateness(&self) -> Option<Duration> {
        self.audit_delay_seconds.map(|seconds| Duration::seconds(seconds.into()))
    }
}
