//! Checks of the account itself: password, sessions, second step, roles, risk.

use super::{read, there};
use crate::evidence::dossier::{Age, Dossier};
use crate::evidence::facts::{Account, Method};
use crate::evidence::finding::{fact, sign, Finding};
use crate::evidence::frame::Frame;
use crate::evidence::paste::{line, on_premises_reset};
use crate::evidence::SinceBasis;
use crate::restriction::minute;
use time::OffsetDateTime;

/// The line that gives an account another password; it asks for it.
fn reset(name: &str) -> String {
    let password = "@{ Password = (Read-Host 'New password'); ForceChangePasswordNextSignIn = $true }";
    line("Update-MgUser", &[("UserId", name)], &format!("-PasswordProfile {password}"))
}

pub fn password_changed(dossier: &Dossier, frame: &Frame) -> Finding {
    let account = there!(account(dossier));
    let finding = after_the_block(account.password_changed, "The password was last changed", frame);
    if account.synchronized {
        let step = on_premises_reset(dossier.mailbox_name());
        return finding.with_remedy(step).recommending(
            "The account is synchronized: change the password in the directory on premises, and there alone.",
        );
    }
    finding.with_remedy(reset(&dossier.account_name()))
}

pub fn sessions_revoked(dossier: &Dossier, frame: &Frame) -> Finding {
    let account = there!(account(dossier));
    let revoke = line("Revoke-MgUserSignInSession", &[("UserId", &dossier.account_name())], "");
    after_the_block(account.sessions_valid_from, "Sessions are valid that began", frame).with_remedy(revoke)
}

pub fn sign_in_state(dossier: &Dossier, _: &Frame) -> Finding {
    let account = there!(account(dossier));
    match account.enabled {
        Some(true) => Finding::passed(vec![fact(None, "The account may sign in.")]),
        Some(false) => Finding::passed(vec![fact(None, "The account is kept from signing in.")]),
        None => Finding::unclear("Microsoft Entra does not say whether the account may sign in."),
    }
}

/// The account, which is there: a sender without one is not judged by this.
fn account(dossier: &Dossier) -> Result<&Account, Box<Finding>> {
    match &dossier.account {
        Some(Ok(Some(account))) => Ok(account),
        Some(Ok(None)) => Err(Box::new(Finding::unclear(format!(
            "Microsoft Entra has no account {}, although Exchange says that there should be one.",
            dossier.account_name()
        )))),
        Some(Err(error)) => Err(Box::new(Finding::unreadable(error))),
        None => Err(Box::new(Finding::unread())),
    }
}

/// Passed where it happened after the block. Without a moment of the block, nobody knows.
fn after_the_block(at: Option<OffsetDateTime>, what: &str, frame: &Frame) -> Finding {
    let Some(at) = at else { return Finding::unclear("Microsoft Entra does not say when that was.") };
    let since = minute(frame.since).unwrap_or_default();
    if frame.basis == SinceBasis::Assumed {
        let seen =
            format!("{what} {}; whether that was after the block is not known: name its moment (-Since).", moment(at));
        return Finding::unclear(seen);
    }
    if at > frame.since {
        Finding::passed(vec![fact(Some(at), format!("{what} after the block of {since}"))])
    } else {
        Finding::failed(vec![sign(Some(at), format!("{what} before the block of {since}"))], Vec::new())
    }
}

fn moment(at: OffsetDateTime) -> String {
    minute(at).unwrap_or_else(|| "at a time that cannot be shown".to_owned())
}

impl Finding {
    /// The line that mends it, where it failed.
    fn with_remedy(mut self, command: String) -> Self {
        if self.state == crate::evidence::CheckState::Failed {
            self.commands.push(command);
        }
        self
    }
}

