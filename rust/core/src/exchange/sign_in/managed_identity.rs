//! Managed identities: an endpoint on the machine itself, or on its own link, gives tokens to whoever runs there.
//!
//! Which endpoint it is, and how it wants to be asked, depends on where the machine lives. Variables of the process tell.
//! None of them may lead to another machine: the answer would be somebody else's word, and our header their secret.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use restricted_sender_clock::Clock;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use super::{arc, Secret};
use crate::error::{Code, Error, Result};
use crate::exchange::is_near;
use crate::exchange::token::Token;
use crate::exchange::transport::{self, Response};
use crate::host::Host;

/// The managed identity of the machine, or another one that is assigned to it.
#[derive(Debug, Clone)]
pub struct ManagedIdentity {
    endpoint: Endpoint,
    account: Option<Account>,
}

/// Who gives the tokens.
#[derive(Debug, Clone)]
enum Endpoint {
    /// App Service, Functions, Container Apps, and Automation today.
    Service { address: Url, header: Secret },
    /// Automation as it was; on hybrid workers with a secret.
    OlderAutomation { address: Url, secret: Option<Secret> },
    /// A machine elsewhere that Azure Arc manages.
    Arc { address: Url, keys: arc::Keys },
    /// A virtual machine or scale set.
    VirtualMachine { address: Url },
}

/// An identity that is assigned to the machine beside its own.
#[derive(Debug, Clone)]
enum Account {
    /// By its client id.
    Client(String),
    /// By its id as a resource.
    Resource(String),
}

/// Fixed for every virtual machine.
const VIRTUAL_MACHINE: &str = "http://169.254.169.254";
const INSTANCE_PATH: &str = "metadata/identity/oauth2/token";

/// How long to wait before each further try: together the 70 seconds that an update of the endpoint may take.
const PAUSES: [u64; 6] = [2, 4, 8, 16, 20, 20];

impl ManagedIdentity {
    /// Finds out who gives tokens here. `account` names another identity than the machine's own: its client id, or its
    /// id as a resource.
    ///
    /// # Errors
    /// [`Code::InvalidConnection`] for an account that is neither, [`Code::ManagedIdentityUnavailable`] where a variable
    /// leads to another machine.
    pub async fn find(account: Option<&str>, host: &Host) -> Result<Self> {
        let endpoint = Endpoint::find(host).await?;
        let account = account.map(Account::read).transpose()?;
        if let (Some(_), Endpoint::Arc { .. }) = (&account, &endpoint) {
            let why = "Azure Arc gives a machine no other identity than its own: leave -ManagedIdentityAccountId out.";
            return Err(Error::new(Code::InvalidConnection, why));
        }
        Ok(Self { endpoint, account })
    }

    /// Who signs in, for people.
    pub(super) fn name(&self) -> String {
        match &self.account {
            None => "Managed identity".to_owned(),
            Some(Account::Client(id) | Account::Resource(id)) => format!("Managed identity {id}"),
        }
    }

    /// Gets a token for `resource`; waits on the connection's clock while the endpoint is busy.
    pub(in crate::exchange) async fn token(&self, http: &Client, resource: &str, clock: &Clock) -> Result<Token> {
        let mut pauses = PAUSES.iter();
        loop {
            let response = self.ask(http, resource).await?;
            if !self.may_pass(response.status) {
                return read(&response, clock);
            }
            let Some(pause) = pauses.next() else {
                // It was asked as often as it should be; nobody begins anew.
                let tries = u32::try_from(PAUSES.len()).unwrap_or(u32::MAX).saturating_add(1);
                return read(&response, clock).map_err(|error| error.with(|details| details.tries = Some(tries)));
            };
            clock.nap(Duration::from_secs(*pause)).await;
        }
    }

    /// Whether a failure of this status passes by itself. The endpoint of a virtual machine is away while it is updated.
    fn may_pass(&self, status: u16) -> bool {
        let is_machine = matches!(self.endpoint, Endpoint::VirtualMachine { .. });
        status == 429 || status >= 500 || (is_machine && (status == 404 || status == 410))
    }

    async fn ask(&self, http: &Client, resource: &str) -> Result<Response> {
        let response = self.send(self.request(http, resource)).await?;
        let Endpoint::Arc { keys, .. } = &self.endpoint else { return Ok(response) };
        if response.status != 401 {
            return Ok(response);
        }
        // Only who may read a file on the machine gets a token.
        let key = keys.named_by(response.challenge().as_deref()).await?;
        self.send(self.request(http, resource).header("Authorization", format!("Basic {}", key.reveal()))).await
    }

