//! `Protect-SenderAccount`: what secures an account, each action asked for by itself, written down before with what was
//! there, sent once.

use serde_json::json;
use time::OffsetDateTime;

use super::dossier::Dossier;
use super::facts::Account;
use super::judge::mailbox::disable;
use super::paste::line;
use super::test::Examiner;
use super::{password, CheckName, CheckState, ProtectOptions, Protection, Protective, Report, TestOptions};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::exchange::{escape, is_ambiguous, Changed, Cmdlet, Secret};
use crate::graph::Resource;
use crate::host::{Confirmation, Host, Item, Row};
use crate::restriction::{minute, Deed, Key, Recorder};

/// Does what the options say to secure the accounts that the input names, asking for each action, and hands over a
/// [`Protection`] for each action that was taken, or that there was no need to take.
///
/// # Errors
/// [`Code::NothingChosen`] where the options name no action; [`Code::ConfirmationImpossible`], or when the caller has
/// gone. Whatever concerns one account or action is an item failure.
pub async fn protect(connection: &Connection, options: &ProtectOptions, host: &Host) -> Result<()> {
    let actions = options.actions();
    if actions.is_empty() {
        return Err(Error::new(
            Code::NothingChosen,
            "Nothing says what to do to secure the account. Nothing was changed.",
        ));
    }
    let checks = vec![CheckName::PasswordChanged, CheckName::Forwarding, CheckName::InboxRules];
    let wanted = |check: &CheckName| match check {
        CheckName::Forwarding => options.disable_forwarding,
        CheckName::InboxRules => options.disable_inbox_rule,
        _ => options.revoke_session || options.block_sign_in || options.reset_password,
    };
    let checks = checks.into_iter().filter(wanted).collect();
    let examiner = Examiner::new(connection, TestOptions { checks, since: options.since }, host);
    let recorder = Recorder::of_actions(connection, options.comment.as_deref(), options.require_journal);
    let mut run = Run { connection, host, examiner, recorder, actions };
    while let Some(item) = host.next().await? {
        run.item(&item).await?;
    }
    Ok(())
}

impl ProtectOptions {
    /// The actions in the order in which they help: who is kept out does not undo the rest.
    fn actions(&self) -> Vec<Protective> {
        let chosen = [
            (self.block_sign_in, Protective::BlockSignIn),
            (self.reset_password, Protective::ResetPassword),
            (self.revoke_session, Protective::RevokeSession),
            (self.disable_forwarding, Protective::DisableForwarding),
            (self.disable_inbox_rule, Protective::DisableInboxRule),
        ];
        chosen.into_iter().filter_map(|(is_chosen, action)| is_chosen.then_some(action)).collect()
    }
}

/// One run of the operation.
struct Run<'a> {
    connection: &'a Connection,
    host: &'a Host,
    examiner: Examiner<'a>,
    recorder: Recorder<'a>,
    actions: Vec<Protective>,
}

/// What is about to be done.
struct Plan {
    action: Protective,
    /// To what, where it is not the account itself.
    object: Option<String>,
    /// In one line.
    description: String,
    before: Vec<(String, String)>,
    undo: Option<String>,
    change: Change,
    password: Option<Secret>,
    /// When the account's password or sessions were last changed, to tell a later change from none.
    last: Option<OffsetDateTime>,
}

/// How it is done.
enum Change {
    Exchange(Cmdlet),
    Patch(Resource, serde_json::Value),
    Act(Resource),
}

/// What one action comes to.
enum Step {
    Do(Box<Plan>),
    /// It is so already; the text says how.
    Nothing(Protective, String),
    Fail(Error),
}

