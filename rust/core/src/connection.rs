//! A connection to one organization: checked when it is made, so that a wrong secret shows at once and not at the
//! first blocked sender.

mod check;
mod choice;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use restricted_sender_clock::{Clock, Timer};
use time::OffsetDateTime;

use choice::Chosen;

use crate::error::{Code, Error, Result};
use crate::evidence::Verdicts;
use crate::exchange::cloud::{Cloud, Portals};
use crate::exchange::session::Session;
use crate::exchange::{
    is_near, is_this_machine, Certificate, Cmdlet, Compliance, Deadlines, Exchange, Proxies, Secret, Service, Way,
};
use crate::history::journal::Journal;
use crate::host::Host;
use crate::restriction::Requests;

pub use check::{check, Check, CheckResult, What};

/// What the admin says to connect.
#[derive(Debug, Default)]
pub struct Options {
    /// Domain or id of the organization.
    pub organization: Option<String>,
    /// The app's id, with `client_secret` or `certificate`.
    pub app_id: Option<String>,
    /// The app's secret.
    pub client_secret: Option<Secret>,
    /// The app's certificate, instead of a secret; the host signs with its key.
    pub certificate: Option<Certificate>,
    /// Use the machine's managed identity.
    pub managed_identity: bool,
    /// Another managed identity than the machine's own.
    pub managed_identity_account: Option<String>,
    /// Let a person sign in on another device. Then the organization need not be named.
    pub device: bool,
    /// Let this person sign in in this machine's browser. Then the organization need not be named.
    pub user_principal_name: Option<String>,
    /// The customer's organization that a partner works on, in place of `organization`.
    pub delegated_organization: Option<String>,
    /// Use what the variables AZURE_* of the environment say.
    pub environment_variables: bool,
    /// A token obtained elsewhere, instead of app and secret.
    pub access_token: Option<Secret>,
    /// Which Microsoft cloud; worldwide when absent.
    pub environment: Option<String>,
    /// Another Exchange endpoint than the cloud's.
    pub connection_uri: Option<String>,
    /// Another token endpoint than the cloud's.
    pub authorization_uri: Option<String>,
    /// Another address of Microsoft Graph than the cloud's.
    pub graph_uri: Option<String>,
    /// Another address of Security & Compliance than the cloud's.
    pub compliance_uri: Option<String>,
    /// How long the network may take.
    pub deadlines: Deadlines,
    /// Set for a practice tenant.
    pub practice: Option<Practice>,
}

/// An Exchange session that the admin has opened, as far as their PowerShell tells.
#[derive(Debug, Default)]
pub struct OpenSession {
    /// Domain of the organization; without it, the organization is asked for its name.
    pub organization: Option<String>,
    /// The organization's id.
    pub tenant_id: Option<String>,
    /// Whose session it is.
    pub account: Option<String>,
    /// The endpoint that it goes to.
    pub connection_uri: Option<String>,
}

/// What is particular to a practice tenant.
#[derive(Debug, Clone)]
pub struct Practice {
    /// The certificate (PEM) of the tenant's own authority.
    pub authority: String,
    /// Its plain HTTP address, where its request log and its clock can be asked.
    pub plain_uri: String,
    /// Where it takes mail by SMTP: `127.0.0.1:port`.
    pub smtp_address: String,
}

/// Where rows come from; each carries it.
#[derive(Debug)]
pub struct Origin {
    /// The organization as the admin named it.
    pub organization: String,
    /// Its id, where the token tells it.
    pub tenant_id: Option<String>,
    /// Whether nothing there is real.
    pub practice: bool,
    /// The portal pages of its cloud.
    pub portals: Arc<Portals>,
}

/// A connection to one organization.
#[derive(Debug)]
pub struct Connection {
    way: Way,
    clock: Clock,
    origin: Arc<Origin>,
    practice: Option<Practice>,
    account: String,
    connected_at: OffsetDateTime,
    requests: Requests,
    verdicts: Verdicts,
    /// The folder of all journals, or why there is none.
    journals: Result<PathBuf>,
}

/// What there is to see of a connection.
#[derive(Debug, Clone)]
pub struct ConnectionStatus {
    /// The organization as the admin named it.
    pub organization: String,
    /// Its id, where the token tells it.
    pub tenant_id: Option<String>,
    /// `AppOnly: <id>` or `AccessToken`.
    pub account: String,
    /// Name of the Microsoft cloud.
    pub environment: String,
    /// The Exchange endpoint.
    pub connection_uri: String,
    /// Whether it is a practice tenant.
    pub practice: bool,
    /// The practice tenant's plain HTTP address.
    pub practice_uri: Option<String>,
    /// Where a practice tenant takes mail by SMTP.
    pub practice_smtp_address: Option<String>,
    /// When the connection was made.
    pub connected_at: OffsetDateTime,
    /// When the token in hand expires, where that is known.
    pub token_expires: Option<OffsetDateTime>,
    /// The roles that the token in hand tells of: app roles and directory roles by name.
    pub roles: Vec<String>,
    /// The folder of all journals, where there is one.
    pub journals: Option<PathBuf>,
    /// How many requests were sent so far, for tokens and to Exchange; a session does not tell.
    pub requests: Option<u64>,
    /// How many of them repeated one that had failed.
    pub retries: Option<u64>,
}