/// At least one second step that is not new. What was added after the block counts as a part of securing the account
/// only when it was added after the password was changed: before that, whoever had the password could add it.
pub fn authentication_methods(dossier: &Dossier, frame: &Frame) -> Finding {
    let methods = read!(dossier.methods);
    let steps: Vec<_> = methods.iter().filter(|method| method.is_second_step()).collect();
    let (mut seen, mut commands, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    let changed = dossier.account().and_then(|account| account.password_changed);
    for method in &steps {
        let name = named(method);
        match method.created {
            Some(created) if frame.is_new(created) => {
                let secured = changed.filter(|changed| *changed > frame.since);
                if secured.is_some_and(|secured| created >= secured) {
                    seen.push(fact(Some(created), format!("{name} was added after the password was changed")));
                } else if created > frame.since && changed.is_none() {
                    let why = format!("{name} was added after the block; whether by its owner cannot be told without the password's date.");
                    doubts.push(Finding::unclear(why));
                } else {
                    seen.push(sign(Some(created), format!("{name} was added since shortly before the block")));
                    commands.push(remove(dossier, method));
                }
            }
            Some(created) => seen.push(fact(Some(created), format!("{name} was added long before the block"))),
            None => seen.push(fact(None, format!("{name}; when it was added is not told"))),
        }
    }
    if steps.is_empty() {
        let none = "There is no second step at sign-in: the password alone lets anybody in";
        return Finding::failed(vec![sign(None, none)], Vec::new());
    }
    Finding::of(seen, commands, doubts)
}

/// Whether the check failed for nothing but the lack of a second step.
pub fn lacks_second_step(dossier: &Dossier) -> bool {
    matches!(&dossier.methods, Some(Ok(methods)) if !methods.iter().any(Method::is_second_step))
}

fn named(method: &Method) -> String {
    match &method.name {
        Some(name) => format!("{} ({name})", method.kind),
        None => method.kind.clone(),
    }
}

fn remove(dossier: &Dossier, method: &Method) -> String {
    let mut kind = method.kind.clone();
    if let Some(first) = kind.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let cmdlet = format!("Remove-MgUserAuthentication{kind}Method");
    let id = format!("{kind}AuthenticationMethodId");
    line(&cmdlet, &[("UserId", &dossier.account_name()), (&id, &method.id)], "")
}

/// No role is new. One that was there before is told: whoever has the account has the role.
pub fn admin_roles(dossier: &Dossier, frame: &Frame) -> Finding {
    let roles = read!(dossier.roles);
    let (mut seen, mut commands, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    for role in roles {
        let name = &role.name;
        match dossier.dated(&["Add member to role", "Add eligible member to role"], &[name], &dossier.names(), frame) {
            Age::New(change) => {
                seen.push(sign(Some(change.at), format!("{} gave it the role {name}", change.who)));
                let member = line(
                    "Remove-MgDirectoryRoleMemberByRef",
                    &[("DirectoryRoleId", &role.id), ("DirectoryObjectId", &dossier.account_name())],
                    "",
                );
                commands.push(member);
            }
            Age::Old => seen.push(fact(None, format!("It has the role {name}, and had it long before the block"))),
            Age::CannotTell(error) => doubts.push(undated(&format!("It has the role {name}"), error)),
        }
    }
    if roles.is_empty() {
        seen.push(fact(None, "It has no directory role"));
    }
    Finding::of(seen, commands, doubts)
}

/// Something is there, and since when cannot be told.
pub fn undated(what: &str, error: Option<crate::error::Error>) -> Finding {
    let mut finding = match &error {
        Some(error) => Finding::unreadable(error),
        None => Finding::unclear("The audit log does not tell yet: records arrive up to a day late."),
    };
    finding.seen.insert(0, fact(None, format!("{what}; since when cannot be told")));
    finding
}

/// The states in which nobody has to do anything (Microsoft Graph, "riskyUser resource type": riskState).
const SETTLED: [&str; 4] = ["none", "dismissed", "remediated", "confirmedSafe"];

pub fn user_risk(dossier: &Dossier, _: &Frame) -> Finding {
    let Some(risk) = read!(dossier.risk) else {
        return Finding::passed(vec![fact(None, "Microsoft Entra holds no risk of it")]);
    };
    let detail = risk.detail.as_ref().map(|detail| format!(", {detail}")).unwrap_or_default();
    let what = format!("Risk {} ({}{detail})", risk.level, risk.state);
    if SETTLED.contains(&risk.state.as_str()) {
        return Finding::passed(vec![fact(risk.updated, what)]);
    }
    if matches!(risk.state.as_str(), "atRisk" | "confirmedCompromised") {
        let dismiss = line("Invoke-MgDismissRiskyUser", &[("UserIds", &dossier.account_name())], "");
        return Finding::failed(vec![sign(risk.updated, what)], vec![dismiss]).recommending(
            "Secure the account first: a changed password settles the risk where the organization's policy says so. Dismiss \
             it by hand only when everything else is done.",
        );
    }
    Finding::unclear(format!("{what}: what that means is not known."))
}
