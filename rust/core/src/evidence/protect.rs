//! `Protect-SenderAccount`: what secures an account, each action asked for by itself, written down before with what was
//! there, sent once.

use super::plan::{steps, Change, Plan, Step};
use super::{Asked, CheckName, Examiner, ProtectOptions, Protection, Protective, Report, TestOptions};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::exchange::{is_ambiguous, Changed};
use crate::host::{Confirmation, Host, Item, Row};
use crate::restriction::{Key, Recorder};

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
    let examiner = Examiner::new(connection, TestOptions { checks, since: options.since }, host)?;
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

impl Run<'_> {
    async fn item(&mut self, item: &Item) -> Result<()> {
        match self.try_item(item).await {
            Err(error) => self.failed(error).await,
            Ok(()) => Ok(()),
        }
    }

    /// Tells of what concerns one account or action; the rest goes on, unless nobody is there to be asked.
    async fn failed(&self, error: Error) -> Result<()> {
        match error.code() {
            Code::Cancelled | Code::ConfirmationImpossible => Err(error),
            _ => self.host.item_failed(error).await,
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
                    Step::Do(plan) => {
                        if let Err(error) = Box::pin(self.take(&report, *plan)).await {
                            self.failed(error.about(report.key.to_string())).await?;
                        }
                    }
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
        let (changed, detail) = match self.send(&plan.change).await {
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

    async fn send(&self, change: &Change) -> Result<Changed> {
        let exchange = self.connection.exchange(self.host);
        match change {
            Change::Exchange(cmdlet) => exchange.change(cmdlet.clone()).await,
            Change::Patch(resource, members) => exchange.graph()?.change(resource, members).await,
            Change::Act(resource) => exchange.graph()?.act(resource).await,
        }
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
        let asked = Asked { key: report.key.clone(), named: report.named.clone(), known: None };
        let look = Box::pin(Examiner::new(self.connection, options, self.host)?.report(&asked)).await?;
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
