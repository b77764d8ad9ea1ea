//! Who may send in whose name, and under which name that is counted.

use super::{Refused, Submission, Submitter};
use crate::tenant::Tenant;

/// What stands against a sender's address, whatever the limits.
pub(crate) fn refuses(tenant: &Tenant, by: &Submitter, from: &str) -> Option<Refused> {
    match by {
        Submitter::User(user) if may_send_as(tenant, user, from) => None,
        Submitter::User(user) => Some(Refused::send_as(user, from)),
        Submitter::Connector(_) => tenant.directory.is_outside(from).then(Refused::relay),
    }
}

/// Everybody as themselves, by any of their addresses, and whoever a mailbox lets.
fn may_send_as(tenant: &Tenant, user: &str, from: &str) -> bool {
    let (Some(own), Some(other)) = (tenant.directory.find(user), tenant.directory.find(from)) else { return false };
    if own.guid == other.guid {
        return true;
    }
    let accounts = tenant.accounts();
    let Some(account) = accounts.find(&other.object_id.to_string()) else { return false };
    let mut trusted = account.mailbox.send_as.iter().chain(&account.mailbox.send_on_behalf);
    let names = [user, own.primary_address.as_str(), own.display_name.as_str()];
    trusted.any(|trusted| names.iter().any(|name| name.eq_ignore_ascii_case(trusted)))
}

/// The name that limits count and restrict under: the user principal name of a mailbox, the address of anybody else.
pub(super) fn counted_as(tenant: &Tenant, submission: &Submission<'_>) -> String {
    let name = match submission.by {
        Submitter::User(user) => user,
        Submitter::Connector(_) => submission.from,
    };
    match tenant.directory.find(name) {
        Some(found) if tenant.settings().mailboxes => found.upn.as_ref().unwrap_or(&found.primary_address).clone(),
        Some(found) => found.primary_address.clone(),
        None => name.to_owned(),
    }
}
