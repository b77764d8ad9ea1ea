//! Cmdlets about mailboxes: what is set up in them, how they can be reached, whether they are audited.

use super::{mandatory, optional, with_mailboxes, Cmdlet, Invocation, Kind, Output};
use crate::account::Account;
use crate::audit::Actor;
use crate::directory::{Recipient, RecipientKind};
use crate::refusal::Refusal;
use crate::row::{Row, Value};
use crate::tenant::Tenant;

pub(super) static CMDLETS: [Cmdlet; 4] = [
    Cmdlet {
        name: "Get-Mailbox",
        output_type: "Microsoft.Exchange.Data.Directory.Management.Mailbox",
        parameters: &[optional("Identity", Kind::Text)],
        run: |tenant, invocation| rows(tenant, invocation, mailbox_row),
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Set-Mailbox",
        output_type: "",
        parameters: &[
            mandatory("Identity", Kind::Text),
            optional("ForwardingSmtpAddress", Kind::ProxyAddressOrNull),
            optional("ForwardingAddress", Kind::TextOrNull),
            optional("DeliverToMailboxAndForward", Kind::Switch),
        ],
        run: set,
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Get-CASMailbox",
        output_type: "Microsoft.Exchange.Data.Directory.Management.CASMailbox",
        parameters: &[optional("Identity", Kind::Text)],
        run: |tenant, invocation| rows(tenant, invocation, protocol_row),
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Get-MailboxAuditBypassAssociation",
        output_type: "Microsoft.Exchange.Management.SystemConfigurationTasks.MailboxAuditBypassAssociation",
        parameters: &[optional("Identity", Kind::Text)],
        run: |tenant, invocation| rows(tenant, invocation, bypass_row),
        exists: with_mailboxes,
    },
];

/// Looks at a mailbox by any name of its recipient. Groups have none.
pub(super) fn with<T>(
    tenant: &Tenant,
    identity: &str,
    look: impl FnOnce(&Recipient, &mut Account) -> T,
) -> Result<T, Refusal> {
    let recipient = tenant.directory.find(identity).filter(|recipient| has_mailbox(recipient));
    let mut accounts = tenant.accounts();
    let found = recipient.and_then(|recipient| {
        accounts.find_mut(&recipient.object_id.to_string()).map(|account| look(recipient, account))
    });
    found.ok_or_else(|| Refusal::not_found(identity))
}

fn has_mailbox(recipient: &Recipient) -> bool {
    matches!(recipient.kind, RecipientKind::UserMailbox | RecipientKind::SharedMailbox)
}

/// A row of one mailbox, which must be there, or of all.
pub(super) fn rows(
    tenant: &Tenant,
    invocation: &Invocation<'_>,
    row: fn(&Recipient, &Account) -> Row,
) -> Result<Output, Refusal> {
    if let Some(identity) = invocation.arguments.text("Identity") {
        let row = with(tenant, identity, |recipient, account| row(recipient, account))?;
        return Ok(Output::rows(vec![(1, row)]));
    }
    let accounts = tenant.accounts();
    let recipients = tenant.directory.recipients().iter().filter(|recipient| has_mailbox(recipient));
    let all = recipients
        .filter_map(|recipient| accounts.find(&recipient.object_id.to_string()).map(|account| row(recipient, account)));
    Ok(Output::rows((1..).zip(all).collect()))
}

fn mailbox_row(recipient: &Recipient, account: &Account) -> Row {
    let mailbox = &account.mailbox;
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let forwarding = mailbox.forwarding_address.as_ref().map(|address| format!("smtp:{address}"));
    let Row(mut row) = recipient.row(true);
    row.extend([
        ("UserPrincipalName", text(&recipient.upn)),
        ("ForwardingAddress", text(&mailbox.forwarding_recipient)),
        ("ForwardingSmtpAddress", text(&forwarding)),
        ("DeliverToMailboxAndForward", Value::Bool(mailbox.deliver_and_forward)),
        ("GrantSendOnBehalfTo", Value::of_texts(&mailbox.send_on_behalf)),
        ("AuditEnabled", Value::Bool(mailbox.audited)),
        ("AccountDisabled", Value::Bool(!account.enabled)),
        ("IsDirSynced", Value::Bool(account.synchronized)),
        ("IsMailboxEnabled", Value::Bool(true)),
        ("IsShared", Value::Bool(recipient.kind == RecipientKind::SharedMailbox)),
        ("WhenMailboxCreated", Value::Time(account.created)),
        ("WhenCreatedUTC", Value::Time(account.created)),
        ("WhenChanged", Value::Time(mailbox.changed)),
        ("WhenChangedUTC", Value::Time(mailbox.changed)),
    ]);
    Row(row)
}

