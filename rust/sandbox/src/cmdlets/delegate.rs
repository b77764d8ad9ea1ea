//! Cmdlets about who else may open a mailbox or send from it.

use super::mailbox::with;
use super::{mandatory, optional, with_mailboxes, Cmdlet, Invocation, Kind, Output};
use crate::refusal::Refusal;
use crate::row::{Row, Value};
use crate::tenant::Tenant;

/// Everybody may open and send from their own.
const SELF: &str = "NT AUTHORITY\\SELF";
/// What the service itself inherits from above.
const SERVICE: &str = "EURPR05A001\\Exchange Servers";

pub(super) static CMDLETS: [Cmdlet; 2] = [
    Cmdlet {
        name: "Get-MailboxPermission",
        output_type: "Microsoft.Exchange.Management.RecipientTasks.MailboxAcePresentationObject",
        parameters: &[mandatory("Identity", Kind::Text), optional("User", Kind::Text)],
        run: get_mailbox_permission,
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Get-RecipientPermission",
        output_type: "Microsoft.Exchange.Management.RecipientTasks.RecipientPermission",
        parameters: &[mandatory("Identity", Kind::Text), optional("Trustee", Kind::Text)],
        run: get_recipient_permission,
        exists: with_mailboxes,
    },
];

fn get_mailbox_permission(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let identity = invocation.arguments.text("Identity").unwrap_or_default();
    let (owner, delegates) = with(tenant, identity, |recipient, account| {
        (recipient.display_name.clone(), account.mailbox.full_access.clone())
    })?;
    let row = |user: &str, rights: &[&'static str], is_inherited| {
        Row(vec![
            ("Identity", owner.as_str().into()),
            ("User", user.into()),
            ("AccessRights", Value::of_texts(rights)),
            ("IsInherited", Value::Bool(is_inherited)),
            ("Deny", Value::Bool(false)),
            ("InheritanceType", "All".into()),
        ])
    };
    let usual =
        [(SELF, row(SELF, &["FullAccess", "ReadPermission"], false)), (SERVICE, row(SERVICE, &["FullAccess"], true))];
    let granted = delegates.iter().map(|user| (*user, row(user, &["FullAccess"], false)));
    Ok(of_one(usual.into_iter().chain(granted), invocation.arguments.text("User")))
}

fn get_recipient_permission(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let identity = invocation.arguments.text("Identity").unwrap_or_default();
    let (owner, delegates) =
        with(tenant, identity, |recipient, account| (recipient.display_name.clone(), account.mailbox.send_as.clone()))?;
    let row = |trustee: &str| {
        Row(vec![
            ("Identity", owner.as_str().into()),
            ("Trustee", trustee.into()),
            ("AccessControlType", "Allow".into()),
            ("AccessRights", Value::of_texts(&["SendAs"])),
            ("IsInherited", Value::Bool(false)),
            ("InheritanceType", "None".into()),
        ])
    };
    let all = [SELF].into_iter().chain(delegates.iter().copied()).map(|trustee| (trustee, row(trustee)));
    Ok(of_one(all, invocation.arguments.text("Trustee")))
}

/// What one of them has, which may be nothing, or all.
fn of_one<'a>(all: impl Iterator<Item = (&'a str, Row)>, wanted: Option<&str>) -> Output {
    let wanted = all.filter(|(name, _)| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name)));
    Output::rows((1..).zip(wanted.map(|(_, row)| row)).collect())
}
