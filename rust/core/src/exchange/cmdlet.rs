//! What an operation asks Exchange for, whichever way leads there.

use serde_json::{Map, Value as Json};

/// A cmdlet with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cmdlet {
    /// Its name, without any prefix that a session may give it.
    pub(super) name: &'static str,
    /// Texts, numbers and lists of texts.
    pub(super) parameters: Map<String, Json>,
}

impl Cmdlet {
    /// The cmdlet of that name, without parameters.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, parameters: Map::new() }
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
}

/// What the service said to a change that it accepted.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// Its warnings.
    pub warnings: Vec<String>,
}