impl Run<'_> {
    async fn item(&mut self, item: &Item) -> Result<()> {
        match self.try_item(item).await {
            Err(error) if matches!(error.code(), Code::Cancelled | Code::ConfirmationImpossible) => Err(error),
            Err(error) => self.host.item_failed(error).await,
            Ok(()) => Ok(()),
        }
    }

    async fn try_item(&mut self, item: &Item) -> Result<()> {
        let asked = self.examiner.asked(&item.target, item.number).await?;
        if let Key::Connector(id) = &asked.key {
            let message = format!("{id} is a connector: it has no account that could be secured. Nothing was changed.");
            return Err(Error::new(Code::AccountNotFound, message).about(id.to_string()));
        }
        let (report, dossier) = Box::pin(self.examiner.report(&asked)).await?;
        for action in self.actions.clone() {
            for step in steps(action, &report, &dossier) {
                match step {
                    Step::Do(plan) => match Box::pin(self.take(&report, *plan)).await {
                        Err(error) if matches!(error.code(), Code::Cancelled | Code::ConfirmationImpossible) => {
                            return Err(error);
                        }
                        Err(error) => self.host.item_failed(error.about(report.key.to_string())).await?,
                        Ok(()) => {}
                    },
                    Step::Nothing(action, detail) => {
                        let row = Protection { detail, ..self.row(&report, action) };
                        self.host.row(Row::Protection(row)).await?;
                    }
                    Step::Fail(error) => self.host.item_failed(error.about(report.key.to_string())).await?,
                }
            }
        }
        Ok(())
    }

    fn row(&self, report: &Report, action: Protective) -> Protection {
        Protection {
            key: report.key.clone(),
            account: report.account.clone(),
            action,
            object: None,
            changed: false,
            detail: String::new(),
            before: Vec::new(),
            undo: None,
            password: None,
            at: self.connection.now(),
            request_id: None,
            origin: self.connection.origin().clone(),
        }
    }

    /// Asks for one action, writes it down, takes it.
    async fn take(&mut self, report: &Report, plan: Plan) -> Result<()> {
        let key = &report.key;
        if !self.host.confirm(self.question(report, &plan)).await.map_err(|error| error.about(key.to_string()))? {
            return Ok(());
        }
        let deed = plan.deed();
        self.recorder.action_requested(key, &deed, self.host).await?;
        // Whatever comes of it, what was known of the account is so no more.
        self.connection.verdicts().forget(key);
        let sent = match &plan.change {
            Change::Exchange(cmdlet) => self.connection.exchange(self.host).change(cmdlet.clone()).await,
            Change::Patch(resource, members) => match self.connection.exchange(self.host).graph() {
                Ok(graph) => graph.change(resource, members).await,
                Err(error) => Err(error),
            },
            Change::Act(resource) => match self.connection.exchange(self.host).graph() {
                Ok(graph) => graph.act(resource).await,
                Err(error) => Err(error),
            },
        };
        let (changed, detail) = match sent {
            Ok(changed) => (changed, plan.description.clone()),
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => match self.after_failure(report, &plan, error).await {
                Ok(changed) => (changed, format!("{} (the reply was lost; a look shows it)", plan.description)),
                Err(error) => {
                    self.recorder.action_ended(key, &deed, Err(&error), self.host).await?;
                    return Err(error);
                }
            },
        };
        self.recorder.action_ended(key, &deed, Ok(changed.request_id.as_deref()), self.host).await?;
        for warning in changed.warnings {
            self.host.warn(warning).await?;
        }
        let row = Protection {
            object: plan.object,
            changed: true,
            detail,
            before: plan.before,
            undo: plan.undo,
            password: plan.password,
            request_id: changed.request_id,
            ..self.row(report, plan.action)
        };
        self.host.row(Row::Protection(row)).await
    }

    fn question(&self, report: &Report, plan: &Plan) -> Confirmation {
        let organization = self.connection.title();
        let before: Vec<_> = plan.before.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let before = if before.is_empty() { "nothing that could be kept".to_owned() } else { before.join("; ") };
        let undo = plan.undo.as_deref().unwrap_or("cannot be undone");
        Confirmation {
            caption: format!("Secure an account in {organization}"),
            description: format!("{} in {organization}", plan.description),
            question: format!(
                "Organization: {organization}\n\
                 Sender:       {}\n\
                 Action:       {}\n\
                 Before:       {before}\n\
                 Undo:         {undo}\n\
                 Do it?",
                report.key, plan.description
            ),
        }
    }

    /// The change may have taken effect although its reply was lost: a look tells, and nothing is sent again.
    async fn after_failure(&self, report: &Report, plan: &Plan, error: Error) -> Result<Changed> {
        if !is_ambiguous(&error) {
            return Err(error);
        }
        let options = TestOptions { checks: vec![plan.action.check()], since: Some(report.since) };
        let asked = super::Asked { key: report.key.clone(), named: report.named.clone(), known: None };
        let look = Box::pin(Examiner::new(self.connection, options, self.host).report(&asked)).await?;
        if plan.is_done(&look.1) {
            return Ok(Changed { request_id: error.request_id.clone(), warnings: Vec::new() });
        }
        let message = format!(
            "Whether it took effect is not known: {}. The reply was lost, and a look does not show it. It was not sent again: \
             look with Test-SenderAccount, and take the action again where it is still needed.",
            plan.description
        );
        Err(Error::new(Code::OutcomeUnknown, message).because_of(&error))
    }
}

