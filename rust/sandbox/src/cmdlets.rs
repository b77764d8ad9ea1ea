//! The cmdlets the practice tenant knows: their parameters and what they do. Those about one thing each stand beside.

mod delegate;
mod group;
mod inbox_rule;
mod mail_flow;
mod mailbox;
mod outbound_policy;
mod trace;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::audit::{Actor, RecordType};
use crate::audit_search;
use crate::parameter::{mandatory, optional, Arguments, Kind, Parameter};
use crate::refusal::Refusal;
use crate::restriction::{self, Entity, NotUnblocked, Reading, Restriction, Subject, Unblocked};
use crate::row::{Row, Value};
use crate::settings::Settings;
use crate::tenant::Tenant;

/// One cmdlet.
pub(crate) struct Cmdlet {
    pub(crate) name: &'static str,
    /// The .NET type of its rows (?); empty where there are none.
    pub(crate) output_type: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) run: fn(&Tenant, &Invocation<'_>) -> Result<Output, Refusal>,
    /// Whether an organization has it.
    pub(crate) exists: fn(&Settings) -> bool,
}

/// A call of a cmdlet with checked parameters.
pub(crate) struct Invocation<'a> {
    pub(crate) arguments: &'a Arguments,
    /// The app that calls.
    pub(crate) caller: Uuid,
    /// The number of the last row that an earlier page of the same answer has shown; 0 on the first page.
    pub(crate) after: u64,
}

impl Invocation<'_> {
    pub(crate) fn reading(&self) -> Reading {
        if self.after == 0 {
            Reading::First
        } else {
            Reading::Further
        }
    }
}

/// Rows with their numbers, made when they are needed.
pub(crate) type Rows = Box<dyn Iterator<Item = (u64, Row)>>;

/// What a cmdlet answers.
pub(crate) enum Output {
    /// Numbered rows, in order of their numbers; pages keep their place by them. They may begin with the first or with
    /// the first that has not been shown yet.
    Rows(Rows),
    /// Done, with a warning.
    Warning(String),
    /// Done, and nothing to show: not even an empty list.
    Silence,
}

impl Output {
    pub(crate) fn rows(rows: Vec<(u64, Row)>) -> Self {
        Self::Rows(Box::new(rows.into_iter()))
    }
}

const RECORD_TYPES: [&str; RecordType::ALL.len()] = {
    let [admin, directory, sign_in, hygiene] = RecordType::ALL;
    [admin.name(), directory.name(), sign_in.name(), hygiene.name()]
};

pub(crate) fn everywhere(_: &Settings) -> bool {
    true
}

fn with_mailboxes(settings: &Settings) -> bool {
    settings.mailboxes
}

static CMDLETS: [Cmdlet; 9] = [
    Cmdlet {
        name: "Get-BlockedSenderAddress",
        output_type: "Microsoft.Exchange.Management.AntiSpamTasks.BlockedSenderAddress",
        parameters: &[optional("SenderAddress", Kind::Address)],
        run: get_blocked_sender_address,
        exists: everywhere,
    },
    Cmdlet {
        name: "Remove-BlockedSenderAddress",
        output_type: "",
        parameters: &[mandatory("SenderAddress", Kind::Address), optional("Reason", Kind::Text)],
        run: remove_blocked_sender_address,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-BlockedConnector",
        output_type: "Microsoft.Exchange.Management.AntiSpamTasks.BlockedConnector",
        parameters: &[optional("ConnectorId", Kind::Guid)],
        run: get_blocked_connector,
        exists: everywhere,
    },
    Cmdlet {
        name: "Remove-BlockedConnector",
        output_type: "",
        parameters: &[mandatory("ConnectorId", Kind::Guid), optional("Reason", Kind::Text)],
        run: remove_blocked_connector,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-Recipient",
        output_type: "Microsoft.Exchange.Data.Directory.Management.ReducedRecipient",
        parameters: &[optional("Identity", Kind::Text)],
        run: get_recipient,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-AcceptedDomain",
        output_type: "Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomain",
        parameters: &[],
        run: get_accepted_domain,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-OrganizationConfig",
        output_type: "Microsoft.Exchange.Data.Directory.Management.OrganizationConfig",
        parameters: &[optional("Identity", Kind::Text)],
        run: get_organization_config,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-AdminAuditLogConfig",
        output_type: "Microsoft.Exchange.Data.Directory.SystemConfiguration.AdminAuditLogConfig",
        parameters: &[],
        run: get_audit_config,
        exists: everywhere,
    },
    Cmdlet {
        name: "Search-UnifiedAuditLog",
        output_type: "Microsoft.Exchange.Data.ApplicationLogic.Auditing.UnifiedAuditLogEvent",
        parameters: &[
            mandatory("StartDate", Kind::Time),
            mandatory("EndDate", Kind::Time),
            optional("RecordType", Kind::OneOf("Microsoft.Office.Audit.Schema.AuditLogRecordType", &RECORD_TYPES)),
            optional("Operations", Kind::Texts),
            optional("UserIds", Kind::Texts),
            optional("ObjectIds", Kind::Texts),
            optional("FreeText", Kind::Text),
            optional("ResultSize", Kind::Block),
            optional("SessionId", Kind::Text),
            optional(
                "SessionCommand",
                Kind::OneOf("UnifiedAuditSessionCommand", &["ReturnLargeSet", "ReturnNextPreviewPage"]),
            ),
            optional("Formatted", Kind::Switch),
            optional("HighCompleteness", Kind::Switch),
        ],
        run: audit_search::search,
        exists: |settings| settings.audit_log,
    },
];

