//! Every way to sign in to a practice tenant, and staying signed in.

mod browser;
mod certificate;
mod device;
mod environment;
#[path = "../../../../sandbox/tests/it/practice/key.rs"]
#[allow(dead_code, unreachable_pub)]
mod key;
mod managed_identity;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use restricted_sender_core::connection::{Connection, Options};
use restricted_sender_core::error::Result;
use restricted_sender_core::exchange::{Cmdlet, Secret};
use restricted_sender_core::host::{converse, Answer, Event, Host, Message, Question};
use restricted_sender_core::Clock;
use restricted_sender_sandbox::Sandbox;
use serde_json::Value;

const HOUR: Duration = Duration::from_secs(3600);

async fn open() -> Sandbox {
    let clock = Clock::practice(Clock::system().now(), 0.0);
    Sandbox::start(restricted_sender_sandbox::Options { clock, ..Default::default() }).await.unwrap()
}

fn options(sandbox: &Sandbox) -> Options {
    let invitation = sandbox.invitation();
    Options {
        organization: Some(invitation.organization.clone()),
        connection_uri: Some(invitation.plain_uri.clone()),
        authorization_uri: Some(invitation.plain_uri.clone()),
        ..Options::default()
    }
}

async fn connect(sandbox: &Sandbox, options: Options, host: &Host) -> Result<Connection> {
    Connection::open(options, sandbox.clock().clone(), host).await
}

async fn read(connection: &Connection, host: &Host) -> Result<usize> {
    Ok(connection.exchange(host).read_all(Cmdlet::new("Get-BlockedSenderAddress")).await?.len())
}

/// Paths and statuses of what was asked of the tenant.
fn requests(sandbox: &Sandbox) -> Vec<(String, u64)> {
    let log = sandbox.control("GET", "requests", &Value::Null).unwrap();
    let of = |entry: &Value| (entry["path"].as_str().unwrap().to_owned(), entry["status"].as_u64().unwrap_or(0));
    log.as_array().unwrap().iter().map(of).collect()
}

/// How often a token was asked for, by whatever way.
fn token_requests(sandbox: &Sandbox) -> usize {
    requests(sandbox).iter().filter(|(path, _)| path.ends_with("/token")).count()
}

/// What a host was told.
type Told = Arc<Mutex<Vec<String>>>;

/// A host with these variables in its environment.
fn host(variables: &[(&'static str, &str)]) -> (Host, Told) {
    let variables: HashMap<_, _> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let (host, mut caller) = converse(|event| event);
    let told = Told::default();
    let tell = told.clone();
    tokio::spawn(async move {
        while let Some(event) = caller.events.recv().await {
            match event {
                Event::Question(Question::EnvironmentVariable { name }, answer) => {
                    let value = variables.get(name).map(|value| Secret::new(value.clone()));
                    let _ = answer.send(Answer::EnvironmentVariable(value));
                }
                Event::Message(Message { text, .. }) => tell.lock().unwrap().push(text),
                _ => {}
            }
        }
    });
    (host, told)
}
