//! A practice tenant with a connection to it, and what an operation on it said.

#![allow(dead_code, reason = "each file of tests needs a part of it")]

use std::time::Duration;

use restricted_sender_core::connection::{Connection, Options, Practice};
use restricted_sender_core::error::Error;
use restricted_sender_core::evidence::{Protection, Report};
use restricted_sender_core::exchange::{Deadlines, Secret};
use restricted_sender_core::history::{HistoryEvent, Summary, Told};
use restricted_sender_core::host::{converse, Progress};
use restricted_sender_core::limits::SendingLimit;
use restricted_sender_core::restriction::{Restriction, SenderState, Target, UnblockResult};
use restricted_sender_core::sending;
use restricted_sender_core::sending::SenderMeasured;
use restricted_sender_core::Clock;
use restricted_sender_sandbox::{Invitation, Sandbox, Scenario};
use serde_json::{json, Value};
use time::OffsetDateTime;

/// Which of the practice tenant's two addresses to use.
pub type Listener = fn(&Invitation) -> String;

pub struct Tenant {
    pub sandbox: Sandbox,
    pub connection: Connection,
    pub control: reqwest::Client,
    journals: tempfile::TempDir,
}

impl Tenant {
    pub async fn new(scenario: Scenario) -> Self {
        Self::with(scenario, Deadlines::default()).await
    }

    pub async fn with(scenario: Scenario, deadlines: Deadlines) -> Self {
        Self::at_listener(scenario, deadlines, |invitation| invitation.uri.clone()).await
    }

    pub async fn at_listener(scenario: Scenario, deadlines: Deadlines, listener: Listener) -> Self {
        let clock = Clock::practice(Clock::system().now(), 0.0);
        let options = restricted_sender_sandbox::Options { scenario, clock, ..Default::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let journals = tempfile::tempdir().unwrap();
        let connection = connect(&sandbox, deadlines, listener).await.with_journals(Ok(journals.path().to_owned()));
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox, connection, control, journals }
    }

    /// A second connection to the same tenant, as another admin has it.
    pub async fn beside(other: &Self) -> Connection {
        Self::elsewhere(other, &other.journals).await
    }

    /// A second connection to the same tenant from another machine, whose journal is in `journals`.
    pub async fn elsewhere(other: &Self, journals: &tempfile::TempDir) -> Connection {
        let connection = connect(&other.sandbox, Deadlines::default(), |invitation| invitation.uri.clone()).await;
        connection.with_journals(Ok(journals.path().to_owned()))
    }

    /// A connection as to an organization in that cloud.
    pub async fn in_the_cloud_of(other: &Self, environment: &str) -> Connection {
        let environment = Some(environment.to_owned());
        connect_in(environment, &other.sandbox, Deadlines::default(), |invitation| invitation.uri.clone()).await
    }

    /// Asks the control plane for something.
    pub fn order(&self, what: &str, body: &Value) {
        self.sandbox.control("POST", what, body).unwrap();
    }

    /// The time there.
    pub fn now(&self) -> OffsetDateTime {
        self.sandbox.clock().now()
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}/sandbox/{path}", self.sandbox.invitation().plain_uri)
    }

    pub async fn fault(&self, cmdlet: &str, times: u32, fault: Value) {
        let body = json!({ "match": cmdlet, "times": times, "fault": fault });
        assert_eq!(self.control.post(self.at("faults")).json(&body).send().await.unwrap().status(), 201);
    }

    /// Lets every request of this cmdlet go wrong until it is [healed](Self::heal).
    pub async fn break_down(&self, cmdlet: &str, fault: Value) {
        self.fault(cmdlet, u32::MAX, fault).await;
    }

    /// Nothing goes wrong any more.
    pub async fn heal(&self) {
        assert_eq!(self.control.delete(self.at("faults")).send().await.unwrap().status(), 204);
    }

    /// Takes a permission of Microsoft Graph, or a cmdlet, from everybody.
    pub async fn forbid(&self, permission: &str) {
        self.permissions(json!({ "remove": [permission] })).await;
    }

    /// Gives it back.
    pub async fn allow(&self, permission: &str) {
        self.permissions(json!({ "restore": [permission] })).await;
    }

    async fn permissions(&self, body: Value) {
        let reply = self.control.post(self.at("permissions")).json(&body).send().await.unwrap();
        assert!(reply.status().is_success(), "{body}: {}", reply.text().await.unwrap());
    }

    /// How many requests of this cmdlet were answered with this status.
    pub async fn answered(&self, cmdlet: &str, status: u16) -> usize {
        let log: Vec<Value> = self.control.get(self.at("requests")).send().await.unwrap().json().await.unwrap();
        log.iter().filter(|request| request["cmdlet"] == cmdlet && request["status"] == status).count()
    }

    pub async fn pass(&self, seconds: u64) {
        self.sandbox.clock().advance(Duration::from_secs(seconds)).unwrap();
    }

    /// How many requests of this cmdlet the server has seen.
    pub async fn seen(&self, cmdlet: &str) -> usize {
        let log: Vec<Value> = self.control.get(self.at("requests")).send().await.unwrap().json().await.unwrap();
        log.iter().filter(|request| request["cmdlet"] == cmdlet).count()
    }
}

