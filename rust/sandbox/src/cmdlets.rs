//! The cmdlets the practice tenant knows: their parameters and what they do.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::restriction::{Entity, NotUnblocked, Release, Restriction, Subject};
use crate::row::{Row, Value};
use crate::tenant::Tenant;

/// One cmdlet.
pub(crate) struct Cmdlet {
    pub(crate) name: &'static str,
    /// The .NET type of its rows (?); empty where there are none.
    pub(crate) output_type: &'static str,
    parameters: &'static [Parameter],
    run: fn(&Tenant, &Arguments) -> Result<Output, Refusal>,
}

struct Parameter {
    name: &'static str,
    kind: Kind,
    mandatory: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// Microsoft.Exchange.Data.SmtpAddress
    Address,
    Guid,
}

/// What a cmdlet answers.
pub(crate) enum Output {
    /// Numbered rows, in order of their numbers; pages keep their place by them.
    Rows(Vec<(u64, Row)>),
    /// Done, with a warning.
    Warning(String),
    /// Done, and nothing to show: not even an empty list.
    Silence,
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

const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, mandatory: false }
}

const fn mandatory(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, mandatory: true }
}

static CMDLETS: [Cmdlet; 7] = [
    Cmdlet {
        name: "Get-BlockedSenderAddress",
        output_type: "Microsoft.Exchange.Management.AntiSpamTasks.BlockedSenderAddress",
        parameters: &[optional("SenderAddress", Kind::Address)],
        run: get_blocked_sender_address,
    },
    Cmdlet {
        name: "Remove-BlockedSenderAddress",
        output_type: "",
        parameters: &[mandatory("SenderAddress", Kind::Address), optional("Reason", Kind::Text)],
        run: remove_blocked_sender_address,
    },
    Cmdlet {
        name: "Get-BlockedConnector",
        output_type: "Microsoft.Exchange.Management.AntiSpamTasks.BlockedConnector",
        parameters: &[optional("ConnectorId", Kind::Guid)],
        run: get_blocked_connector,
    },
    Cmdlet {
        name: "Remove-BlockedConnector",
        output_type: "",
        parameters: &[mandatory("ConnectorId", Kind::Guid), optional("Reason", Kind::Text)],
        run: remove_blocked_connector,
    },
    Cmdlet {
        name: "Get-Recipient",
        output_type: "Microsoft.Exchange.Data.Directory.Management.ReducedRecipient",
        parameters: &[optional("Identity", Kind::Text)],
        run: get_recipient,
    },
    Cmdlet {
        name: "Get-AcceptedDomain",
        output_type: "Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomain",
        parameters: &[],
        run: get_accepted_domain,
    },
    Cmdlet {
        name: "Get-OrganizationConfig",
        output_type: "Microsoft.Exchange.Data.Directory.Management.OrganizationConfig",
        parameters: &[optional("Identity", Kind::Text)],
        run: get_organization_config,
    },
];

impl Cmdlet {
    /// The cmdlet of this name, whatever its case.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CMDLETS.iter().find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name))
    }

    /// The names of all of them.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        CMDLETS.iter().map(|cmdlet| cmdlet.name)
    }

    pub(crate) fn run(&self, tenant: &Tenant, arguments: &Arguments) -> Result<Output, Refusal> {
        (self.run)(tenant, arguments)
    }

    /// Checks the parameters of a call against those of the cmdlet.
    pub(crate) fn bind(&self, given: &Map<String, Json>) -> Result<Arguments, Refusal> {
        let mut arguments = Arguments::default();
        for (name, value) in given {
            let known = self.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name));
            let lower = name.to_lowercase();
            if known.is_none() && !COMMON_PARAMETERS.contains(&lower.as_str()) {
                return Err(Refusal::unknown_parameter(name));
            }
            let text = match value {
                Json::String(text) => text.clone(),
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
        match self.parameters.iter().find(missing) {
            Some(parameter) => Err(Refusal::missing_parameter(parameter.name)),
            None => Ok(arguments),
        }
    }
}

