//! What of the tenant's manners can be chosen over the control plane, where the service has more than one.

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    pub(crate) empty_value: EmptyValue,
    /// Whether a client assertion may be used again until it expires (?): the service is not known to mind, but a
    /// client that signs a new one every time is safe either way.
    pub(crate) assertion_reuse: bool,
}

/// What `POST /sandbox/settings` changes; the others stay.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    empty_value: Option<EmptyValue>,
    assertion_reuse: Option<bool>,
}

impl Settings {
    pub(crate) fn change(&mut self, change: Change) {
        self.empty_value = change.empty_value.unwrap_or(self.empty_value);
        self.assertion_reuse = change.assertion_reuse.unwrap_or(self.assertion_reuse);
    }
}
