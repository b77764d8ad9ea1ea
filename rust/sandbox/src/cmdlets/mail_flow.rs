//! Cmdlets about what directs the organization's mail as a whole.

use super::{everywhere, named, optional, Cmdlet, Invocation, Kind, Output};
use crate::mail_flow::{InboundConnector, OutboundConnector, TransportRule};
use crate::refusal::Refusal;
use crate::row::{Row, Value};
use crate::tenant::Tenant;

pub(super) static CMDLETS: [Cmdlet; 3] = [
    Cmdlet {
        name: "Get-TransportRule",
        output_type: "Microsoft.Exchange.MessagingPolicies.Rules.Tasks.Rule",
        parameters: &[optional("Identity", Kind::Text)],
        run: |tenant, invocation| all(invocation, &tenant.mail_flow.rules, |rule| (rule.name, rule_row(rule))),
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-InboundConnector",
        output_type: "Microsoft.Exchange.Data.Directory.SystemConfiguration.TenantInboundConnector",
        parameters: &[optional("Identity", Kind::Text)],
        run: get_inbound,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-OutboundConnector",
        output_type: "Microsoft.Exchange.Data.Directory.SystemConfiguration.TenantOutboundConnector",
        parameters: &[optional("Identity", Kind::Text)],
        run: |tenant, invocation| {
            all(invocation, &tenant.mail_flow.outbound, |connector| (connector.name, outbound_row(connector)))
        },
        exists: everywhere,
    },
];

fn all<'a, T>(
    invocation: &Invocation<'_>,
    objects: &'a [T],
    row: impl Fn(&'a T) -> (&'a str, Row),
) -> Result<Output, Refusal> {
    named(objects.iter().map(row).collect(), invocation.arguments.text("Identity"))
}

/// By name, or by the identifier that restrictions know it by.
fn get_inbound(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let connectors = &tenant.mail_flow.inbound;
    let wanted = invocation.arguments.text("Identity");
    let by_id = connectors
        .iter()
        .find(|connector| wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case(&connector.guid.to_string())));
    match by_id {
        Some(connector) => Ok(Output::rows(vec![(1, inbound_row(connector))])),
        None => all(invocation, connectors, |connector| (connector.name.as_str(), inbound_row(connector))),
    }
}

fn rule_row(rule: &TransportRule) -> Row {
    let text = |text: Option<&'static str>| text.map_or(Value::Null, |text| Value::of_texts(&[text]));
    Row(vec![
        ("Name", rule.name.into()),
        ("Identity", rule.name.into()),
        ("Guid", Value::Guid(rule.guid)),
        ("Priority", Value::Int(rule.priority.into())),
        ("State", if rule.is_enabled { "Enabled" } else { "Disabled" }.into()),
        ("Mode", "Enforce".into()),
        ("Description", rule.description.into()),
        ("RedirectMessageTo", text(rule.redirect_to)),
        ("BlindCopyTo", text(rule.blind_copy_to)),
        ("CopyTo", Value::Null),
        ("AddToRecipients", Value::Null),
        ("RouteMessageOutboundConnector", Value::Null),
        ("DeleteMessage", Value::Bool(false)),
        ("LastModifiedBy", rule.changed_by.into()),
        ("WhenChanged", Value::Time(rule.changed)),
    ])
}

fn inbound_row(connector: &InboundConnector) -> Row {
    let name = Value::from(connector.name.as_str());
    Row(vec![
        ("Name", name.clone()),
        ("Identity", name),
        ("Guid", Value::Guid(connector.guid)),
        ("Enabled", Value::Bool(true)),
        ("ConnectorType", if connector.is_on_premises { "OnPremises" } else { "Partner" }.into()),
        ("ConnectorSource", "AdminUI".into()),
        ("Comment", Value::Null),
        ("SenderIPAddresses", Value::of_texts(&connector.sender_addresses)),
        ("SenderDomains", Value::of_texts(&["smtp:*;1"])),
        ("RequireTls", Value::Bool(connector.certificate_name.is_some())),
        ("RestrictDomainsToIPAddresses", Value::Bool(connector.certificate_name.is_none())),
        ("RestrictDomainsToCertificate", Value::Bool(connector.certificate_name.is_some())),
        ("CloudServicesMailEnabled", Value::Bool(connector.is_on_premises)),
        ("TreatMessagesAsInternal", Value::Bool(false)),
        ("TlsSenderCertificateName", connector.certificate_name.map_or(Value::Null, Value::from)),
        ("WhenCreatedUTC", Value::Time(connector.created)),
        ("WhenChanged", Value::Time(connector.changed)),
        ("WhenChangedUTC", Value::Time(connector.changed)),
    ])
}

fn outbound_row(connector: &OutboundConnector) -> Row {
    Row(vec![
        ("Name", connector.name.into()),
        ("Identity", connector.name.into()),
        ("Guid", Value::Guid(connector.guid)),
        ("Enabled", Value::Bool(true)),
        ("ConnectorType", "OnPremises".into()),
        ("ConnectorSource", "AdminUI".into()),
        ("Comment", Value::Null),
        ("RecipientDomains", Value::of_texts(&[connector.recipient_domain])),
        ("SmartHosts", Value::of_texts(&[connector.smart_host])),
        ("UseMXRecord", Value::Bool(false)),
        ("RouteAllMessagesViaOnPremises", Value::Bool(false)),
        ("WhenCreatedUTC", Value::Time(connector.created)),
        ("WhenChanged", Value::Time(connector.changed)),
        ("WhenChangedUTC", Value::Time(connector.changed)),
    ])
}
