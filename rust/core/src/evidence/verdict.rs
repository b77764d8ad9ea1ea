//! The verdict over all checks.

use super::looks::deciding;
use super::{Check, CheckState, Verdict};

/// `Safe` only where every check that decides was made and passed, save those that make no sense, and at least one has.
pub fn of(checks: &[Check], is_connector: bool) -> Verdict {
    let states = || checks.iter().filter(|check| !check.name.is_informational()).map(|check| check.state);
    if states().any(|state| state == CheckState::Failed) {
        return Verdict::NotSafe;
    }
    let complete = deciding(is_connector).all(|name| checks.iter().any(|check| check.name == name));
    let told = states().all(|state| state != CheckState::Unknown);
    let passed = states().any(|state| state == CheckState::Passed);
    if complete && told && passed {
        Verdict::Safe
    } else {
        Verdict::CannotTell
    }
}

/// One line that says why.
pub fn summary(verdict: Verdict, checks: &[Check], is_connector: bool) -> String {
    let named = |state| {
        let names = checks.iter().filter(|check| check.state == state && !check.name.is_informational());
        names.map(|check| check.name.name()).collect::<Vec<_>>().join(", ")
    };
    let (failed, unknown) = (named(CheckState::Failed), named(CheckState::Unknown));
    let missing: Vec<_> = deciding(is_connector)
        .filter(|name| !checks.iter().any(|check| check.name == *name))
        .map(super::CheckName::name)
        .collect();
    let mut parts = Vec::new();
    if !failed.is_empty() {
        parts.push(format!("Failed: {failed}."));
    }
    if !unknown.is_empty() {
        parts.push(format!("Could not be told: {unknown}."));
    }
    if !missing.is_empty() {
        parts.push(format!("Not made: {}.", missing.join(", ")));
    }
    if verdict == Verdict::Safe {
        parts.push("Every check that applies has passed.".to_owned());
    } else if parts.is_empty() {
        parts.push("No check applies to it.".to_owned());
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::catalog::CATALOG;
    use crate::evidence::CheckName;

    fn checks(state: impl Fn(CheckName) -> CheckState) -> Vec<Check> {
        let of_senders = CATALOG.iter().filter(|row| row.belongs(false));
        of_senders
            .map(|row| Check {
                name: row.name,
                state: state(row.name),
                seen: Vec::new(),
                why: row.why,
                recommendation: String::new(),
                commands: Vec::new(),
                source: row.source,
                needs: row.needs,
                problem: None,
                objects: Vec::new(),
            })
            .collect()
    }

    #[test]
    fn safe_takes_all_and_one_failure_or_doubt_is_enough() {
        use CheckState::{Failed, NotApplicable, Passed, Unknown};
        assert_eq!(of(&checks(|_| Passed), false), Verdict::Safe);
        for name in deciding(false) {
            let but = |state| checks(move |other| if other == name { state } else { Passed });
            assert_eq!(of(&but(Failed), false), Verdict::NotSafe, "{name:?}");
            assert_eq!(of(&but(Unknown), false), Verdict::CannotTell, "{name:?}");
            assert_eq!(of(&but(NotApplicable), false), Verdict::Safe, "{name:?}");
            let without: Vec<_> = checks(|_| Passed).into_iter().filter(|check| check.name != name).collect();
            assert_eq!(of(&without, false), Verdict::CannotTell, "{name:?} left out");
            assert!(summary(Verdict::CannotTell, &without, false).contains(name.name()), "{name:?}");
        }
        let informational = |state| checks(move |name| if name.is_informational() { state } else { Passed });
        assert_eq!(of(&informational(Failed), false), Verdict::Safe);
        assert_eq!(of(&informational(Unknown), false), Verdict::Safe);
        let worst = checks(|name| if name == CheckName::Forwarding { Failed } else { Unknown });
        assert_eq!(of(&worst, false), Verdict::NotSafe, "a failure is told, whatever else could not be");
        assert_eq!(of(&checks(|_| NotApplicable), false), Verdict::CannotTell, "nothing passed");
        assert_eq!(of(&[], false), Verdict::CannotTell);
    }
}
