//! What each action that secures an account comes to: what was there before, what is sent, what undoes it.

use serde_json::json;
use time::OffsetDateTime;

use super::dossier::Dossier;
use super::facts::Account;
use super::judge::mailbox::switch_rule;
use super::paste::{line, on_premises_reset};
use super::{password, CheckName, CheckState, Protective, Report};
use crate::error::{Code, Error, Result};
use crate::exchange::{escape, Cmdlet, Secret};
use crate::graph::Resource;
use crate::restriction::{minute, Deed};

/// What is about to be done.
pub struct Plan {
    pub action: Protective,
    /// To what, where it is not the account itself.
    pub object: Option<String>,
    /// In one line.
    pub description: String,
    pub before: Vec<(String, String)>,
    pub undo: Option<String>,
    pub change: Change,
    pub password: Option<Secret>,
    /// When the account's password or sessions were last changed, to tell a later change from none.
    pub last: Option<OffsetDateTime>,
}

/// How it is done.
pub enum Change {
    Exchange(Cmdlet),
    Patch(Resource, serde_json::Value),
    Act(Resource),
}

/// What one action comes to.
pub enum Step {
    Do(Box<Plan>),
    /// It is so already; the text says how.
    Nothing(Protective, String),
    Fail(Error),
}

/// What an action comes to for this account.
pub fn steps(action: Protective, report: &Report, dossier: &Dossier) -> Vec<Step> {
    match action {
        Protective::DisableForwarding => vec![forwarding(report, dossier)],
        Protective::DisableInboxRule => rules(report, dossier),
        _ => vec![match account(report, dossier) {
            Ok(account) => of_account(action, report, dossier, account),
            Err(error) => Step::Fail(error),
        }],
    }
}

/// The account, which must be there and known before anything is done to it.
fn account<'a>(report: &Report, dossier: &'a Dossier) -> Result<&'a Account> {
    match &dossier.account {
        Some(Ok(Some(account))) => Ok(account),
        Some(Err(error)) => Err(error.clone()),
        _ => {
            let (key, organization) = (&report.key, &report.origin.organization);
            let message = format!("Microsoft Entra has no account of {key} in {organization}. Nothing was changed.");
            Err(Error::new(Code::AccountNotFound, message))
        }
    }
}

fn of_account(action: Protective, report: &Report, dossier: &Dossier, account: &Account) -> Step {
    let id = dossier.account_name();
    let user = |what, permission| Resource { path: format!("users/{}", escape(&id)), what, permission };
    let name = report.account.clone().unwrap_or_else(|| report.key.to_string());
    let told = |at: Option<OffsetDateTime>| at.and_then(minute).unwrap_or_else(|| "not known".to_owned());
    let plan = |description: String, (name, value): (&str, String), change| Plan {
        before: vec![(name.to_owned(), value)],
        ..Plan::new(action, description, change)
    };
    Step::Do(Box::new(match action {
        Protective::BlockSignIn if account.enabled == Some(false) => {
            return Step::Nothing(action, format!("{name} is kept from signing in already"));
        }
        Protective::BlockSignIn => {
            let resource = user("Blocking the sign-in", "User.EnableDisableAccount.All");
            let before = account.enabled.map_or_else(|| "not known".to_owned(), |enabled| enabled.to_string());
            let change = Change::Patch(resource, json!({ "accountEnabled": false }));
            Plan {
                undo: Some(line("Update-MgUser", &[("UserId", &id)], "-AccountEnabled:$true")),
                ..plan(format!("Keep {name} from signing in"), ("accountEnabled", before), change)
            }
        }
        Protective::ResetPassword if account.synchronized => {
            let message = format!(
                "The password of {name} was not changed: the account is synchronized from a directory on premises, which \
                 alone can change it. There: {}. Nothing was changed.",
                on_premises_reset(&name)
            );
            return Step::Fail(Error::new(Code::SynchronizedAccount, message));
        }
        Protective::ResetPassword => {
            let resource = user("Changing the password", "User-PasswordProfile.ReadWrite.All");
            let password = password::new();
            let profile = json!({ "password": password.reveal(), "forceChangePasswordNextSignIn": true });
            let change = Change::Patch(resource, json!({ "passwordProfile": profile }));
            let before = ("lastPasswordChangeDateTime", told(account.password_changed));
            Plan {
                password: Some(password),
                last: account.password_changed,
                ..plan(format!("Give {name} another password, to be changed at the next sign-in"), before, change)
            }
        }
        _ => {
            let path = format!("users/{}/revokeSignInSessions", escape(&id));
            let resource = Resource { path, what: "Revoking the sessions", permission: "User.RevokeSessions.All" };
            let before = ("signInSessionsValidFromDateTime", told(account.sessions_valid_from));
            Plan {
                last: account.sessions_valid_from,
                ..plan(format!("End all sessions of {name}"), before, Change::Act(resource))
            }
        }
    }))
}

/// Why a check does not say what to do.
fn untold(report: &Report, name: CheckName) -> Error {
    let check = report.checks.iter().find(|check| check.name == name);
    let problem = check.and_then(|check| check.problem.clone());
    let seen = check.map(super::Check::seen_text).unwrap_or_default();
    problem.unwrap_or_else(|| Error::new(Code::CmdletFailed, format!("{}: {seen}. Nothing was changed.", name.name())))
}