fn protocol_row(recipient: &Recipient, account: &Account) -> Row {
    let mailbox = &account.mailbox;
    Row(vec![
        ("Identity", recipient.display_name.as_str().into()),
        ("Name", recipient.display_name.as_str().into()),
        ("DisplayName", recipient.display_name.as_str().into()),
        ("Guid", Value::Guid(recipient.guid)),
        ("PrimarySmtpAddress", recipient.primary_address.as_str().into()),
        ("ActiveSyncEnabled", Value::Bool(true)),
        ("OWAEnabled", Value::Bool(true)),
        ("MAPIEnabled", Value::Bool(true)),
        ("EwsEnabled", Value::Bool(true)),
        ("PopEnabled", Value::Bool(mailbox.legacy_protocols)),
        ("ImapEnabled", Value::Bool(mailbox.legacy_protocols)),
        ("SmtpClientAuthenticationDisabled", mailbox.smtp_auth_disabled.map_or(Value::Null, Value::Bool)),
    ])
}

fn bypass_row(recipient: &Recipient, account: &Account) -> Row {
    Row(vec![
        ("Identity", recipient.display_name.as_str().into()),
        ("Name", recipient.display_name.as_str().into()),
        ("Guid", Value::Guid(recipient.guid)),
        ("ObjectId", recipient.guid.to_string().as_str().into()),
        ("AuditBypassEnabled", Value::Bool(account.mailbox.audit_bypassed)),
        ("WhenChangedUTC", Value::Time(account.mailbox.changed)),
    ])
}

/// Forwarding, changed or ended.
fn set(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let arguments = invocation.arguments;
    let identity = arguments.text("Identity").unwrap_or_default();
    // A value of nothing ends what was set.
    let given = |name: &str| arguments.text(name).map(|value| Some(value).filter(|value| !value.is_empty()));
    let recipient = match given("ForwardingAddress") {
        Some(Some(name)) => {
            let found = tenant.directory.find(name).ok_or_else(|| Refusal::not_found(name))?;
            Some(Some(found.display_name.clone()))
        }
        other => other.map(|_| None),
    };
    let address = given("ForwardingSmtpAddress").map(|address| address.map(without_prefix));
    let both = arguments.text("DeliverToMailboxAndForward").map(|value| value == "true");
    let now = tenant.now();
    let is_changed = with(tenant, identity, |_, account| {
        let mailbox = &mut account.mailbox;
        let before =
            (mailbox.forwarding_recipient.clone(), mailbox.forwarding_address.clone(), mailbox.deliver_and_forward);
        let after = (
            recipient.unwrap_or_else(|| before.0.clone()),
            address.unwrap_or_else(|| before.1.clone()),
            both.unwrap_or(before.2),
        );
        let is_changed = after != before;
        if is_changed {
            (mailbox.forwarding_recipient, mailbox.forwarding_address, mailbox.deliver_and_forward) = after;
            mailbox.changed = now;
        }
        is_changed
    })?;
    if !is_changed {
        let warning = format!("The command completed successfully but no settings of '{identity}' have been modified.");
        return Ok(Output::Warning(warning));
    }
    let names = ["Identity", "ForwardingSmtpAddress", "ForwardingAddress", "DeliverToMailboxAndForward"];
    let parameters = names.into_iter().filter_map(|name| Some((name, arguments.text(name)?.to_owned()))).collect();
    tenant.restrictions().audit(now).command(now, "Set-Mailbox", parameters, Actor::App(invocation.caller));
    Ok(Output::rows(Vec::new()))
}

fn without_prefix(address: &str) -> String {
    match address.split_once(':') {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("smtp") => rest.to_owned(),
        _ => address.to_owned(),
    }
}
