//! Running a cmdlet: `POST {base}/adminapi/beta/{tenant}/InvokeCommand`, page after page.

use restricted_sender_clock::Clock;
use serde_json::{json, Value as Json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::cloud::Cloud;
use super::cmdlet::{Changed, Cmdlet};
use super::escape;
use super::fault;
use super::reply::Reply;
use super::sign_in::Credential;
use super::token::{Token, Tokens};
use super::transport::{self, Deadlines, Proxies, Response};
use super::value::Record;
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// The Exchange Online of one organization, over REST.
#[derive(Debug)]
pub struct Service {
    pub(super) http: reqwest::Client,
    pub(super) cloud: Cloud,
    pub(super) organization: String,
    pub(super) tokens: Tokens,
    /// Whether a partner works on a customer's organization.
    delegated: bool,
    /// One id for all requests of a connection.
    connection_id: Uuid,
}

/// A list may have this many pages of 1,000; more means that the links go in circles.
const MOST_PAGES: usize = 1000;

/// What the token endpoint calls the organization of whoever signs in.
pub const ANY_ORGANIZATION: &str = "organizations";

/// The mailbox that stands for an organization when an app asks; the same in every organization.
const ORGANIZATION_MAILBOX: &str = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

/// What one operation asks of the [`Service`]. Its host is told what goes on, and asked for what only it has.
#[derive(Debug, Clone, Copy)]
pub struct Rest<'a> {
    service: &'a Service,
    host: &'a Host,
}

impl Service {
    /// Prepares for `organization`; nothing is sent yet. `authority` and `proxies` as in [`transport::client`].
    ///
    /// # Errors
    /// [`Code::TlsFailure`] when this machine cannot set up encryption.
    pub fn new(
        cloud: Cloud,
        organization: String,
        credential: Credential,
        authority: Option<&str>,
        proxies: &Proxies,
        deadlines: Deadlines,
        clock: Clock,
    ) -> Result<Self> {
        let http = transport::client(proxies, authority, deadlines)?;
        let tokens = Tokens::new(http.clone(), &cloud, organization.clone(), credential, clock);
        Ok(Self { http, cloud, organization, tokens, delegated: false, connection_id: Uuid::new_v4() })
    }

    /// Says that a partner works on a customer's organization.
    #[must_use]
    pub fn delegated(mut self, delegated: bool) -> Self {
        self.delegated = delegated;
        self
    }

    /// Signs in, and takes the organization of the person who does where none was named. Returns the person.
    ///
    /// # Errors
    /// What keeps us from having a token.
    pub async fn sign_in(&mut self, host: &Host) -> Result<Option<String>> {
        let named = Some(&self.organization).filter(|name| *name != ANY_ORGANIZATION);
        let Token { user, tenant_id, .. } = self.tokens.current(host).await.map_err(|error| match named {
            Some(name) => error.about(name),
            None => error,
        })?;
        if self.organization == ANY_ORGANIZATION {
            let domain = user.as_deref().and_then(|user| user.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
            let home = domain.or(tenant_id).ok_or_else(|| {
                Error::new(Code::InvalidConnection, "The sign-in does not tell the organization: give -Organization.")
            })?;
            self.tokens.settle(&home);
            self.organization = home;
        }
        Ok(user)
    }

    /// The cloud it lives in.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The organization as it was named, or found when signing in.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The organization's id, where the token tells it.
    ///
    /// # Errors
    /// What keeps us from having a token.
    pub async fn tenant_id(&self, host: &Host) -> Result<Option<String>> {
        Ok(self.tokens.current(host).await?.tenant_id)
    }

    /// When the token in hand expires, where that is known.
    #[must_use]
    pub fn token_expires(&self) -> Option<OffsetDateTime> {
        self.tokens.expires()
    }

    /// The mailbox whose server is to answer: the organization's own, or that of the person who signed in.
    fn anchor_mailbox(&self, token: &Token) -> Option<String> {
        if self.tokens.is_app_only() {
            return token.tenant_id.as_ref().map(|tenant| format!("APP:{ORGANIZATION_MAILBOX}@{tenant}"));
        }
        // A partner has no mailbox in the customer's organization.
        token.user.as_ref().filter(|_| !self.delegated).map(|user| format!("UPN:{user}"))
    }

    /// The same, as the operation of `host` asks it.
    #[must_use]
    pub fn asked_by<'a>(&'a self, host: &'a Host) -> Rest<'a> {
        Rest { service: self, host }
    }
}

impl<'a> Rest<'a> {
    /// Starts reading what a cmdlet returns.
    #[must_use]
    pub fn read(self, cmdlet: Cmdlet) -> Pages<'a> {
        Pages { exchange: self, request: Request::new(self.service, cmdlet), next: Next::First, pages: 0 }
    }

    /// Runs a cmdlet that changes something, once. Returns the service's id of the request and its warnings.
    ///
    /// # Errors
    /// Any failure, [ambiguous](super::fault::is_ambiguous) ones included: nothing is repeated, save after a refusal
    /// of the token, which comes before anything is done.
    pub async fn change(self, cmdlet: Cmdlet) -> Result<Changed> {
        let request = Request::new(self.service, cmdlet);
        let (reply, request_id) = request.send(self, &request.address).await?;
        Ok(Changed { request_id, warnings: reply.warnings.unwrap_or_default() })
    }
}