fn state(report: &Report, name: CheckName) -> CheckState {
    report.checks.iter().find(|check| check.name == name).map_or(CheckState::Unknown, |check| check.state)
}

fn forwarding(report: &Report, dossier: &Dossier) -> Step {
    let action = Protective::DisableForwarding;
    match (state(report, CheckName::Forwarding), &dossier.mailbox) {
        (CheckState::Failed, Some(Ok(mailbox))) => {
            let name = dossier.mailbox_name();
            let (mut cmdlet, mut before) = (Cmdlet::new("Set-Mailbox").with("Identity", Some(name)), Vec::new());
            let parts = [
                ("ForwardingSmtpAddress", &mailbox.forwarding_address),
                ("ForwardingAddress", &mailbox.forwarding_recipient),
            ];
            for (parameter, value) in parts {
                if let Some(value) = value {
                    cmdlet = cmdlet.with_value(parameter, serde_json::Value::Null);
                    before.push((parameter.to_owned(), value.clone()));
                }
            }
            let undo: Vec<_> = before.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let undo = line("Set-Mailbox", &[&[("Identity", name)], undo.as_slice()].concat(), "");
            let to: Vec<_> = before.iter().map(|(_, value)| value.as_str()).collect();
            let description = format!("Turn off the forwarding of {name} to {}", to.join(" and "));
            Step::Do(Box::new(Plan {
                undo: Some(undo),
                before,
                ..Plan::new(action, description, Change::Exchange(cmdlet))
            }))
        }
        (CheckState::Passed | CheckState::NotApplicable, _) => {
            Step::Nothing(action, "There is no forwarding to the outside that could be turned off".to_owned())
        }
        _ => Step::Fail(untold(report, CheckName::Forwarding)),
    }
}

/// Only the rules that failed the check.
fn rules(report: &Report, dossier: &Dossier) -> Vec<Step> {
    let action = Protective::DisableInboxRule;
    let check = report.checks.iter().find(|check| check.name == CheckName::InboxRules);
    let mailbox = dossier.mailbox_name();
    match (state(report, CheckName::InboxRules), check, &dossier.inbox_rules) {
        (CheckState::Failed, Some(check), Some(Ok(rules))) => rules
            .iter()
            .filter(|rule| check.objects.contains(&rule.identity))
            .map(|rule| {
                let cmdlet = Cmdlet::new("Disable-InboxRule")
                    .with("Mailbox", Some(mailbox))
                    .with("Identity", Some(&rule.identity));
                let description = format!("Turn off the inbox rule '{}' of {mailbox}", rule.name);
                Step::Do(Box::new(Plan {
                    object: Some(rule.identity.clone()),
                    before: vec![("Enabled".to_owned(), rule.enabled.to_string())],
                    undo: Some(switch_rule(mailbox, &rule.identity, true)),
                    ..Plan::new(action, description, Change::Exchange(cmdlet))
                }))
            })
            .collect(),
        (CheckState::Passed | CheckState::NotApplicable, ..) => {
            vec![Step::Nothing(action, "No inbox rule failed the check".to_owned())]
        }
        _ => vec![Step::Fail(untold(report, CheckName::InboxRules))],
    }
}

impl Protective {
    /// The check that shows what came of it.
    pub fn check(self) -> CheckName {
        match self {
            Self::BlockSignIn | Self::ResetPassword | Self::RevokeSession => CheckName::PasswordChanged,
            Self::DisableForwarding => CheckName::Forwarding,
            Self::DisableInboxRule => CheckName::InboxRules,
        }
    }
}

impl Plan {
    /// Of what is changed and cannot be undone, unless it says how.
    fn new(action: Protective, description: String, change: Change) -> Self {
        Self { action, object: None, description, before: Vec::new(), undo: None, change, password: None, last: None }
    }

    pub fn deed(&self) -> Deed {
        let before: Vec<_> = self.before.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let of = self.object.as_ref().map(|object| format!(" {object}")).unwrap_or_default();
        Deed {
            action: format!("{}{of}", self.action.name()),
            before: (!before.is_empty()).then(|| before.join("; ")),
            undo: self.undo.as_ref().map(|undo| format!("Undo: {undo}")),
        }
    }

    /// Whether a later look shows that it was done.
    pub fn is_done(&self, look: &Dossier) -> bool {
        let account = look.account();
        let is_later = |now: Option<OffsetDateTime>| now.is_some() && now > self.last;
        match self.action {
            Protective::BlockSignIn => account.is_some_and(|account| account.enabled == Some(false)),
            Protective::ResetPassword => account.is_some_and(|account| is_later(account.password_changed)),
            Protective::RevokeSession => account.is_some_and(|account| is_later(account.sessions_valid_from)),
            Protective::DisableForwarding => matches!(&look.mailbox, Some(Ok(mailbox))
                if mailbox.forwarding_address.is_none() && mailbox.forwarding_recipient.is_none()),
            Protective::DisableInboxRule => matches!(&look.inbox_rules, Some(Ok(rules))
                if rules.iter().all(|rule| Some(&rule.identity) != self.object.as_ref() || !rule.enabled)),
        }
    }
}