    fn request(&self, http: &Client, resource: &str) -> RequestBuilder {
        let (address, version, header) = match &self.endpoint {
            Endpoint::Service { address, header } => {
                (address, Some("2019-08-01"), ("X-IDENTITY-HEADER", header.reveal()))
            }
            Endpoint::OlderAutomation { address, secret: None } => (address, None, METADATA),
            // The version is an assumption (?): it is that of the endpoints of its time.
            Endpoint::OlderAutomation { address, secret: Some(_) } => (address, Some("2017-09-01"), METADATA),
            Endpoint::Arc { address, .. } => (address, Some("2020-06-01"), METADATA),
            Endpoint::VirtualMachine { address } => (address, Some("2018-02-01"), METADATA),
        };
        let mut address = address.clone();
        {
            let mut query = address.query_pairs_mut();
            query.extend_pairs(version.map(|version| ("api-version", version))).append_pair("resource", resource);
            query.extend_pairs(self.account.as_ref().map(|account| account.pair(&self.endpoint)));
        }
        let mut request = http.get(address).header(header.0, header.1);
        if let Endpoint::OlderAutomation { secret: Some(secret), .. } = &self.endpoint {
            request = request.header("secret", secret.reveal());
        }
        request
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        transport::send(request, "The managed identity endpoint of this machine").await.map_err(|error| {
            let message = format!("This machine gives no tokens for a managed identity: {}", error.message);
            Error::new(Code::ManagedIdentityUnavailable, message).because_of(&error)
        })
    }
}

const METADATA: (&str, &str) = ("Metadata", "true");

impl Endpoint {
    async fn find(host: &Host) -> Result<Self> {
        let identity = near(host, "IDENTITY_ENDPOINT").await?;
        let header = host.environment_variable("IDENTITY_HEADER").await?;
        let older = near(host, "MSI_ENDPOINT").await?;
        Ok(match (identity, header, older) {
            (Some(address), Some(header), _) => Self::Service { address, header },
            (Some(address), None, _) => Self::Arc { address, keys: arc::Keys::here(host).await? },
            (None, _, Some(address)) => {
                Self::OlderAutomation { address, secret: host.environment_variable("MSI_SECRET").await? }
            }
            (None, _, None) if arc::has_agent(host).await? => {
                Self::Arc { address: parse(arc::ADDRESS)?, keys: arc::Keys::here(host).await? }
            }
            (None, _, None) => Self::VirtualMachine { address: instance(host).await? },
        })
    }
}

/// The endpoint of a virtual machine; a proxy for containers may stand in its place.
async fn instance(host: &Host) -> Result<Url> {
    match near(host, "AZURE_POD_IDENTITY_AUTHORITY_HOST").await? {
        Some(mut address) => {
            address.set_path(INSTANCE_PATH);
            Ok(address)
        }
        None => parse(&format!("{VIRTUAL_MACHINE}/{INSTANCE_PATH}")),
    }
}

/// The address in a variable, which must lie on this machine or its link.
async fn near(host: &Host, name: &'static str) -> Result<Option<Url>> {
    let Some(address) = host.environment_variable(name).await? else { return Ok(None) };
    let address = address.reveal();
    if !is_near(address) {
        let why =
            format!("The variable {name} leads to {address}, which is not on this machine. Nothing was sent there.");
        return Err(Error::new(Code::ManagedIdentityUnavailable, why));
    }
    parse(address).map(Some)
}

fn parse(address: &str) -> Result<Url> {
    Url::parse(address).map_err(|error| {
        Error::new(Code::ManagedIdentityUnavailable, format!("{address} is no address.")).caused_by(&error)
    })
}

impl Account {
    fn read(text: &str) -> Result<Self> {
        match text.trim() {
            id if Uuid::try_parse(id).is_ok() => Ok(Self::Client(id.to_owned())),
            id if id.starts_with('/') => Ok(Self::Resource(id.to_owned())),
            other => Err(Error::new(
                Code::InvalidConnection,
                format!("-ManagedIdentityAccountId takes the client id (a GUID) or the resource id (/subscriptions/...) of an identity, not '{other}'."),
            )),
        }
    }

    /// As it stands in the query of that endpoint.
    fn pair(&self, endpoint: &Endpoint) -> (&'static str, &str) {
        match (self, endpoint) {
            (Self::Client(id), Endpoint::OlderAutomation { secret: Some(_), .. }) => ("clientid", id),
            (Self::Client(id), _) => ("client_id", id),
            (Self::Resource(id), Endpoint::Service { .. }) => ("mi_res_id", id),
            (Self::Resource(id), _) => ("msi_res_id", id),
        }
    }
}

