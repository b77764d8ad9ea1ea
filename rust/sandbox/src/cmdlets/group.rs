//! Cmdlets about groups: which there are, and who is in them. Whoever a dynamic group is for is in no list.

use super::{everywhere, mandatory, optional, with_mailboxes, Cmdlet, Invocation, Kind, Output};
use crate::directory::{Recipient, RecipientKind};
use crate::refusal::Refusal;
use crate::row::{Row, Value};
use crate::tenant::Tenant;

/// What of a Microsoft 365 group can be asked for.
const LINK_TYPES: [&str; 5] = ["Aggregators", "EventSubscribers", "Members", "Owners", "Subscribers"];

/// The .NET type of a recipient as lists of them show it.
const RECIPIENT: &str = "Microsoft.Exchange.Data.Directory.Management.ReducedRecipient";

pub(super) static CMDLETS: [Cmdlet; 4] = [
    Cmdlet {
        name: "Get-DistributionGroup",
        output_type: "Microsoft.Exchange.Data.Directory.Management.DistributionGroup",
        parameters: &[optional("Identity", Kind::Text)],
        run: |tenant, invocation| groups(tenant, invocation, is_distribution),
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-DistributionGroupMember",
        output_type: RECIPIENT,
        parameters: &[mandatory("Identity", Kind::Text)],
        run: |tenant, invocation| members(tenant, invocation, is_distribution),
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-UnifiedGroup",
        output_type: "Microsoft.Exchange.Data.Directory.Management.UnifiedGroup",
        parameters: &[optional("Identity", Kind::Text)],
        run: |tenant, invocation| groups(tenant, invocation, is_unified),
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Get-UnifiedGroupLinks",
        output_type: RECIPIENT,
        parameters: &[
            mandatory("Identity", Kind::Text),
            mandatory("LinkType", Kind::OneOf("Microsoft.Exchange.Data.Directory.LinkType", &LINK_TYPES)),
        ],
        run: links,
        exists: with_mailboxes,
    },
];

fn is_distribution(kind: RecipientKind) -> bool {
    matches!(kind, RecipientKind::DistributionGroup | RecipientKind::SecurityGroup)
}

fn is_unified(kind: RecipientKind) -> bool {
    kind == RecipientKind::UnifiedGroup
}

/// A row of one group of a kind, which must be there, or of all.
fn groups(
    tenant: &Tenant,
    invocation: &Invocation<'_>,
    is_wanted: fn(RecipientKind) -> bool,
) -> Result<Output, Refusal> {
    let rows = match invocation.arguments.text("Identity") {
        Some(identity) => vec![(1, row(find(tenant, identity, is_wanted)?))],
        None => {
            let all = tenant.directory.recipients().iter().filter(|recipient| is_wanted(recipient.kind));
            (1..).zip(all.map(row)).collect()
        }
    };
    Ok(Output::rows(rows))
}

/// Those who stand in the group itself, not in the groups in it.
fn members(
    tenant: &Tenant,
    invocation: &Invocation<'_>,
    is_wanted: fn(RecipientKind) -> bool,
) -> Result<Output, Refusal> {
    let group = find(tenant, invocation.arguments.text("Identity").unwrap_or_default(), is_wanted)?;
    let has_mailboxes = tenant.settings().mailboxes;
    let groups = tenant.groups();
    let rows = groups.members(&tenant.directory, group).into_iter().map(|member| member.row(has_mailboxes));
    Ok(Output::rows((1..).zip(rows).collect()))
}

/// Whoever is first in a group owns it; nobody here follows one.
fn links(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let Output::Rows(rows) = members(tenant, invocation, is_unified)? else { return Ok(Output::rows(Vec::new())) };
    let kind = invocation.arguments.text("LinkType").unwrap_or_default();
    let shown = match kind.to_lowercase().as_str() {
        "members" => usize::MAX,
        "owners" => 1,
        _ => 0,
    };
    Ok(Output::Rows(Box::new(rows.take(shown))))
}

fn find<'a>(
    tenant: &'a Tenant,
    identity: &str,
    is_wanted: fn(RecipientKind) -> bool,
) -> Result<&'a Recipient, Refusal> {
    let found = tenant.directory.find(identity).filter(|recipient| is_wanted(recipient.kind));
    found.ok_or_else(|| Refusal::not_found(identity))
}

fn row(group: &Recipient) -> Row {
    let is_security = group.kind == RecipientKind::SecurityGroup;
    let Row(mut row) = group.row(true);
    row.retain(|(name, _)| *name != "WindowsLiveID");
    if group.kind == RecipientKind::UnifiedGroup {
        row.extend([("GroupType", "Universal".into()), ("AccessType", "Private".into())]);
    } else {
        row.extend([
            ("GroupType", if is_security { "Universal, SecurityEnabled" } else { "Universal" }.into()),
            ("IsDirSynced", Value::Bool(false)),
        ]);
    }
    row.push(("HiddenFromAddressListsEnabled", Value::Bool(false)));
    Row(row)
}