impl Protective {
    /// The check that shows what came of it.
    fn check(self) -> CheckName {
        match self {
            Self::BlockSignIn | Self::ResetPassword | Self::RevokeSession => CheckName::PasswordChanged,
            Self::DisableForwarding => CheckName::Forwarding,
            Self::DisableInboxRule => CheckName::InboxRules,
        }
    }
}

impl Plan {
    fn deed(&self) -> Deed {
        let before: Vec<_> = self.before.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let of = self.object.as_ref().map(|object| format!(" {object}")).unwrap_or_default();
        Deed {
            action: format!("{}{of}", self.action.name()),
            before: (!before.is_empty()).then(|| before.join("; ")),
            undo: self.undo.as_ref().map(|undo| format!("Undo: {undo}")),
        }
    }

    /// Whether a later look shows that it was done.
    fn is_done(&self, look: &Dossier) -> bool {
        let account = look.account.as_ref().and_then(|account| account.as_ref().ok()?.as_ref());
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

/// What an action comes to for this account.
fn steps(action: Protective, report: &Report, dossier: &Dossier) -> Vec<Step> {
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
    let plan = |description: String, before: (&str, String), change| Plan {
        action,
        object: None,
        description,
        before: vec![(before.0.to_owned(), before.1)],
        undo: None,
        change,
        password: None,
        last: None,
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
                 alone can change it. There: Set-ADAccountPassword -Identity {} -Reset. Nothing was changed.",
                super::paste::quoted(&name)
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
                action,
                object: None,
                description,
                undo: Some(undo),
                before,
                change: Change::Exchange(cmdlet),
                password: None,
                last: None,
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
                let of = [("Mailbox", mailbox), ("Identity", rule.identity.as_str())];
                let cmdlet = Cmdlet::new("Disable-InboxRule").with(of[0].0, Some(of[0].1)).with(of[1].0, Some(of[1].1));
                Step::Do(Box::new(Plan {
                    action,
                    object: Some(rule.identity.clone()),
                    description: format!("Turn off the inbox rule '{}' of {mailbox}", rule.name),
                    before: vec![("Enabled".to_owned(), rule.enabled.to_string())],
                    undo: Some(disable(mailbox, &rule.identity).replacen("Disable-", "Enable-", 1)),
                    change: Change::Exchange(cmdlet),
                    password: None,
                    last: None,
                }))
            })
            .collect(),
        (CheckState::Passed | CheckState::NotApplicable, ..) => {
            vec![Step::Nothing(action, "No inbox rule failed the check".to_owned())]
        }
        _ => vec![Step::Fail(untold(report, CheckName::InboxRules))],
    }
}