impl Cmdlet {
    /// The cmdlets that an organization with these settings has.
    pub(crate) fn all_in(settings: &Settings) -> impl Iterator<Item = &'static Self> + '_ {
        let groups = [
            &CMDLETS[..],
            &mailbox::CMDLETS,
            &inbox_rule::CMDLETS,
            &delegate::CMDLETS,
            &group::CMDLETS,
            &mail_flow::CMDLETS,
            &outbound_policy::CMDLETS,
            &trace::CMDLETS,
        ];
        groups.into_iter().flatten().filter(|cmdlet| (cmdlet.exists)(settings))
    }

    /// The cmdlet of this name, whatever its case, if an organization with these settings has it.
    pub(crate) fn named(name: &str, settings: &Settings) -> Option<&'static Self> {
        Self::all_in(settings).find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name))
    }

    /// Checks the parameters of a call against those of the cmdlet.
    pub(crate) fn bind(&self, given: &Map<String, Json>) -> Result<Arguments, Refusal> {
        Arguments::bind(self.parameters, given)
    }

    pub(crate) fn run(&self, tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
        (self.run)(tenant, invocation)
    }
}

fn get_blocked_sender_address(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    Ok(listed(tenant, restriction::Kind::Sender, invocation.arguments.sender(), invocation.reading(), |entry| {
        match &entry.subject {
            Subject::Sender { address, temporary, .. } => Some(Row(vec![
                ("SenderAddress", address.as_str().into()),
                ("Reason", entry.reason.as_str().into()),
                ("CreatedDatetime", Value::Time(entry.created)),
                ("ChangedDatetime", Value::Time(entry.changed)),
                ("TemporaryBlock", Value::Bool(*temporary)),
            ])),
            Subject::Connector { .. } => None,
        }
    }))
}

fn get_blocked_connector(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    Ok(listed(tenant, restriction::Kind::Connector, invocation.arguments.connector(), invocation.reading(), |entry| {
        match &entry.subject {
            Subject::Connector { id, name, expires } => Some(Row(vec![
                ("ConnectorId", Value::Guid(*id)),
                ("ConnectorName", name.as_str().into()),
                ("TenantId", Value::Guid(tenant.id)),
                ("Reason", entry.reason.as_str().into()),
                ("CreatedTime", Value::Time(entry.created)),
                ("ExpirationTime", expires.map_or(Value::Null, Value::Time)),
            ])),
            Subject::Sender { .. } => None,
        }
    }))
}

/// The rows of one entity, which may be none, or of all of its kind.
fn listed(
    tenant: &Tenant,
    kind: restriction::Kind,
    only: Option<Entity>,
    reading: Reading,
    row: impl Fn(&Restriction) -> Option<Row>,
) -> Output {
    let now = tenant.now();
    let mut restrictions = tenant.restrictions();
    let numbered = |(number, entry): (u64, &Restriction)| row(entry).map(|row| (number, row));
    Output::rows(match only {
        Some(entity) => restrictions.find(&entity, reading, now).and_then(numbered).into_iter().collect(),
        None => restrictions.read(kind, reading, now).filter_map(numbered).collect(),
    })
}

