//! The alert policies that tell admins that somebody was restricted, or soon will be.

use super::{passed, CheckResult, Told};
use crate::exchange::Record;

/// Those of every organization (Microsoft Learn, "Alert policies in Microsoft 365"): name and `ImmutableId`. The id counts
/// before the name, whose case varies. None of them can be removed; one that is missing was not deployed to the
/// organization.
const POLICIES: [(&str, &str); 7] = [
    ("User restricted from sending email", "7a4e7306-bbcb-401f-b112-8ca5f798a230"),
    ("Email sending limit exceeded", "2cc44934-4d16-420b-b4e8-74a77fd0ab24"),
    ("Suspicious email sending patterns detected", "be215649-fba8-4339-9ddd-05991a43b948"),
    ("Suspicious connector activity", "8bb9c6c8-dc12-40e1-5bb8-08da05b13393"),
    ("Tenant restricted from sending email", "a7032ff5-7eee-412b-805b-d1295c7e0932"),
    ("Tenant restricted from sending unprovisioned email", "5ed2d687-9bd3-49e7-9b56-b7dc0d9af5cb"),
    ("Suspicious tenant sending patterns observed", "05b9e850-6d9d-4bab-a5c0-f54db2e7e887"),
];

/// A policy as the organization has it.
struct Alert {
    id: Option<String>,
    name: Option<String>,
    is_disabled: Option<bool>,
}

/// What there is to say of the rows of `Get-ProtectionAlert`: they could be read, which of ours are there, and which of
/// these alert nobody.
pub fn told(records: Vec<Record>) -> Told {
    let all: Vec<_> = records.into_iter().map(Alert::of).collect();
    let is = |value: &Option<String>, wanted: &str| {
        value.as_ref().is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let find = |(name, id): &(&str, &str)| {
        all.iter().find(|alert| is(&alert.id, id)).or_else(|| all.iter().find(|alert| is(&alert.name, name)))
    };
    let found = POLICIES.iter().filter(|policy| find(policy).is_some()).count();
    let names = |is_wanted: &dyn Fn(Option<&Alert>) -> bool| -> Vec<&str> {
        POLICIES.iter().filter(|policy| is_wanted(find(policy))).map(|(name, _)| *name).collect()
    };
    let missing = names(&|alert| alert.is_none());
    let disabled = names(&|alert| alert.is_some_and(|alert| alert.is_disabled == Some(true)));
    let detail =
        format!("Get-ProtectionAlert: {found} of the {} alert policies about senders are there", POLICIES.len());
    if missing.is_empty() && disabled.is_empty() {
        return passed(format!("{detail}, none is disabled."));
    }
    let list = |what: &str, names: &[&str]| match names {
        [] => String::new(),
        names => format!(" {what}: {}.", names.join(", ")),
    };
    let (missing, disabled) = (list("Not deployed", &missing), list("Disabled", &disabled));
    (CheckResult::Warning, format!("{detail}.{missing}{disabled}"), None)
}

impl Alert {
    fn of(mut record: Record) -> Self {
        Self {
            id: record.take_text("ImmutableId"),
            name: record.take_text("Name"),
            is_disabled: record.take_bool("Disabled"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Value;

    fn record(name: &str, id: &str, disabled: bool) -> Record {
        Record::of(vec![
            ("Name".to_owned(), Value::Text(name.to_owned())),
            ("ImmutableId".to_owned(), Value::Text(id.to_owned())),
            ("Disabled".to_owned(), Value::Bool(disabled)),
        ])
    }

    #[test]
    fn policies_are_known_by_id_then_by_name() {
        let mut all: Vec<_> = POLICIES.iter().map(|(name, id)| record(&name.to_uppercase(), id, false)).collect();
        all.push(record("Another", "x", true));
        let (result, detail, _) = told(all);
        assert_eq!(result, CheckResult::Passed);
        assert!(detail.contains("7 of the 7") && detail.ends_with("none is disabled."), "{detail}");

        let by_name = told(vec![
            record("user RESTRICTED from sending email", "", true),
            record("renamed", &POLICIES[1].1.to_uppercase(), false),
        ]);
        assert_eq!(by_name.0, CheckResult::Warning);
        assert!(by_name.1.contains("2 of the 7"), "{}", by_name.1);
        assert!(by_name.1.ends_with("Disabled: User restricted from sending email."), "{}", by_name.1);
        assert!(by_name.1.contains("Not deployed: Suspicious email sending patterns detected,"), "{}", by_name.1);
        assert!(told(Vec::new()).1.contains("0 of the 7"));
    }
}
