//! A practice Exchange Online tenant on loopback: the admin REST endpoint (`InvokeCommand`) and the token endpoint
//! that an Exchange admin's tools talk to, so that trying, drilling and testing need no real tenant.
//!
//! It is a real server (HTTPS with HTTP/2 and a certificate authority of its own, plain HTTP beside it) with a story
//! in it (see [`Scenario`]) and a clock of its own, and can be told to misbehave (see the crate's README, "Control
//! plane"). What it imitates is collected in the project's notes on the wire protocol; what those notes mark as
//! unconfirmed stands here in named constants marked `(?)`.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::panic, clippy::string_slice))]

mod aadsts;
mod account;
mod admin;
mod alert;
mod app_certificate;
mod assertion;
mod audit;
mod audit_search;
mod authorize;
mod batch;
mod certificate;
mod clixml;
mod cmdlets;
mod compliance;
mod control;
mod delivery_report;
mod der;
mod device_code;
mod directory;
mod fault;
mod graph;
mod group;
mod gzip;
mod invoke;
mod line;
mod log;
mod mail_flow;
mod mailbox;
mod managed_identity;
mod module_file;
mod outbound_policy;
mod outgoing;
mod paging;
mod parameter;
mod permission;
mod refusal;
mod release;
mod reply;
mod request;
mod restriction;
mod role;
mod row;
mod scenario;
mod server;
mod settings;
mod smtp;
mod tenant;
mod token;
mod trace;
pub mod traffic;

use std::sync::Arc;

use restricted_sender_clock::Clock;
use serde::Serialize;
use tokio::task::JoinHandle;

pub use scenario::{Scenario, UnknownScenario};

use server::{Door, Endpoint};
use tenant::Tenant;

/// How to set up a practice tenant. [`Default`] is: any free ports, seed 1, [`Scenario::Standard`], 100 licences, a
/// practice clock that starts now and runs at real speed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The TCP port of the HTTPS server on 127.0.0.1; 0 takes any free one. Plain HTTP always takes any free one.
    pub port: u16,
    /// The TCP port of the SMTP server on 127.0.0.1; 0 takes any free one.
    pub smtp_port: u16,
    /// Decides every identifier, secret and figure of the story; the same seed tells the same story.
    pub seed: u64,
    /// Who is restricted when the tenant opens.
    pub scenario: Scenario,
    /// How many licences the organization has, by which it may send; without any it is on trial.
    pub licences: u32,
    /// The tenant's time: restrictions, release delays, tokens and page links live by it. Given the same clock, a
    /// client in this process lives at the same moment.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        let clock = Clock::practice(Clock::system().now(), 1.0);
        Self { port: 0, smtp_port: 0, seed: 1, scenario: Scenario::Standard, licences: 100, clock }
    }
}

/// What somebody needs to connect. As JSON: `uri`, `plainUri`, `graphUri`, `complianceUri`, `smtpAddress`, `caCertificate`,
/// `tenantId`, `organization`, `appId`, `clientSecret`, all text.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// `https://localhost:PORT`: base of both the admin REST endpoint and the token endpoint.
    pub uri: String,
    /// `http://127.0.0.1:PORT`: the same tenant without TLS (HTTP/1.1, or HTTP/2 with prior knowledge).
    pub plain_uri: String,
    /// `https://localhost:PORT/graph`: base of Microsoft Graph, and what its tokens are for. The same stands behind
    /// `plain_uri`.
    pub graph_uri: String,
    /// `{uri}/compliance`: base of Security & Compliance, which sends requests on to where it really is.
    pub compliance_uri: String,
    /// `127.0.0.1:PORT`: where mail is handed over by SMTP, with STARTTLS.
    pub smtp_address: String,
    /// The certificate authority that signed the HTTPS server's certificate, in PEM; made at start, key thrown away.
    pub ca_certificate: String,
    /// The tenant's GUID, lower case with hyphens.
    pub tenant_id: String,
    /// The tenant's initial domain, such as `contoso.onmicrosoft.com`.
    pub organization: String,
    /// The GUID of an app that may do everything.
    pub app_id: String,
    /// That app's client secret. It opens nothing but this practice tenant.
    pub client_secret: String,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Practice or not, a secret does not belong in a log.
        f.debug_struct("Invitation").field("uri", &self.uri).field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// A running practice tenant. Dropping it closes its ports at once, then its connections.
#[must_use = "dropping it closes the practice tenant"]
pub struct Sandbox {
    invitation: Invitation,
    tenant: Arc<Tenant>,
    clock: Clock,
    doors: [Door; 3],
    servers: [JoinHandle<()>; 3],
}

impl Sandbox {
    /// Opens a practice tenant on the current tokio runtime, which needs its I/O and time drivers enabled.
    ///
    /// # Errors
    /// When a port cannot be bound (for example [`std::io::ErrorKind::AddrInUse`]) or the machine gives no
    /// randomness for the certificates.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let authority = certificate::Certificates::create().map_err(std::io::Error::other)?;
        let https = Door::open(options.port).await?;
        let http = Door::open(0).await?;
        let mail = Door::open(options.smtp_port).await?;
        let secure = Endpoint::https(https.port()?, authority.acceptor().map_err(std::io::Error::other)?);
        let plain = Endpoint::http(http.port()?);
        let mail_tls = authority.mail_acceptor().map_err(std::io::Error::other)?;

        let clock = options.clock.clone();
        let tenant = Arc::new(Tenant::create(&options, [secure.address(), plain.address()]));
        let app = tenant.invited_app();
        let uri = secure.address().base("localhost");
        let invitation = Invitation {
            graph_uri: format!("{uri}{}", tenant::GRAPH_PATH),
            compliance_uri: format!("{uri}{}", compliance::PATH),
            uri,
            plain_uri: plain.address().base("127.0.0.1"),
            smtp_address: format!("127.0.0.1:{}", mail.port()?),
            ca_certificate: authority.authority_pem.clone(),
            tenant_id: tenant.id.to_string(),
            organization: tenant.organization.clone(),
            app_id: app.id.to_string(),
            client_secret: app.secret,
        };
        let servers = [
            tokio::spawn(server::serve(https.clone(), secure, Arc::clone(&tenant))),
            tokio::spawn(server::serve(http.clone(), plain, Arc::clone(&tenant))),
            tokio::spawn(smtp::serve(mail.clone(), mail_tls, Arc::clone(&tenant))),
        ];
        Ok(Self { invitation, tenant, clock, doors: [https, http, mail], servers })
    }

    /// How to connect.
    #[must_use]
    pub fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// Does what the control plane does, without a request: `control("POST", "releases", &json!({...}))` is
    /// `POST /sandbox/releases`. Answers the reply's JSON, or null where there is none.
    ///
    /// # Errors
    /// What to do instead, in words, where the control plane would refuse.
    pub fn control(&self, method: &str, what: &str, body: &serde_json::Value) -> Result<serde_json::Value, String> {
        let (what, query) = what.split_once('?').unwrap_or((what, ""));
        let reply = control::act(&self.tenant, method, what, query, body.to_string().as_bytes());
        let reply = reply.map_err(|(_, what_to_do)| what_to_do)?;
        Ok(serde_json::from_slice(reply.body()).unwrap_or_default())
    }

    /// The tenant's clock, the one given in [`Options`].
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("invitation", &self.invitation)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for door in &self.doors {
            door.close();
        }
        for server in &self.servers {
            server.abort();
        }
    }
}
