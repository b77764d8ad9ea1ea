//! What an operation asks Exchange for, whichever way leads there.

use serde_json::{Map, Value as Json};
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// A cmdlet with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cmdlet {
    /// Its name, without any prefix that a session may give it.
    pub(super) name: &'static str,
    /// Texts, numbers and lists of texts.
    pub(super) parameters: Map<String, Json>,
    /// Whether it is the same cmdlet when it is sent again.
    pub(super) repeatable: bool,
}

impl Cmdlet {
    /// The cmdlet of that name, without parameters.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, parameters: Map::new(), repeatable: true }
    }

    /// Adds a parameter; an absent value adds none.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.parameters.insert(parameter.to_owned(), value.into());
        }
        self
    }

    /// Adds a parameter that is a number or a list of texts.
    #[must_use]
    pub fn with_value(mut self, parameter: &str, value: impl Into<Json>) -> Self {
        self.parameters.insert(parameter.to_owned(), value.into());
        self
    }

    /// Adds a parameter that is a moment, in whole seconds of UTC.
    #[must_use]
    pub fn with_moment(self, parameter: &str, moment: OffsetDateTime) -> Self {
        self.with_exact_moment(parameter, moment.replace_nanosecond(0).unwrap_or(moment))
    }

    /// Adds a parameter that is a moment, as exactly as the service tells moments: it may be one of its own.
    #[must_use]
    pub fn with_exact_moment(self, parameter: &str, moment: OffsetDateTime) -> Self {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");
        let text = moment.to_offset(UtcOffset::UTC).format(form).unwrap_or_default();
        self.with(parameter, Some(&text))
    }

    /// Its answer depends on what was asked before: sent again after a lost reply it would tell something else.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }
}

/// What the service said to a change that it accepted.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// Its warnings.
    pub warnings: Vec<String>,
}
