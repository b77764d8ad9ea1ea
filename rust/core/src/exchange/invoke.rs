//! Running a cmdlet: `POST {base}/adminapi/beta/{tenant}/InvokeCommand`, page after page.

use std::future::Future;

use reqwest::RequestBuilder;
use restricted_sender_clock::Clock;
use serde_json::{json, Map, Value as Json};
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::audience::{Asking, Audience, Errand};
use super::cloud::Cloud;
use super::cmdlet::{Changed, Cmdlet};
use super::escape;
use super::fault;
use super::reply::Reply;
use super::retry::Patience;
use super::sign_in::Credential;
use super::token::{Token, Tokens};
use super::traffic::{self, Traffic};
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
    pub(super) exchange: Audience,
    /// Nothing where it is not known where Graph is, or where the connection's token is for Exchange alone.
    graph: Option<Audience>,
    /// The same of Security & Compliance.
    compliance: Option<Audience>,
    /// The organization's initial domain, once it was needed.
    initial_domain: OnceCell<String>,
    deadlines: Deadlines,
    clock: Clock,
    traffic: Traffic,
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
    until: Option<OffsetDateTime>,
    /// Exchange, or Security & Compliance.
    audience: &'a Audience,
    /// The domain by which an app names the organization, where its id does not do.
    domain: Option<&'a str>,
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
        let tokens = Tokens::new(http.clone(), &cloud, organization.clone(), credential, clock.clone());
        let graph = cloud.graph.clone().and_then(|graph| Some(Audience::new(graph.clone(), tokens.also_for(&graph)?)));
        let compliance = cloud.compliance.clone().and_then(|endpoint| {
            let tokens = tokens.also_for(&endpoint)?;
            Some(Audience::new(endpoint, tokens).behind(cloud.compliance_front))
        });
        let exchange = Audience::new(cloud.exchange.clone(), tokens);
        let (traffic, initial_domain) = (Traffic::default(), OnceCell::new());
        let (delegated, connection_id) = (false, Uuid::new_v4());
        Ok(Self {
            http,
            cloud,
            organization,
            exchange,
            graph,
            compliance,
            initial_domain,
            deadlines,
            clock,
            traffic,
            delegated,
            connection_id,
        })
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
        let Token { user, tenant_id, .. } = self.asked_by(host).token().await.map_err(|error| match named {
            Some(name) => error.about(name),
            None => error,
        })?;
        if self.organization == ANY_ORGANIZATION {
            let domain = user.as_deref().and_then(|user| user.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
            let home = domain.or(tenant_id).ok_or_else(|| {
                Error::new(Code::InvalidConnection, "The sign-in does not tell the organization: give -Organization.")
            })?;
            let all = [Some(&mut self.exchange), self.graph.as_mut(), self.compliance.as_mut()];
            for audience in all.into_iter().flatten() {
                audience.tokens.settle(&home);
            }
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
        Ok(self.exchange.tokens.current(host).await?.tenant_id)
    }

    /// When the token in hand expires, where that is known.
    #[must_use]
    pub fn token_expires(&self) -> Option<OffsetDateTime> {
        self.exchange.tokens.last()?.expires
    }

    /// The roles that the token in hand tells of.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        self.exchange.tokens.last().map(|token| token.roles).unwrap_or_default()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// What has been sent so far.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The same, as the operation of `host` asks it.
    #[must_use]
    pub fn asked_by<'a>(&'a self, host: &'a Host) -> Rest<'a> {
        Rest { service: self, host, until: None, audience: &self.exchange, domain: None }
    }
}

impl<'a> Rest<'a> {
    /// The same, but nothing is sent again after that moment of the connection's clock.
    #[must_use]
    pub fn until(self, moment: Option<OffsetDateTime>) -> Self {
        Self { until: moment, ..self }
    }

    pub(super) fn is_over_after(self, wait: std::time::Duration) -> bool {
        self.until.is_some_and(|until| self.service.clock.now() + wait > until)
    }