impl Connection {
    /// Connects: gets a token and reads the first page of the list, which is what everything else builds on. `host`
    /// is asked for the system's proxies.
    ///
    /// # Errors
    /// [`Code::InvalidConnection`], [`Code::InvalidUri`], and whatever keeps the list from being read.
    pub async fn open(mut options: Options, clock: Clock, host: &Host) -> Result<Self> {
        let cloud = Cloud::named(options.environment.as_deref())
            .ok_or_else(|| {
                let known = Cloud::names().collect::<Vec<_>>().join(", ");
                invalid(format!("There is no Exchange environment of that name; there are {known}."))
            })?
            .at(options.connection_uri.as_deref(), options.authorization_uri.as_deref(), options.graph_uri.as_deref())?
            .compliance_at(options.compliance_uri.as_deref())?;
        must_fit(&clock, &cloud)?;
        let Chosen { organization, credential, delegated } = Chosen::of(&mut options, host).await?;
        let mut account = credential.account();
        let mut proxies = Proxies::new();
        for endpoint in endpoints(&cloud) {
            if is_near(endpoint) || proxies.iter().any(|(known, _)| known == endpoint) {
                continue;
            }
            if let Some(proxy) = host.proxy_for(endpoint).await? {
                proxies.push((endpoint.clone(), proxy));
            }
        }
        let authority = options.practice.as_ref().map(|practice| practice.authority.as_str());
        let mut service =
            Service::new(cloud, organization, credential, authority, &proxies, options.deadlines, clock.clone())?
                .delegated(delegated);
        if let Some(person) = service.sign_in(host).await? {
            account = person;
        }
        let organization = service.organization().to_owned();
        Self::made(Way::Rest(Box::new(service)), organization, account, options.practice, clock, host).await
    }

    /// Connects through the Exchange session that the admin has opened, where the host runs the cmdlets.
    ///
    /// # Errors
    /// [`Code::NotConnected`] where the session has ended, and whatever keeps the list from being read.
    pub async fn through(session: OpenSession, clock: Clock, host: &Host) -> Result<Self> {
        let cloud = session.connection_uri.as_deref().and_then(Cloud::at_endpoint);
        let cloud = cloud.or_else(|| Cloud::named(None)).ok_or_else(|| invalid("There is no worldwide cloud."))?;
        let within =
            |organization: &str| Session::new(cloud.clone(), organization.to_owned(), session.tenant_id.clone());
        let organization = match session.organization.filter(|name| !name.is_empty()) {
            Some(organization) => organization,
            None => name(&Way::Session(within("this PowerShell")), host).await?,
        };
        let account =
            session.account.map_or_else(|| "Exchange session".to_owned(), |who| format!("Exchange session of {who}"));
        let way = Way::Session(within(&organization));
        Self::made(way, organization, account, None, clock, host).await
    }

    /// Reads the first page of the list, which is what everything else builds on.
    async fn made(
        way: Way,
        organization: String,
        account: String,
        practice: Option<Practice>,
        clock: Clock,
        host: &Host,
    ) -> Result<Self> {
        let connected_at = clock.now();
        way.asked_by(host)
            .read(Cmdlet::new("Get-BlockedSenderAddress"))
            .next()
            .await
            .map_err(|error| error.about(&organization))?;
        let origin = Arc::new(Origin {
            organization,
            tenant_id: way.tenant_id(host).await?,
            practice: practice.is_some(),
            portals: Arc::clone(&way.cloud().portals),
        });
        let journals = Err(Error::new(Code::JournalUnwritable, "No folder was named for the journal."));
        Ok(Self {
            way,
            clock,
            origin,
            practice,
            account,
            connected_at,
            requests: Requests::default(),
            verdicts: Verdicts::default(),
            journals,
        })
    }

    /// Keeps the organization's journal below that folder, or tells why there is no such folder whenever something
    /// is to be written. Without this, nothing is written and no unblock is kept.
    #[must_use]
    pub fn with_journals(mut self, journals: Result<PathBuf>) -> Self {
        self.journals = journals;
        self
    }

    /// The organization's journal.
    ///
    /// # Errors
    /// [`Code::JournalUnwritable`] where there is no folder for it.
    pub fn journal(&self) -> Result<Journal> {
        self.journals.clone().map(|journals| Journal::of(&journals, &self.origin))
    }