fn remove_blocked_sender_address(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let entity = invocation.arguments.sender();
    let warning = unblock(tenant, entity, invocation, ("Remove-BlockedSenderAddress", "SenderAddress"))?;
    Ok(warning.map_or_else(|| Output::rows(Vec::new()), Output::Warning))
}

/// Answers nothing at all, where removing a sender answers an empty list: clients must take both for success.
fn remove_blocked_connector(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let entity = invocation.arguments.connector();
    let warning = unblock(tenant, entity, invocation, ("Remove-BlockedConnector", "ConnectorId"))?;
    Ok(warning.map_or(Output::Silence, Output::Warning))
}

/// Unblocks, and returns what is to be said about it: the words of the warning are ours (?).
fn unblock(
    tenant: &Tenant,
    entity: Option<Entity>,
    invocation: &Invocation<'_>,
    (cmdlet, parameter): (&'static str, &'static str),
) -> Result<Option<String>, Refusal> {
    let name = invocation.arguments.text(parameter).unwrap_or_default();
    let entity = entity.ok_or_else(|| Refusal::not_found(name))?;
    let (now, budget) = (tenant.now(), tenant.settings().unblock_budget);
    let mut restrictions = tenant.restrictions();
    let unblocked = restrictions.unblock(&entity, budget, now).map_err(|why| match why {
        NotUnblocked::NotListed => Refusal::not_found(name),
        NotUnblocked::BudgetExceeded => Refusal::budget_exceeded(name),
    })?;
    let given = [parameter, "Reason"].into_iter();
    let given = given.filter_map(|name| Some((name, invocation.arguments.text(name)?.to_owned())));
    restrictions.audit(now).command(now, cmdlet, given.collect(), Actor::App(invocation.caller));
    Ok(match unblocked {
        Unblocked::Started => None,
        Unblocked::UnderWay => {
            Some(format!("'{name}' has been unblocked already. It can take an hour until it is off the list."))
        }
    })
}

/// Exists without mailboxes, too: it is about recipients of any kind, and there they are mail users and groups.
fn get_recipient(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let has_mailboxes = tenant.settings().mailboxes;
    let rows = match invocation.arguments.text("Identity") {
        Some(identity) => {
            let recipient = tenant.directory.find(identity).ok_or_else(|| Refusal::not_found(identity))?;
            vec![(1, recipient.row(has_mailboxes))]
        }
        None => (1..).zip(tenant.directory.recipients().iter().map(|all| all.row(has_mailboxes))).collect(),
    };
    Ok(Output::rows(rows))
}

fn get_accepted_domain(tenant: &Tenant, _: &Invocation<'_>) -> Result<Output, Refusal> {
    Ok(Output::rows((1..).zip(tenant.directory.domains.iter().map(|domain| domain.row())).collect()))
}

fn get_audit_config(tenant: &Tenant, _: &Invocation<'_>) -> Result<Output, Refusal> {
    let row = Row(vec![
        ("Name", "Admin Audit Log Settings".into()),
        ("AdminAuditLogEnabled", Value::Bool(true)),
        ("UnifiedAuditLogIngestionEnabled", Value::Bool(tenant.settings().auditing)),
    ]);
    Ok(Output::rows(vec![(1, row)]))
}

/// The row of this name, which must be there, or all of them.
fn named(all: Vec<(&str, Row)>, wanted: Option<&str>) -> Result<Output, Refusal> {
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name));
    let rows: Vec<(u64, Row)> =
        (1..).zip(all.into_iter().filter(|(name, _)| is_wanted(name)).map(|(_, row)| row)).collect();
    match wanted {
        Some(name) if rows.is_empty() => Err(Refusal::not_found(name)),
        _ => Ok(Output::rows(rows)),
    }
}

fn get_organization_config(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    match invocation.arguments.text("Identity") {
        Some(name) if !tenant.is_called(name) => Err(Refusal::not_found(name)),
        _ => Ok(Output::rows(vec![(1, organization_row(tenant))])),
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
        Cmdlet::named(cmdlet, &Settings::default()).unwrap().bind(&parameters).map_err(|refusal| refusal.message)
    }

    #[test]
    fn names_ignore_case() {
        let arguments = bind("get-blockedSENDERaddress", json!({"senderADDRESS": "Ann@contoso.com"})).unwrap();
        assert_eq!(arguments.sender(), Some(Entity::sender("ann@CONTOSO.com")));
        assert!(Cmdlet::named("Get-Nonsense", &Settings::default()).is_none());
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
