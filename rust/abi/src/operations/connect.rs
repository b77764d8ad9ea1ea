//! `Connect-RestrictedSender` and `Get-RestrictedSenderConnection`.

use std::path::PathBuf;
use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use restricted_sender_core::connection::{self, Connection, OpenSession, Options, Practice};
use restricted_sender_core::error::{Code, Error, Result};
use restricted_sender_core::exchange::{Algorithm, Certificate, Deadlines, Secret};
use restricted_sender_core::history::journal;
use restricted_sender_core::host::{Host, Row};
use restricted_sender_core::Clock;
use restricted_sender_sandbox::{Sandbox, Scenario};
use tempfile::TempDir;

use super::{Spec, Start};
use crate::border::misuse;
use crate::cell::RsCellType;
use crate::fields::Fields;
use crate::session::{Connected, Session};

pub const CONNECT: Spec = Spec {
    name: "connect-restricted-sender",
    parameters: &[
        ("Organization", RsCellType::Text),
        ("AppId", RsCellType::Text),
        ("ClientSecret", RsCellType::Text),
        // A certificate without its key: its DER in base64, how its key signs, and when it is valid.
        ("Certificate", RsCellType::Text),
        ("CertificateAlgorithm", RsCellType::Text),
        ("CertificateNotBefore", RsCellType::Ticks),
        ("CertificateNotAfter", RsCellType::Ticks),
        // Why the host has no certificate: the name of an error and what happened.
        ("CertificateError", RsCellType::Text),
        ("CertificateErrorMessage", RsCellType::Text),
        ("ManagedIdentity", RsCellType::Bool),
        ("ManagedIdentityAccountId", RsCellType::Text),
        ("Device", RsCellType::Bool),
        ("UserPrincipalName", RsCellType::Text),
        ("DelegatedOrganization", RsCellType::Text),
        ("EnvironmentVariable", RsCellType::Bool),
        ("AccessToken", RsCellType::Text),
        // Through one of the Exchange sessions that the host has open; each is named.
        ("ExchangeSession", RsCellType::Bool),
        ("Sessions", RsCellType::List),
        ("TenantId", RsCellType::Text),
        ("Account", RsCellType::Text),
        ("ExchangeEnvironmentName", RsCellType::Text),
        ("ConnectionUri", RsCellType::Text),
        ("AzureADAuthorizationEndpointUri", RsCellType::Text),
        ("GraphUri", RsCellType::Text),
        ("ComplianceUri", RsCellType::Text),
        ("TimeoutSec", RsCellType::Int64),
        ("Sandbox", RsCellType::Bool),
        ("Scenario", RsCellType::Text),
        ("Seed", RsCellType::Int64),
        ("TimeScale", RsCellType::Double),
        ("JournalPath", RsCellType::Text),
    ],
    input: &[],
    needs_connection: false,
    start: |start| Box::pin(connect(start)),
};

pub const STATUS: Spec = Spec {
    name: "get-restricted-sender-connection",
    parameters: &[],
    input: &[],
    needs_connection: true,
    start: |Start { session, host, .. }| Box::pin(async move { tell(&session, &host).await }),
};

pub const CHECK: Spec = Spec {
    name: "test-restricted-sender-connection",
    parameters: &[],
    input: &[],
    needs_connection: true,
    start: |Start { session, host, .. }| {
        Box::pin(async move { connection::check(&session.connected()?.connection, &host).await })
    },
};

async fn connect(Start { session, mut parameters, host }: Start) -> Result<()> {
    session.must_be_free()?;
    let connected = if parameters.flag("Sandbox") {
        practise(&mut parameters, &host).await
    } else if parameters.flag("ExchangeSession") {
        go_through(&mut parameters, &host).await
    } else {
        sign_in(&mut parameters, &host).await
    }?;
    if connected.sandbox.is_some() {
        host.warn(format!(
            "{} is a practice tenant on this machine: nothing here is real, and it ends with the connection.",
            connected.connection.organization()
        ))
        .await?;
    }
    session.connect(connected)?;
    tell(&session, &host).await
}

async fn tell(session: &Session, host: &Host) -> Result<()> {
    host.row(Row::Connection(session.connected()?.connection.status().await)).await
}

async fn sign_in(parameters: &mut Fields, host: &Host) -> Result<Connected> {
    let organization = parameters.text("Organization");
    let certificate = certificate(parameters).map_err(|error| match &organization {
        Some(organization) => error.about(organization),
        None => error,
    })?;
    let options = Options {
        organization,
        app_id: parameters.text("AppId"),
        client_secret: parameters.text("ClientSecret").map(Secret::new),
        certificate,
        managed_identity: parameters.flag("ManagedIdentity"),
        managed_identity_account: parameters.text("ManagedIdentityAccountId"),
        device: parameters.flag("Device"),
        user_principal_name: parameters.text("UserPrincipalName"),
        delegated_organization: parameters.text("DelegatedOrganization"),
        environment_variables: parameters.flag("EnvironmentVariable"),
        access_token: parameters.text("AccessToken").map(Secret::new),
        environment: parameters.text("ExchangeEnvironmentName"),
        connection_uri: parameters.text("ConnectionUri"),
        authorization_uri: parameters.text("AzureADAuthorizationEndpointUri"),
        graph_uri: parameters.text("GraphUri"),
        compliance_uri: parameters.text("ComplianceUri"),
        deadlines: deadlines(parameters)?,
        practice: None,
    };
    Ok(real(Connection::open(options, Clock::system(), host).await?, parameters))
}

/// A connection to what is real, whose journal is kept.
fn real(connection: Connection, parameters: &mut Fields) -> Connected {
    let chosen = parameters.text("JournalPath").map(PathBuf::from);
    let journals = journal::root(chosen.as_deref(), |name| std::env::var_os(name));
    Connected { connection: connection.with_journals(journals), sandbox: None, practice_journal: None }
}