    pub(super) fn service(self) -> &'a Service {
        self.service
    }

    pub(super) fn host(self) -> &'a Host {
        self.host
    }

    /// Starts reading what a cmdlet returns.
    #[must_use]
    pub fn read(self, cmdlet: Cmdlet) -> Pages<'a> {
        Pages {
            exchange: self,
            cmdlet: cmdlet.clone(),
            request: Request::new(self, cmdlet),
            next: Next::First,
            pages: 0,
            is_second: false,
        }
    }

    /// Reads all that a cmdlet returns.
    ///
    /// # Errors
    /// The first failure: what was read before it is not the whole answer.
    pub async fn read_all(self, cmdlet: Cmdlet) -> Result<Vec<Record>> {
        let mut pages = self.read(cmdlet);
        let mut records = Vec::new();
        loop {
            match pages.next().await {
                Ok(Some(page)) => records.extend(page),
                Ok(None) => return Ok(records),
                Err(error) => {
                    pages.begin_again(error).await?;
                    records.clear();
                }
            }
        }
    }

    /// Runs a cmdlet that changes something, once. Returns the service's id of the request and its warnings.
    ///
    /// # Errors
    /// Any failure, [ambiguous](super::fault::is_ambiguous) ones included: it is not sent again unless the service for
    /// certain [did nothing](super::retry).
    pub async fn change(self, cmdlet: Cmdlet) -> Result<Changed> {
        let request = Request::new(self, cmdlet.once());
        let (reply, request_id) = request.send(self, &request.address).await?;
        Ok(Changed { request_id, warnings: reply.warnings.unwrap_or_default() })
    }

    /// For what is made of several requests and can only be tried again as a whole; requests of it that may be sent again
    /// by themselves have been.
    pub(crate) fn patience(self, cmdlet: &str) -> Patience<'a> {
        let organization = &self.service.organization;
        Patience::new(self, format!("{cmdlet} in {organization}"), &self.audience.endpoint, true)
    }

    /// Security & Compliance, where there is a way to it.
    ///
    /// # Errors
    /// What keeps us from learning the organization's initial domain, by which an app has to name it there.
    pub(crate) async fn compliance(self) -> Result<Option<Self>> {
        let Some(audience) = &self.service.compliance else { return Ok(None) };
        let domain = match audience.tokens.is_app_only() {
            true => Some(self.initial_domain().await?),
            false => None,
        };
        Ok(Some(Self { audience, domain, ..self }))
    }

    async fn initial_domain(self) -> Result<&'a str> {
        let organization = &self.service.organization;
        let found = self.service.initial_domain.get_or_try_init(|| async {
            if is_initial_domain(organization) {
                return Ok(organization.clone());
            }
            let mut pages = self.read(Cmdlet::new("Get-AcceptedDomain"));
            while let Some(page) = pages.next().await? {
                let initial = page.into_iter().find_map(|mut domain| {
                    let is_initial = domain.take_bool("InitialDomain") == Some(true);
                    domain.take_text("DomainName").filter(|_| is_initial)
                });
                if let Some(name) = initial {
                    return Ok(name);
                }
            }
            let message = format!("{organization} does not tell its initial domain (*.onmicrosoft.com).");
            Err(Error::new(Code::ResponseUnreadable, message))
        });
        found.await.map(String::as_str)
    }

    /// The mailbox whose server is to answer: the organization's own, or that of the person who signed in.
    fn anchor_mailbox(self, token: &Token) -> Option<String> {
        if self.audience.tokens.is_app_only() {
            return match self.domain {
                Some(domain) => Some(format!("UPN:{ORGANIZATION_MAILBOX}@{domain}")),
                None => token.tenant_id.as_ref().map(|tenant| format!("APP:{ORGANIZATION_MAILBOX}@{tenant}")),
            };
        }
        // A partner has no mailbox in the customer's organization.
        token.user.as_ref().filter(|_| !self.service.delegated).map(|user| format!("UPN:{user}"))
    }

    /// A token that is good for now.
    pub(super) async fn token(self) -> Result<Token> {
        self.asking().token().await
    }

    pub(super) fn asking(self) -> Asking<'a> {
        Asking::new(self, self.audience)
    }

    /// Microsoft Graph, where there is a way to it.
    pub(crate) fn graph(self) -> Option<Asking<'a>> {
        self.service.graph.as_ref().map(|graph| Asking::new(self, graph))
    }

    /// Does one try, counting what it sends and telling of it.
    pub(super) async fn heard<T>(
        self,
        patience: &mut Patience<'_>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let attempt = patience.next_try();
        let (result, sent) = traffic::noted(work).await;
        for one in &sent {
            self.service.traffic.count(one);
        }
        for one in &sent {
            self.host.detail(format!("{}: {} {one}, try {attempt}", patience.what(), one.method)).await?;
        }
        result
    }
}

/// Whether a domain is the initial one of its organization by its name alone: a single name below one of Microsoft's
/// domains for that, of the worldwide, the US Government's and the Chinese cloud.
pub fn is_initial_domain(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    [".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"]
        .iter()
        .any(|end| domain.strip_suffix(end).is_some_and(|name| !name.is_empty() && !name.contains('.')))
}

/// The pages of a list, read one by one.
#[derive(Debug)]
pub struct Pages<'a> {
    exchange: Rest<'a>,
    cmdlet: Cmdlet,
    request: Request,
    next: Next,
    pages: usize,
    /// Whether this is the second reading.
    is_second: bool,
}

