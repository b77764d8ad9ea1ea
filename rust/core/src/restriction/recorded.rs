//! What an unblock writes into the journal.

use super::proof::Proven;
use super::Key;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::history::journal::{version, Event, Journal, Place, What};
use crate::host::Host;

/// Why somebody is unblocked of whom the evidence does not say that they are safe.
#[derive(Debug, Clone)]
pub struct Overridden {
    /// The admin's reason.
    pub reason: String,
    /// What the evidence says.
    pub evidence: String,
}

/// An action that secures an account.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Which one, and what it is done to.
    pub action: String,
    /// What was there before.
    pub before: Option<String>,
    /// The line that undoes it.
    pub undo: Option<String>,
}

/// The journal of one unblock operation, or of one that secures accounts.
#[derive(Debug)]
pub struct Recorder<'a> {
    connection: &'a Connection,
    journal: Result<Journal>,
    /// The admin's comment.
    comment: Option<&'a str>,
    /// Whether an unblock that cannot be recorded is refused.
    required: bool,
    /// What follows where something cannot be recorded.
    unrecorded: &'static str,
    /// Whether the admin knows that the journal cannot be written.
    warned: bool,
}

impl<'a> Recorder<'a> {
    /// The journal of the connection's organization. Nothing is read or written yet.
    pub fn new(connection: &'a Connection, comment: Option<&'a str>, required: bool) -> Self {
        let unrecorded = "What is unblocked here is not recorded. -RequireJournal would refuse.";
        Self { connection, journal: connection.journal(), comment, required, unrecorded, warned: false }
    }

    /// The journal of what secures accounts.
    pub fn of_actions(connection: &'a Connection, comment: Option<&'a str>, required: bool) -> Self {
        let unrecorded = "What is done here is not recorded. -RequireJournal would refuse.";
        Self { unrecorded, ..Self::new(connection, comment, required) }
    }

    /// The journal for what is seen while an unblock of earlier is waited for.
    pub fn of_a_wait(connection: &'a Connection) -> Self {
        let unrecorded = "What this wait sees, a release or a return, is not recorded.";
        Self { unrecorded, ..Self::new(connection, None, false) }
    }

    /// Before the unblock is sent. When this returns, it is on the disk, or the admin was warned that it is not.
    ///
    /// # Errors
    /// [`Code::JournalUnwritable`] where the journal is required: the unblock must not be sent then.
    pub async fn requested(&mut self, key: &Key, evidence: Option<&Overridden>, host: &Host) -> Result<()> {
        let event = Event {
            override_reason: evidence.map(|evidence| evidence.reason.clone()),
            detail: evidence.map(|evidence| evidence.evidence.clone()),
            ..self.event(What::Requested, key)
        };
        self.beforehand(event, &format!("{key} was not unblocked"), host).await
    }

    /// Before an action is sent that secures an account; as [`requested`](Self::requested).
    ///
    /// # Errors
    /// As [`requested`](Self::requested).
    pub async fn action_requested(&mut self, key: &Key, deed: &Deed, host: &Host) -> Result<()> {
        let event = Event { detail: deed.undo.clone(), ..self.action(What::ActionRequested, key, deed) };
        self.beforehand(event, &format!("{} was not done to {key}", deed.action), host).await
    }

    /// After the service took the action, or after it failed.
    ///
    /// # Errors
    /// As [`failed`](Self::failed).
    pub async fn action_ended(
        &mut self,
        key: &Key,
        deed: &Deed,
        ended: Result<Option<&str>, &Error>,
        host: &Host,
    ) -> Result<()> {
        let event = match ended {
            Ok(request_id) => {
                let event = self.action(What::ActionTaken, key, deed);
                Event { request_id: request_id.map(str::to_owned), ..event }
            }
            Err(error) => Event {
                request_id: error.request_id.clone(),
                error_code: Some(error.code().id()),
                detail: Some(error.message.clone()),
                ..self.action(What::ActionFailed, key, deed)
            },
        };
        self.afterwards(event, host).await
    }

    fn action(&self, what: What, key: &Key, deed: &Deed) -> Event {
        let (action, before) = (Some(deed.action.clone()), deed.before.clone());
        Event { action, before, ..self.event(what, key) }
    }

    async fn beforehand(&mut self, event: Event, undone: &str, host: &Host) -> Result<()> {
        match self.write(event, host).await? {
            Err(error) if self.required => {
                let message = format!("{undone}, because that could not be recorded. {error}");
                Err(error.with(|details| details.message = message))
            }
            Err(error) => self.warn_once(&error, host).await,
            Ok(()) => Ok(()),
        }
    }

    /// After the unblock failed, or after its reply was lost.
    ///
    /// # Errors
    /// When the caller has gone. That it cannot be recorded is a warning: it has happened.
    pub async fn failed(&mut self, key: &Key, error: &Error, host: &Host) -> Result<()> {
        let event = Event {
            request_id: error.request_id.clone(),
            error_code: Some(error.code().id()),
            detail: Some(error.message.clone()),
            ..self.event(What::Failed, key)
        };
        self.afterwards(event, host).await
    }

    /// After the service took the unblock, or after the entity was seen to leave the list or to come back to it.
    ///
    /// # Errors
    /// As [`failed`](Self::failed).
    pub async fn happened(&mut self, what: What, key: &Key, request_id: Option<&str>, host: &Host) -> Result<()> {
        let event = Event { request_id: request_id.map(str::to_owned), ..self.event(what, key) };
        self.afterwards(event, host).await
    }

    /// After a message was found that proves that mail flows again.
    ///
    /// # Errors
    /// As [`failed`](Self::failed).
    pub async fn proven(&mut self, key: &Key, proven: &Proven, request_id: Option<&str>, host: &Host) -> Result<()> {
        let event = Event {
            request_id: request_id.map(str::to_owned),
            detail: Some(proven.to_string()),
            ..self.event(What::Proven, key)
        };
        self.afterwards(event, host).await
    }

    async fn afterwards(&mut self, event: Event, host: &Host) -> Result<()> {
        match self.write(event, host).await? {
            Err(error) => self.warn_once(&error, host).await,
            Ok(()) => Ok(()),
        }
    }

    async fn warn_once(&mut self, error: &Error, host: &Host) -> Result<()> {
        if std::mem::replace(&mut self.warned, true) {
            return Ok(());
        }
        host.warn(format!("{error} {}", self.unrecorded)).await
    }

    /// Whether it was written; the outer failure is that the caller has gone.
    async fn write(&self, event: Event, host: &Host) -> Result<Result<()>> {
        let journal = match &self.journal {
            Ok(journal) => journal,
            Err(error) => return Ok(Err(error.clone())),
        };
        match journal.record(event).await {
            Ok(None) => {}
            Ok(Some(set_aside)) => host.warn(set_aside.to_string()).await?,
            Err(error) => return Ok(Err(error)),
        }
        Ok(Ok(()))
    }

    fn event(&self, what: What, key: &Key) -> Event {
        Event {
            time: self.connection.now(),
            what,
            key: key.clone(),
            organization: self.connection.organization().to_owned(),
            tenant_id: self.connection.tenant_id().map(str::to_owned),
            account: self.connection.account().to_owned(),
            place: Place::here(),
            comment: self.comment.map(str::to_owned),
            override_reason: None,
            action: None,
            before: None,
            request_id: None,
            error_code: None,
            detail: None,
            version: version(),
        }
    }
}
