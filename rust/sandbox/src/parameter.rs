//! The parameters of cmdlets and the checks of their values.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::audit_search::{parse_time, LARGEST_BLOCK};
use crate::refusal::Refusal;
use crate::restriction::Entity;

/// A parameter that a cmdlet takes.
pub(crate) struct Parameter {
    name: &'static str,
    kind: Kind,
    mandatory: bool,
}

/// What a parameter's value must look like.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// Microsoft.Exchange.Data.SmtpAddress
    Address,
    Guid,
    Texts,
    Time,
    Switch,
    /// Microsoft.Exchange.Data.ProxyAddress, or null, which ends what was set.
    ProxyAddressOrNull,
    TextOrNull,
    /// Texts, or null, which ends what was set.
    TextsOrNull,
    Bool,
    /// A number from 0 to this.
    Number(u32),
    /// How many records a search of the audit log shows at once.
    Block,
    /// One of these names of the type.
    OneOf(&'static str, &'static [&'static str]),
}

/// Parameters every cmdlet takes, in lower case. There is no WhatIf: these cmdlets refuse it, and so must a drill.
const COMMON_PARAMETERS: [&str; 14] = [
    "confirm",
    "debug",
    "erroraction",
    "errorvariable",
    "informationaction",
    "informationvariable",
    "outbuffer",
    "outvariable",
    "pipelinevariable",
    "progressaction",
    "resultsize",
    "verbose",
    "warningaction",
    "warningvariable",
];

pub(crate) const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, mandatory: false }
}

pub(crate) const fn mandatory(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, mandatory: true }
}

impl Kind {
    fn check(self, parameter: &str, value: &Json, text: &str) -> Result<(), Refusal> {
        if self.takes(value, text) {
            return Ok(());
        }
        let (type_name, error) = match self {
            Self::Text | Self::TextOrNull => ("System.String", "A text is expected.".into()),
            Self::ProxyAddressOrNull => (
                "Microsoft.Exchange.Data.ProxyAddress",
                "The address isn't correct. For example, smtp:tonysmith@contoso.com.".into(),
            ),
            Self::Texts | Self::TextsOrNull => ("System.String[]", "Texts are expected.".into()),
            Self::Address => (
                "Microsoft.Exchange.Data.SmtpAddress",
                "The email address isn't correct. Please use this format: user name, the @ sign, followed by the \
                 domain name. For example, tonysmith@contoso.com."
                    .into(),
            ),
            Self::Guid => (
                "System.Guid",
                "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).".into(),
            ),
            Self::Time => ("Microsoft.Exchange.ExchangeSystem.ExDateTime", "It is not a date and time.".into()),
            Self::Switch => ("System.Management.Automation.SwitchParameter", "A boolean is expected.".into()),
            Self::Bool => ("System.Boolean", "A boolean is expected.".into()),
            Self::Number(most) => ("System.UInt32", format!("A number from 0 to {most} is expected.")),
            Self::Block => ("System.Int32", format!("A number from 1 to {LARGEST_BLOCK} is expected.")),
            Self::OneOf(type_name, names) => {
                (type_name, format!("The possible enumeration values are \"{}\".", names.join(",")))
            }
        };
        Err(Refusal::bad_value(parameter, text, type_name, &error))
    }

    fn takes(self, value: &Json, text: &str) -> bool {
        let is_text = value.is_string();
        match self {
            Self::Text => is_text,
            Self::TextsOrNull if value.is_null() => true,
            Self::Texts | Self::TextsOrNull => {
                is_text || value.as_array().is_some_and(|all| all.iter().all(Json::is_string))
            }
            Self::TextOrNull => is_text || value.is_null(),
            Self::ProxyAddressOrNull => value.is_null() || is_text && (text.is_empty() || is_address(text)),
            Self::Address => is_text && is_address(text),
            Self::Guid => is_text && Uuid::try_parse(text).is_ok(),
            Self::Time => is_text && parse_time(text).is_some(),
            Self::Switch | Self::Bool => value.is_boolean(),
            Self::Number(most) => text.parse().is_ok_and(|number: u32| number <= most),
            Self::Block => text.parse().is_ok_and(|size: usize| (1..=LARGEST_BLOCK).contains(&size)),
            Self::OneOf(_, names) => is_text && names.iter().any(|name| name.eq_ignore_ascii_case(text)),
        }
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty())
}

/// The checked parameters of a call, by name in lower case.
#[derive(Debug, Default)]
pub(crate) struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// Checks the parameters of a call against those of a cmdlet.
    pub(crate) fn bind(parameters: &[Parameter], given: &Map<String, Json>) -> Result<Self, Refusal> {
        let mut arguments = Self::default();
        for (name, value) in given {
            let known = parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name));
            let lower = name.to_lowercase();
            if known.is_none() && !COMMON_PARAMETERS.contains(&lower.as_str()) {
                return Err(Refusal::unknown_parameter(name));
            }
            let text = match value {
                Json::String(text) => text.clone(),
                Json::Null => String::new(),
                other => other.to_string(),
            };
            if let Some(parameter) = known {
                parameter.kind.check(parameter.name, value, &text)?;
            }
            if arguments.0.insert(lower, text).is_some() {
                return Err(Refusal::repeated_parameter(name));
            }
        }
        let missing = |parameter: &&Parameter| parameter.mandatory && arguments.text(parameter.name).is_none();
        match parameters.iter().find(missing) {
            Some(parameter) => Err(Refusal::missing_parameter(parameter.name)),
            None => Ok(arguments),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_lowercase()).map(String::as_str)
    }

    /// Those of a cmdlet's parameters that were given, in its order.
    pub(crate) fn given(&self, parameters: &[Parameter]) -> Vec<(&'static str, String)> {
        let given = parameters.iter().filter_map(|parameter| Some((parameter.name, self.text(parameter.name)?)));
        given.map(|(name, text)| (name, text.to_owned())).collect()
    }

    /// The values of a parameter that takes several; none if it was not given.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let one = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| vec![text.to_owned()]);
        self.text(name).map(one).unwrap_or_default()
    }

    pub(crate) fn sender(&self) -> Option<Entity> {
        self.text("SenderAddress").map(Entity::sender)
    }

    pub(crate) fn connector(&self) -> Option<Entity> {
        self.text("ConnectorId").and_then(|id| Uuid::try_parse(id).ok()).map(Entity::Connector)
    }

    /// The same text for the same arguments, in whatever order and case they came.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{:?}", self.0)
    }

    /// As [`fingerprint`](Self::fingerprint), whatever one of them says.
    pub(crate) fn fingerprint_without(&self, name: &str) -> String {
        let others: BTreeMap<_, _> = self.0.iter().filter(|(other, _)| !other.eq_ignore_ascii_case(name)).collect();
        format!("{others:?}")
    }
}