/// The cmdlets of ours that take `ResultSize`; `Unlimited` makes one page of all. Source: their documentation. Those that
/// list who is restricted do not.
const WITH_RESULT_SIZE: [&str; 1] = ["Get-Recipient"];

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

    /// Whether there is more to read.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !matches!(self.next, Next::End)
    }

    /// Whether it was begun again.
    #[must_use]
    pub fn is_second(&self) -> bool {
        self.is_second
    }

    /// Begins again with the first page where `error` says that the link to the next one has expired, once: what came
    /// before is of another reading, and must not be mixed with this one.
    ///
    /// # Errors
    /// `error` where that is no remedy.
    pub async fn begin_again(&mut self, error: Error) -> Result<()> {
        if error.code() != Code::PageExpired || self.is_second || !self.cmdlet.repeatable {
            return Err(error);
        }
        let (service, mut cmdlet) = (self.exchange.service, self.cmdlet.clone());
        let told =
            format!("{} in {}: a page link has expired, so all is read again", cmdlet.name, service.organization);
        self.exchange.host.detail(told).await?;
        if WITH_RESULT_SIZE.contains(&cmdlet.name) {
            cmdlet = cmdlet.with("ResultSize", Some("Unlimited"));
        }
        (self.request, self.next) = (Request::new(self.exchange, cmdlet), Next::First);
        (self.pages, self.is_second) = (0, true);
        Ok(())
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
        match url::Url::parse(&link) {
            Ok(there) if self.exchange.audience.base.holds(&there) => Ok(link),
            _ => Err(refuse("its next page lies on another host")),
        }
    }
}

/// One cmdlet on its way: pages and a second try keep its id.
#[derive(Debug)]
pub(super) struct Request {
    cmdlet: &'static str,
    address: String,
    body: Json,
    repeatable: bool,
    id: Uuid,
}

impl Request {
    pub(super) fn new(exchange: Rest<'_>, cmdlet: Cmdlet) -> Self {
        let base = exchange.audience.base.current();
        Self {
            cmdlet: cmdlet.name,
            address: format!("{base}/adminapi/beta/{}/InvokeCommand", escape(&exchange.service.organization)),
            body: json!({ "CmdletInput": { "CmdletName": cmdlet.name, "Parameters": cmdlet.parameters } }),
            repeatable: cmdlet.repeatable,
            id: Uuid::new_v4(),
        }
    }

    async fn send(&self, exchange: Rest<'_>, address: &str) -> Result<(Reply, Option<String>)> {
        let what = format!("{} in {}", self.cmdlet, exchange.service.organization);
        let errand = Errand { what, address, harmless: self.repeatable };
        let request = |address: &str, token: &Token| self.to(exchange, address, token);
        exchange.asking().send(errand, request, |response| self.read(exchange, response)).await
    }

    fn to(&self, exchange: Rest<'_>, address: &str, token: &Token) -> RequestBuilder {
        let request = exchange.service.http.post(address).bearer_auth(token.bearer.reveal()).json(&self.body);
        self.headers(exchange, token).into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// The same as a part of a batch.
    pub(super) fn in_batch(&self, id: &str, exchange: Rest<'_>, token: &Token) -> Json {
        let mut headers: Map<String, Json> =
            self.headers(exchange, token).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        headers.insert("Content-Type".to_owned(), "application/json".into());
        json!({ "id": id, "method": "POST", "url": self.address, "headers": headers, "body": self.body })
    }

    fn headers(&self, exchange: Rest<'_>, token: &Token) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("Accept-Charset", "UTF-8".to_owned()),
            ("X-CmdletName", self.cmdlet.to_owned()),
            ("client-request-id", self.id.to_string()),
            ("connection-id", exchange.service.connection_id.to_string()),
            ("X-ResponseFormat", "json".to_owned()),
            ("X-SerializationLevel", "Partial".to_owned()),
            ("X-ClientApplication", "RestrictedSender".to_owned()),
            ("Prefer", "odata.maxpagesize=1000".to_owned()),
        ];
        headers.extend(exchange.anchor_mailbox(token).map(|mailbox| ("X-AnchorMailbox", mailbox)));
        headers
    }

    /// The status decides first: the body of a refusal may be anything.
    pub(super) fn read(&self, exchange: Rest<'_>, response: &Response) -> Result<(Reply, Option<String>)> {
        let organization = &exchange.service.organization;
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
                let host = &exchange.audience.endpoint;
                let code = transport::garbled(&error);
                let cut = code == Code::ConnectionLost;
                let what = if cut { "a reply that ends in its midst" } else { "something else than the reply" };
                let message = format!("{host} sent {what} to {}.", self.cmdlet);
                Err(Error::new(code, message).caused_by(&error).with(|details| {
                    details.http_status = Some(response.status);
                    details.request_id = response.request_id();
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_initial_domain_is_known_by_its_name() {
        for initial in ["contoso.onmicrosoft.com", "Contoso.OnMicrosoft.us", "contoso.partner.onmschina.cn"] {
            assert!(is_initial_domain(initial), "{initial}");
        }
        for other in ["contoso.com", "contoso.mail.onmicrosoft.com", "onmicrosoft.com", ".onmicrosoft.com", "3f0e"] {
            assert!(!is_initial_domain(other), "{other}");
        }
    }
}