/// A token as these endpoints give it: numbers are texts, and some tell when it ends, others how long it holds.
#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    expires_on: Value,
}

/// Each endpoint has a form of its own for refusals.
#[derive(Deserialize, Default)]
struct Refusal {
    error: Option<Value>,
    error_description: Option<String>,
    message: Option<String>,
}

fn read(response: &Response, clock: &Clock) -> Result<Token> {
    if response.status != 200 {
        return Err(refused(response));
    }
    let granted: Granted = serde_json::from_slice(&response.body).map_err(|error| {
        let code = transport::garbled(&error);
        let cut = code == Code::ConnectionLost;
        let what = if cut { "a reply that ends in its midst instead of" } else { "something else than" };
        Error::new(code, format!("The managed identity endpoint of this machine sent {what} a token."))
    })?;
    let lasts = number(&granted.expires_in).and_then(|seconds| u64::try_from(seconds).ok());
    let expires = match lasts {
        Some(seconds) => Some(clock.now() + Duration::from_secs(seconds)),
        None => number(&granted.expires_on).and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()),
    };
    Ok(Token::read(granted.access_token, expires))
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn refused(response: &Response) -> Error {
    let status = response.status;
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
    let said =
        [refusal.error_description, refusal.message, refusal.error.and_then(|error| error.as_str().map(str::to_owned))]
            .into_iter()
            .flatten()
            .next();
    let said = said.as_deref().and_then(|text| text.lines().next()).map(|line| format!(" It says: {line}"));
    let said = said.unwrap_or_default();
    let (code, what) = match status {
        429 => (Code::Throttled, "asks to slow down"),
        500.. => (Code::ServiceUnavailable, "has a problem of its own"),
        400 if said.contains("dentity not found") => (Code::ManagedIdentityNotFound, "knows no such identity"),
        404 | 410 => (Code::ManagedIdentityUnavailable, "is not there"),
        _ => (Code::TokenRefused, "gave no token"),
    };
    let message = format!("The managed identity endpoint of this machine {what} (HTTP {status}).{said}");
    Error::new(code, message).with(|details| {
        details.http_status = Some(status);
        details.retry_after_sec = response.retry_after_sec();
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_as_texts_too() {
        assert_eq!(number(&"3599".into()), Some(3599));
        assert_eq!(number(&3599.into()), Some(3599));
        assert_eq!((number(&"soon".into()), number(&Value::Null)), (None, None));
    }

    #[test]
    fn an_account_is_a_client_or_a_resource() {
        assert!(matches!(Account::read("9f1c2a9e-0000-4000-8000-000000000001"), Ok(Account::Client(_))));
        assert!(matches!(Account::read(" /subscriptions/x "), Ok(Account::Resource(_))));
        assert_eq!(Account::read("my-identity").unwrap_err().code(), Code::InvalidConnection);
    }

    #[tokio::test]
    async fn azure_arc_gives_a_token_to_who_can_read_its_key() {
        let clock = Clock::practice(Clock::system().now(), 0.0);
        let options = restricted_sender_sandbox::Options { clock: clock.clone(), ..Default::default() };
        let sandbox = restricted_sender_sandbox::Sandbox::start(options).await.unwrap();
        let base = &sandbox.invitation().plain_uri;
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("1.key"), folder.path().join("../1.key"));
        std::fs::write(&inside, "correct horse\n".replace(' ', "-")).unwrap();
        let address = parse(&format!("{base}/{INSTANCE_PATH}")).unwrap();
        let endpoint = Endpoint::Arc { address, keys: arc::Keys::within(folder.path()) };
        let identity = ManagedIdentity { endpoint, account: None };
        for (path, key, expected) in [
            (&inside, "correct-horse", None),
            (&inside, "another", Some(Code::TokenRefused)),
            (&outside, "correct-horse", Some(Code::ManagedIdentityUnavailable)),
        ] {
            let file = serde_json::json!({"path": path.display().to_string(), "key": key});
            sandbox.control("POST", "managed-identity", &file).unwrap();
            let http = transport::client(&Vec::new(), None, Default::default()).unwrap();
            let token = identity.token(&http, base, &clock).await;
            assert_eq!(token.err().map(|error| error.code()), expected, "{path:?} {key}");
        }
    }

    #[test]
    fn the_header_of_the_endpoint_does_not_show() {
        let address = parse("http://127.0.0.1").unwrap();
        let header = Secret::new("correct horse".to_owned());
        let identity = ManagedIdentity { endpoint: Endpoint::Service { address, header }, account: None };
        assert!(!format!("{identity:?}").contains("horse"));
    }
}