impl Kind {
    fn check(self, parameter: &str, value: &Json, text: &str) -> Result<(), Refusal> {
        let (type_name, error) = match self {
            Self::Text => ("System.String", "A text is expected."),
            Self::Address => (
                "Microsoft.Exchange.Data.SmtpAddress",
                "The email address isn't correct. Please use this format: user name, the @ sign, followed by the \
                 domain name. For example, tonysmith@contoso.com.",
            ),
            Self::Guid => {
                ("System.Guid", "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).")
            }
        };
        let good = value.is_string()
            && match self {
                Self::Text => true,
                Self::Address => {
                    text.rsplit_once('@').is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty())
                }
                Self::Guid => Uuid::try_parse(text).is_ok(),
            };
        if good {
            Ok(())
        } else {
            Err(Refusal::bad_value(parameter, text, type_name, error))
        }
    }
}

/// The checked parameters of a call, by name in lower case.
#[derive(Debug, Default)]
pub(crate) struct Arguments(BTreeMap<String, String>);

impl Arguments {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_lowercase()).map(String::as_str)
    }

    fn sender(&self) -> Option<Entity> {
        self.text("SenderAddress").map(Entity::sender)
    }

    fn connector(&self) -> Option<Entity> {
        self.text("ConnectorId").and_then(|id| Uuid::try_parse(id).ok()).map(Entity::Connector)
    }

    /// The same text for the same arguments, in whatever order and case they came.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{:?}", self.0)
    }
}

fn get_blocked_sender_address(tenant: &Tenant, arguments: &Arguments) -> Result<Output, Refusal> {
    Ok(listed(tenant, arguments.sender(), |entry| match &entry.subject {
        Subject::Sender { address, temporary } => Some(Row(vec![
            ("SenderAddress", address.as_str().into()),
            ("Reason", entry.reason.as_str().into()),
            ("CreatedDatetime", Value::Time(entry.created)),
            ("ChangedDatetime", Value::Time(entry.changed)),
            ("TemporaryBlock", Value::Bool(*temporary)),
        ])),
        Subject::Connector { .. } => None,
    }))
}

fn get_blocked_connector(tenant: &Tenant, arguments: &Arguments) -> Result<Output, Refusal> {
    Ok(listed(tenant, arguments.connector(), |entry| match &entry.subject {
        Subject::Connector { id, name, expires } => Some(Row(vec![
            ("ConnectorId", Value::Guid(*id)),
            ("ConnectorName", name.as_str().into()),
            ("TenantId", Value::Guid(tenant.id)),
            ("Reason", entry.reason.as_str().into()),
            ("CreatedTime", Value::Time(entry.created)),
            ("ExpirationTime", expires.map_or(Value::Null, Value::Time)),
        ])),
        Subject::Sender { .. } => None,
    }))
}

/// The rows of one entity, which may be none, or of all of them.
fn listed(tenant: &Tenant, only: Option<Entity>, row: impl Fn(&Restriction) -> Option<Row>) -> Output {
    let now = tenant.now();
    let mut restrictions = tenant.restrictions();
    let numbered = |(number, entry): (u64, &Restriction)| row(entry).map(|row| (number, row));
    Output::Rows(match only {
        Some(entity) => restrictions.find(&entity, now).and_then(numbered).into_iter().collect(),
        None => restrictions.list(now).filter_map(numbered).collect(),
    })
}

fn remove_blocked_sender_address(tenant: &Tenant, arguments: &Arguments) -> Result<Output, Refusal> {
    let warning = unblock(tenant, arguments.sender(), arguments.text("SenderAddress"))?;
    Ok(warning.map_or_else(|| Output::Rows(Vec::new()), Output::Warning))
}

/// Answers nothing at all, where removing a sender answers an empty list: clients must take both for success.
fn remove_blocked_connector(tenant: &Tenant, arguments: &Arguments) -> Result<Output, Refusal> {
    let warning = unblock(tenant, arguments.connector(), arguments.text("ConnectorId"))?;
    Ok(warning.map_or(Output::Silence, Output::Warning))
}

/// Unblocks, and returns what is to be said about it: the words of the warning are ours (?).
fn unblock(tenant: &Tenant, entity: Option<Entity>, name: Option<&str>) -> Result<Option<String>, Refusal> {
    let name = name.unwrap_or_default();
    let entity = entity.ok_or_else(|| Refusal::not_found(name))?;
    match tenant.restrictions().unblock(&entity, tenant.now()) {
        Ok(Release::Started) => Ok(None),
        Ok(Release::UnderWay) => {
            Ok(Some(format!("'{name}' has been unblocked already. It can take an hour until it is off the list.")))
        }
        Err(NotUnblocked::NotListed) => Err(Refusal::not_found(name)),
        Err(NotUnblocked::BudgetExceeded) => Err(Refusal::budget_exceeded(name)),
    }
}