    /// Who is signed in, as the service knows them.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The organization's Exchange, as the operation of `host` asks it.
    #[must_use]
    pub fn exchange<'a>(&'a self, host: &'a Host) -> Exchange<'a> {
        self.way.asked_by(host)
    }

    /// The organization's Security & Compliance, as the operation of `host` asks it.
    #[must_use]
    pub fn compliance<'a>(&'a self, host: &'a Host) -> Compliance<'a> {
        self.way.compliance(host)
    }

    /// The cloud that the organization is in.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        self.way.cloud()
    }

    /// Where the rows of this connection come from.
    #[must_use]
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The organization as the admin named it.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.origin.organization
    }

    /// The organization's name for a question or a warning; a practice tenant says that it is one.
    #[must_use]
    pub fn title(&self) -> String {
        let practice = if self.is_practice() { " (practice tenant)" } else { "" };
        format!("{}{practice}", self.organization())
    }

    /// The organization's id, where the token tells it.
    #[must_use]
    pub fn tenant_id(&self) -> Option<&str> {
        self.origin.tenant_id.as_deref()
    }

    /// Whether nothing here is real.
    #[must_use]
    pub fn is_practice(&self) -> bool {
        self.origin.practice
    }

    /// The certificate (PEM) of a practice tenant's own authority.
    pub(crate) fn practice_authority(&self) -> Option<&str> {
        self.practice.as_ref().map(|practice| practice.authority.as_str())
    }

    /// Domain time of this connection.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Begins to wait for moments of domain time.
    pub(crate) fn timer(&self) -> Timer {
        self.clock.timer()
    }

    /// The unblocks that it has asked for.
    pub(crate) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// What it has found out of who is safe.
    pub(crate) fn verdicts(&self) -> &Verdicts {
        &self.verdicts
    }

    /// What there is to see of it now.
    pub async fn status(&self) -> ConnectionStatus {
        ConnectionStatus {
            organization: self.organization().to_owned(),
            tenant_id: self.origin.tenant_id.clone(),
            account: self.account.clone(),
            environment: self.way.cloud().name.clone(),
            connection_uri: self.way.cloud().exchange.clone(),
            practice: self.is_practice(),
            practice_uri: self.practice.as_ref().map(|practice| practice.plain_uri.clone()),
            practice_smtp_address: self.practice.as_ref().map(|practice| practice.smtp_address.clone()),
            connected_at: self.connected_at,
            token_expires: self.way.token_expires(),
            roles: self.way.roles(),
            journals: self.journals.as_deref().ok().map(Path::to_owned),
            requests: self.way.traffic().map(|traffic| traffic.requests()),
            retries: self.way.traffic().map(|traffic| traffic.retries()),
        }
    }
}

/// What an organization calls itself.
async fn name(way: &Way, host: &Host) -> Result<String> {
    let rows = way.asked_by(host).read_all(Cmdlet::new("Get-OrganizationConfig")).await?;
    let named = rows.into_iter().find_map(|mut row| row.take_text("Name").or_else(|| row.take_text("Identity")));
    named.ok_or_else(|| invalid("The Exchange session does not tell which organization it belongs to."))
}

/// Wherever requests may go.
fn endpoints(cloud: &Cloud) -> impl Iterator<Item = &String> {
    [&cloud.exchange, &cloud.login].into_iter().chain(&cloud.graph).chain(&cloud.compliance)
}

/// A real organization lives in real time: with a practice tenant's clock, waits would end and tokens expire at moments
/// that mean nothing to it.
fn must_fit(clock: &Clock, cloud: &Cloud) -> Result<()> {
    let far = endpoints(cloud).find(|endpoint| !is_this_machine(endpoint));
    match far {
        Some(endpoint) if clock.is_practice() => {
            Err(invalid(format!("A practice tenant's clock is only for this machine, and {endpoint} is not on it.")))
        }
        _ => Ok(()),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidConnection, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::converse;

    #[tokio::test]
    async fn a_practice_clock_is_only_for_this_machine() {
        let clock = Clock::practice(Clock::system().now(), 0.0);
        let here = "http://127.0.0.1:1";
        for (exchange, login) in
            [(None, None), (Some(here), None), (None, Some(here)), (Some("https://[fe80::1]"), None)]
        {
            let options = Options {
                organization: Some("contoso.onmicrosoft.com".into()),
                access_token: Some(Secret::new("x".to_owned())),
                connection_uri: exchange.map(str::to_owned),
                authorization_uri: login.map(str::to_owned),
                ..Options::default()
            };
            // Nobody listens: it is refused before anything is asked or sent.
            let (host, _) = converse(|event| event);
            let error = Connection::open(options, clock.clone(), &host).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidConnection, "{error}");
            assert!(error.message.contains("practice tenant's clock"), "{error}");
        }
    }
}
