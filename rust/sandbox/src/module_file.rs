//! What the official module asks when it connects: which cmdlets the caller may run (`EXOModuleFile`), and whether
//! the endpoint is there at all (`EXOBanner`).

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::admin::{self, Request};
use crate::cmdlets::Cmdlet;
use crate::reply::{self, Reply};
use crate::role::Access;
use crate::settings::Settings;
use crate::tenant::Tenant;

/// Answers `GET …/EXOModuleFile?Version=…`.
pub(crate) fn answer(tenant: &Tenant, request: &Request<'_>) -> Reply {
    request.dress(get(tenant, request, |access| {
        let wanted = reply::header(request.headers, "commandname").unwrap_or("*");
        let settings = *tenant.settings();
        let permissions = tenant.permissions();
        let may = |name: &str| access.may_run(name) && permissions.allow(name);
        json!([{"exportedCmdlets": exported(may, &settings, wanted)}])
    }))
}

/// Answers `GET …/EXOBanner('AutogenSession')?Version=…`: there is nothing to announce (?).
pub(crate) fn banner(tenant: &Tenant, request: &Request<'_>) -> Reply {
    request.dress(get(tenant, request, |_| json!([])))
}

fn get(tenant: &Tenant, request: &Request<'_>, value: impl FnOnce(Access) -> serde_json::Value) -> Reply {
    if request.method != Method::GET {
        return admin::wrong_method("GET");
    }
    match request.sign_in(tenant) {
        Ok(caller) => {
            let context = format!("{}/adminapi/{}/{}/$metadata", request.base, request.version, tenant.id);
            reply::json(StatusCode::OK, &json!({"@odata.context": context, "value": value(caller.access)}))
        }
        Err(reply) => *reply,
    }
}

/// The names of the cmdlets that this organization has and the caller may run and asks for (`*`, or names with commas
/// between them, each of which may end with `*`).
fn exported(may_run: impl Fn(&str) -> bool, settings: &Settings, wanted: &str) -> String {
    let is_wanted = |name: &str| {
        wanted.split(',').map(str::trim).any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start)),
            None => name.eq_ignore_ascii_case(pattern),
        })
    };
    let names: Vec<&str> =
        Cmdlet::all_in(settings).map(|cmdlet| cmdlet.name).filter(|name| may_run(name) && is_wanted(name)).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns() {
        for (wanted, names) in [
            ("Get-AcceptedDomain", "Get-AcceptedDomain"),
            ("get-BLOCKED*", "Get-BlockedSenderAddress,Get-BlockedConnector"),
            ("Remove-BlockedConnector, Get-AcceptedDomain", "Remove-BlockedConnector,Get-AcceptedDomain"),
            ("Get-Nonsense", ""),
            ("", ""),
            ("é*", ""),
        ] {
            assert_eq!(exported(|_| true, &Settings::default(), wanted), names, "{wanted}");
        }
        let all = |access: Access| exported(|name| access.may_run(name), &Settings::default(), "*");
        assert!(all(Access::Full).contains("Remove-"));
        assert!(!all(Access::ReadOnly).contains("Remove-"));
    }
}