fn get_recipient(tenant: &Tenant, arguments: &Arguments) -> Result<Output, Refusal> {
    let rows = match arguments.text("Identity") {
        Some(identity) => {
            let recipient = tenant.directory.find(identity).ok_or_else(|| Refusal::not_found(identity))?;
            vec![(1, recipient.row())]
        }
        None => (1..).zip(tenant.directory.recipients().iter().map(|recipient| recipient.row())).collect(),
    };
    Ok(Output::Rows(rows))
}

fn get_accepted_domain(tenant: &Tenant, _: &Arguments) -> Result<Output, Refusal> {
    Ok(Output::Rows((1..).zip(tenant.directory.domains.iter().map(|domain| domain.row())).collect()))
}

fn get_organization_config(tenant: &Tenant, arguments: &Arguments) -> Result<Output, Refusal> {
    match arguments.text("Identity") {
        Some(name) if !tenant.is_called(name) => Err(Refusal::not_found(name)),
        _ => Ok(Output::Rows(vec![(1, organization_row(tenant))])),
    }
}

fn organization_row(tenant: &Tenant) -> Row {
    let organization = Value::from(tenant.organization.as_str());
    Row(vec![
        ("Name", organization.clone()),
        ("DisplayName", tenant.company.into()),
        ("Identity", organization),
        ("Guid", Value::Guid(tenant.organization_guid)),
        ("ExternalDirectoryOrganizationId", tenant.id.to_string().as_str().into()),
        ("IsDehydrated", Value::Bool(false)),
        ("IsMixedMode", Value::Bool(false)),
        ("MailTipsExternalRecipientsTipsEnabled", Value::Bool(false)),
        ("ObjectVersion", Value::Int(16_250)),
        ("RemotePublicFolderMailboxes", Value::Texts(Vec::new())),
        ("WhenCreatedUTC", Value::Time(tenant.founded)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bind(cmdlet: &str, parameters: Json) -> Result<Arguments, String> {
        let parameters = parameters.as_object().cloned().unwrap();
        Cmdlet::named(cmdlet).unwrap().bind(&parameters).map_err(|refusal| refusal.message)
    }

    #[test]
    fn names_ignore_case() {
        let arguments = bind("get-blockedSENDERaddress", json!({"senderADDRESS": "Ann@contoso.com"})).unwrap();
        assert_eq!(arguments.sender(), Some(Entity::sender("ann@CONTOSO.com")));
        assert!(Cmdlet::named("Get-Mailbox").is_none());
    }

    #[test]
    fn common_parameters_are_taken_and_others_are_not() {
        for name in ["ErrorAction", "ResultSize", "Confirm", "Verbose"] {
            assert!(bind("Get-AcceptedDomain", json!({name: true})).is_ok(), "{name}");
        }
        for name in ["WhatIf", "Identity", ""] {
            assert!(bind("Get-AcceptedDomain", json!({name: "x"})).unwrap_err().contains("parameter name"), "{name}");
        }
    }

    #[test]
    fn values_are_checked() {
        for (cmdlet, parameters, error) in [
            ("Remove-BlockedSenderAddress", json!({}), "missing mandatory parameters: SenderAddress"),
            ("Remove-BlockedSenderAddress", json!({"Reason": "x"}), "missing mandatory parameters: SenderAddress"),
            ("Remove-BlockedConnector", json!({"ConnectorId": "7"}), "\"7\" to type \"System.Guid\""),
            ("Get-BlockedConnector", json!({"ConnectorId": null}), "to type \"System.Guid\""),
            ("Get-BlockedSenderAddress", json!({"SenderAddress": "ann"}), "SmtpAddress"),
            ("Get-BlockedSenderAddress", json!({"SenderAddress": ["a@contoso.com"]}), "SmtpAddress"),
            ("Get-Recipient", json!({"Identity": "a", "identity": "b"}), "more than once"),
        ] {
            let message = bind(cmdlet, parameters).unwrap_err();
            assert!(message.contains(error), "{message}");
        }
    }
}
