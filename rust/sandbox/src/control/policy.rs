//! The limits of outbound spam policies, changed without a cmdlet.

use hyper::StatusCode;
use serde::Deserialize;

use super::{bad, read, Refused};
use crate::outbound_policy::{Action, PolicyChange, HIGHEST_LIMIT};
use crate::reply::{self, Reply};
use crate::tenant::Tenant;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    name: String,
    action_when_threshold_reached: Option<Action>,
    recipient_limit_external_per_hour: Option<u32>,
    recipient_limit_internal_per_hour: Option<u32>,
    recipient_limit_per_day: Option<u32>,
}

/// `POST /sandbox/outbound-policies`: changes what is given in one policy.
pub(super) fn change(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let given: Change = read(body, r#"{"name": "Default", "actionWhenThresholdReached": "BlockUser"}"#)?;
    let change = PolicyChange {
        action: given.action_when_threshold_reached,
        external_per_hour: given.recipient_limit_external_per_hour,
        internal_per_hour: given.recipient_limit_internal_per_hour,
        per_day: given.recipient_limit_per_day,
        ..PolicyChange::default()
    };
    let limits = [change.external_per_hour, change.internal_per_hour, change.per_day];
    if let Some(limit) = limits.into_iter().flatten().find(|limit| *limit > HIGHEST_LIMIT) {
        return Err(bad(format!("a limit of {limit} is too high; the highest is {HIGHEST_LIMIT}")));
    }
    let mut all = tenant.outbound_policies();
    all.change(&given.name, change, tenant.now()).map_err(|_| {
        let names: Vec<&str> = all.policies.iter().map(|policy| policy.name.as_str()).collect();
        bad(format!("there is no policy '{}'; there are {}", given.name, names.join(", ")))
    })?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