/// Uses the Exchange session of the host, which must have one, and no other that could be meant.
async fn go_through(parameters: &mut Fields, host: &Host) -> Result<Connected> {
    match parameters.texts("Sessions").as_slice() {
        [_] => {}
        [] => {
            let message = "There is no Exchange session in this PowerShell, and nothing says how to sign in.";
            return Err(Error::new(Code::NotConnected, message));
        }
        several => {
            let message = format!(
                "There are several Exchange sessions in this PowerShell: {}. Choose one with -Prefix.",
                several.join("; ")
            );
            return Err(Error::new(Code::InvalidConnection, message));
        }
    }
    let session = OpenSession {
        organization: parameters.text("Organization"),
        tenant_id: parameters.text("TenantId"),
        account: parameters.text("Account"),
        connection_uri: parameters.text("ConnectionUri"),
    };
    Ok(real(Connection::through(session, Clock::system(), host).await?, parameters))
}

/// The certificate that the host found, or the error of one that it did not find.
fn certificate(parameters: &mut Fields) -> Result<Option<Certificate>> {
    if let Some(name) = parameters.text("CertificateError") {
        let code = Code::ALL.iter().copied().find(|code| code.name() == name);
        let code = code.ok_or_else(|| misuse(&format!("there is no error '{name}'")))?;
        return Err(Error::new(code, parameters.text("CertificateErrorMessage").unwrap_or_default()));
    }
    let Some(der) = parameters.text("Certificate") else { return Ok(None) };
    let der = STANDARD.decode(der).map_err(|error| misuse(&format!("Certificate is no base64: {error}")))?;
    let algorithm = parameters.text("CertificateAlgorithm").and_then(|name| Algorithm::named(&name));
    let algorithm = algorithm.ok_or_else(|| misuse("CertificateAlgorithm is none of PS256 and RS256"))?;
    match (parameters.moment("CertificateNotBefore"), parameters.moment("CertificateNotAfter")) {
        (Some(from), Some(until)) => Ok(Some(Certificate::new(&der, algorithm, from, until))),
        _ => Err(misuse("CertificateNotBefore and CertificateNotAfter go with Certificate")),
    }
}

/// Starts a practice tenant and signs in to it like to any other, with a clock that both share.
async fn practise(parameters: &mut Fields, host: &Host) -> Result<Connected> {
    let invalid = |message: String| Error::new(Code::InvalidConnection, message);
    let scenario = match parameters.text("Scenario") {
        None => Scenario::default(),
        Some(name) => name.parse().map_err(|error| invalid(format!("-Scenario: {error}.")))?,
    };
    let seed = parameters.int("Seed").map_or(Ok(1), u64::try_from);
    let seed = seed.map_err(|_| invalid("-Seed must not be negative.".to_owned()))?;
    let scale = parameters.real("TimeScale").unwrap_or(1.0);
    if !(0.0..=1e6).contains(&scale) {
        return Err(invalid("-TimeScale must lie between 0 (time stands still) and 1000000.".to_owned()));
    }
    let clock = Clock::practice(Clock::system().now(), scale);
    let options = restricted_sender_sandbox::Options { seed, scenario, clock: clock.clone(), ..Default::default() };
    let sandbox = Sandbox::start(options).await.map_err(|error| {
        Error::new(Code::HostUnreachable, "The practice tenant could not be started on this machine.").caused_by(&error)
    })?;
    let invitation = sandbox.invitation();
    let options = Options {
        organization: Some(invitation.organization.clone()),
        app_id: Some(invitation.app_id.clone()),
        client_secret: Some(Secret::new(invitation.client_secret.clone())),
        connection_uri: Some(invitation.uri.clone()),
        authorization_uri: Some(invitation.uri.clone()),
        graph_uri: Some(invitation.graph_uri.clone()),
        compliance_uri: Some(invitation.compliance_uri.clone()),
        deadlines: deadlines(parameters)?,
        practice: Some(Practice {
            authority: invitation.ca_certificate.clone(),
            plain_uri: invitation.plain_uri.clone(),
        }),
        ..Options::default()
    };
    let connection = Connection::open(options, clock, host).await?;
    // What happens in a practice tenant must not stand among what really happened.
    let (journals, practice_journal) = match parameters.text("JournalPath").map(PathBuf::from) {
        Some(chosen) => (journal::root(Some(&chosen), |_| None), None),
        None => temporary_journal(),
    };
    Ok(Connected { connection: connection.with_journals(journals), sandbox: Some(sandbox), practice_journal })
}

/// A folder for a journal that ends with the connection.
fn temporary_journal() -> (Result<PathBuf>, Option<TempDir>) {
    match tempfile::Builder::new().prefix("RestrictedSender-").tempdir() {
        Ok(folder) => (Ok(folder.path().to_owned()), Some(folder)),
        Err(error) => {
            let why = "There is no place for the practice tenant's journal.";
            (Err(Error::new(Code::JournalUnwritable, why).caused_by(&error)), None)
        }
    }
}

fn deadlines(parameters: &mut Fields) -> Result<Deadlines> {
    let Some(seconds) = parameters.int("TimeoutSec") else { return Ok(Deadlines::default()) };
    match u64::try_from(seconds) {
        Ok(seconds @ 1..) => {
            let limit = Duration::from_secs(seconds);
            let usual = Deadlines::default();
            Ok(Deadlines { connect: limit.min(usual.connect), silence: limit, ..usual })
        }
        _ => Err(Error::new(Code::InvalidConnection, "-TimeoutSec must be at least 1.")),
    }
}