async fn connect(sandbox: &Sandbox, deadlines: Deadlines, listener: Listener) -> Connection {
    connect_in(None, sandbox, deadlines, listener).await
}

async fn connect_in(
    environment: Option<String>,
    sandbox: &Sandbox,
    deadlines: Deadlines,
    listener: Listener,
) -> Connection {
    let invitation = sandbox.invitation();
    let options = Options {
        organization: Some(invitation.organization.clone()),
        app_id: Some(invitation.app_id.clone()),
        client_secret: Some(Secret::new(invitation.client_secret.clone())),
        connection_uri: Some(listener(invitation)),
        authorization_uri: Some(listener(invitation)),
        graph_uri: Some(format!("{}/graph", listener(invitation))),
        deadlines,
        environment,
        practice: Some(Practice {
            authority: invitation.ca_certificate.clone(),
            plain_uri: invitation.plain_uri.clone(),
            smtp_address: invitation.smtp_address.clone(),
        }),
        ..Options::default()
    };
    // Loopback needs no proxy, so nothing is asked; what is said is not looked at.
    let (host, mut caller) = converse(|event| event);
    tokio::spawn(async move { while caller.events.recv().await.is_some() {} });
    Connection::open(options, sandbox.clock().clone(), &host).await.unwrap()
}

/// What an operation said.
#[derive(Default)]
pub struct Said {
    pub entries: Vec<Restriction>,
    pub states: Vec<SenderState>,
    pub unblocks: Vec<UnblockResult>,
    pub history: Vec<Told<HistoryEvent>>,
    pub summaries: Vec<Told<Summary>>,
    pub reports: Vec<Report>,
    pub protections: Vec<Protection>,
    pub limits: Vec<SendingLimit>,
    pub measured: Vec<SenderMeasured>,
    pub failed: Vec<Error>,
    /// What is worth a warning.
    pub warnings: Vec<String>,
    /// What only those read who ask for details.
    pub details: Vec<String>,
    pub progress: Vec<Progress>,
    pub questions: Vec<String>,
}

/// Runs an operation on these targets, answering every question with yes.
macro_rules! run {
    ($targets:expr, $host:ident => $work:expr) => {{
        let ($host, mut caller) = restricted_sender_core::host::converse(|event| event);
        let targets: Vec<restricted_sender_core::restriction::Target> = $targets;
        let input = caller.input;
        let feeding = async move {
            for target in targets {
                input.send(target.into()).await.unwrap();
            }
        };
        let listening = async {
            use restricted_sender_core::host::{Answer, Event, Level, Message, Row};
            let mut said = $crate::tenant::Said::default();
            while let Some(event) = caller.events.recv().await {
                match event {
                    Event::Rows(rows) => {
                        for row in rows {
                            match row {
                                Row::Restriction(row) => said.entries.push(row),
                                Row::State(row) => said.states.push(row),
                                Row::Unblock(row) => said.unblocks.push(row),
                                Row::HistoryEvent(row) => said.history.push(row),
                                Row::HistorySummary(row) => said.summaries.push(row),
                                Row::Account(row) => said.reports.push(row),
                                Row::Protection(row) => said.protections.push(row),
                                Row::SendingLimit(row) => said.limits.push(row),
                                Row::SenderMeasured(row) => said.measured.push(row),
                                other => panic!("{other:?}"),
                            }
                        }
                    }
                    Event::ItemFailed(error) => said.failed.push(error),
                    Event::Message(Message { level: Level::Warning, text }) => said.warnings.push(text),
                    Event::Message(Message { level: Level::Verbose, text }) => said.details.push(text),
                    Event::Question(question, answer) => {
                        said.questions.push(format!("{question:?}"));
                        answer.send(Answer::Confirmed(true)).unwrap();
                    }
                    Event::Progress(progress) => said.progress.push(progress),
                    Event::WantsInput { .. } => {}
                }
            }
            said
        };
        let work = async {
            let result = $work.await;
            drop($host);
            result
        };
        let ((), said, result) = tokio::join!(feeding, listening, work);
        (said, result)
    }};
}
pub(crate) use run;

pub fn address(address: &str) -> Target {
    Target { sender_address: Some(address.into()), ..Target::default() }
}

/// All that the service's own trace tells between two moments.
pub fn live_trace(start: Option<OffsetDateTime>, end: Option<OffsetDateTime>) -> sending::Options {
    sending::Options {
        source: sending::Source::Service { start, end },
        date_order: None,
        accepted_domains: Vec::new(),
        license_count: None,
        at: None,
        senders: Vec::new(),
        summary: false,
        plot: None,
        settings: sending::Settings::default(),
    }
}