/// The pages of a list, read one by one.
#[derive(Debug)]
pub struct Pages<'a> {
    exchange: Rest<'a>,
    request: Request,
    next: Next,
    pages: usize,
}

#[derive(Debug)]
enum Next {
    First,
    Link(String),
    End,
}

impl Pages<'_> {
    /// The next page, or nothing after the last.
    ///
    /// # Errors
    /// Any failure; the list is then incomplete and must not be taken for the whole.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>> {
        let address = match &self.next {
            Next::End => return Ok(None),
            Next::First => self.request.address.clone(),
            Next::Link(link) => link.clone(),
        };
        let (reply, request_id) = self.request.send(self.exchange, &address).await?;
        self.pages += 1;
        self.next = match reply.next_link {
            None => Next::End,
            Some(link) => Next::Link(self.checked(link, request_id)?),
        };
        Ok(Some(reply.value.unwrap_or_default()))
    }

    /// A link may only lead on within the endpoint that it came from: the token goes with it.
    fn checked(&self, link: String, request_id: Option<String>) -> Result<String> {
        let organization = &self.exchange.service.organization;
        let refuse = |why: &str| {
            let message = format!("The list of {organization} could not be read to its end: {why}.");
            Error::new(Code::ResponseUnreadable, message).with(|details| details.request_id = request_id.clone())
        };
        if self.pages >= MOST_PAGES {
            return Err(refuse("it has more pages than any list should have"));
        }
        let origin = |address: &str| url::Url::parse(address).map(|url| url.origin());
        match (origin(&link), origin(&self.exchange.service.cloud.exchange)) {
            (Ok(there), Ok(here)) if there == here => Ok(link),
            _ => Err(refuse("its next page lies on another host")),
        }
    }
}

/// One cmdlet on its way: pages and a second try keep its id.
#[derive(Debug)]
struct Request {
    cmdlet: &'static str,
    address: String,
    body: Json,
    id: Uuid,
}

impl Request {
    fn new(service: &Service, cmdlet: Cmdlet) -> Self {
        let base = &service.cloud.exchange;
        Self {
            cmdlet: cmdlet.name,
            address: format!("{base}/adminapi/beta/{}/InvokeCommand", escape(&service.organization)),
            body: json!({ "CmdletInput": { "CmdletName": cmdlet.name, "Parameters": cmdlet.parameters } }),
            id: Uuid::new_v4(),
        }
    }

    async fn send(&self, exchange: Rest<'_>, address: &str) -> Result<(Reply, Option<String>)> {
        let service = exchange.service;
        let token = service.tokens.current(exchange.host).await?;
        let response = self.send_with(exchange, address, &token).await?;
        if response.status != 401 {
            return self.read(service, &response);
        }
        match service.tokens.after_refusal(&token, response.challenge().as_deref(), exchange.host).await? {
            Some(token) => self.read(service, &self.send_with(exchange, address, &token).await?),
            None => self.read(service, &response),
        }
    }

    async fn send_with(&self, exchange: Rest<'_>, address: &str, token: &Token) -> Result<Response> {
        let Rest { service, host } = exchange;
        let mut request = service
            .http
            .post(address)
            .bearer_auth(token.bearer.reveal())
            .header("Accept-Charset", "UTF-8")
            .header("X-CmdletName", self.cmdlet)
            .header("client-request-id", self.id.to_string())
            .header("connection-id", service.connection_id.to_string())
            .header("X-ResponseFormat", "json")
            .header("X-SerializationLevel", "Partial")
            .header("X-ClientApplication", "RestrictedSender")
            .header("Prefer", "odata.maxpagesize=1000")
            .json(&self.body);
        if let Some(mailbox) = service.anchor_mailbox(token) {
            request = request.header("X-AnchorMailbox", mailbox);
        }
        let response = transport::send(request, &service.cloud.exchange).await?;
        let id = response.request_id().map(|id| format!(", request {id}")).unwrap_or_default();
        host.detail(format!("{} in {}: HTTP {}{id}", self.cmdlet, service.organization, response.status)).await?;
        Ok(response)
    }

    /// The status decides first: the body of a refusal may be anything.
    fn read(&self, service: &Service, response: &Response) -> Result<(Reply, Option<String>)> {
        let organization = &service.organization;
        let fail = |body| fault::of_reply(self.cmdlet, organization, response, body);
        if response.status == 204 {
            return Ok((Reply::default(), response.request_id()));
        }
        let reply = Reply::read(&response.body);
        if !(200..300).contains(&response.status) {
            return Err(fail(reply.ok().and_then(|reply| reply.error)));
        }
        match reply {
            Ok(Reply { error: Some(error), .. }) => Err(fail(Some(error))),
            Ok(Reply { errors: Some(errors), .. }) if !errors.is_empty() => {
                let said = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                let message = format!("{} in {organization} did not finish. The service says: {said}", self.cmdlet);
                Err(Error::new(Code::CmdletFailed, message).with(|details| {
                    details.http_status = Some(response.status);
                    details.request_id = response.request_id();
                }))
            }
            Ok(reply) => Ok((reply, response.request_id())),
            Err(error) => {
                let host = &service.cloud.exchange;
                let message = format!("{host} sent something else than the reply to {}.", self.cmdlet);
                Err(Error::new(Code::ResponseUnreadable, message).caused_by(&error).with(|details| {
                    details.http_status = Some(response.status);
                    details.request_id = response.request_id();
                }))
            }
        }
    }
}
