//! Whom requests go to with a token of its own: Exchange, Security & Compliance, Microsoft Graph. All are asked in the
//! same way: a token, another one after a refusal, redirects within the endpoint, further tries where those do no harm.

use std::future::Future;

use reqwest::{Client, RequestBuilder};

use super::cookies::Cookies;
use super::invoke::Rest;
use super::redirect::{Base, Redirects};
use super::retry::Patience;
use super::token::{Token, Tokens};
use super::transport::{self, Response};
use crate::error::Result;
use crate::host::Host;

/// An endpoint, and the tokens that it takes.
#[derive(Debug)]
pub struct Audience {
    /// Its address, as the admin knows it.
    pub endpoint: String,
    /// Where its requests go.
    pub base: Base,
    /// What it lets us in by.
    pub tokens: Tokens,
    cookies: Cookies,
}

/// An audience, as one operation asks it.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    rest: Rest<'a>,
    audience: &'a Audience,
}

/// A request to an audience, whatever is in it.
#[derive(Debug)]
pub struct Errand<'a> {
    /// What it is for, for the admin.
    pub what: String,
    /// Where it goes first.
    pub address: &'a str,
    /// Whether it changes nothing, and is the same when it is sent again.
    pub harmless: bool,
}

impl Audience {
    /// The endpoint, which takes these tokens.
    pub fn new(endpoint: String, tokens: Tokens) -> Self {
        Self { base: Base::new(endpoint.clone()), endpoint, tokens, cookies: Cookies::default() }
    }

    /// The same, which sends its first request on by a host of the domain `front`.
    pub fn behind(self, front: &'static str) -> Self {
        Self { base: Base::behind(front, self.endpoint.clone()), ..self }
    }
}

impl<'a> Asking<'a> {
    /// `audience`, as `rest` asks it.
    pub fn new(rest: Rest<'a>, audience: &'a Audience) -> Self {
        Self { rest, audience }
    }

    /// What sends requests.
    pub fn http(self) -> &'a Client {
        &self.rest.service().http
    }

    /// The organization as it was named.
    pub fn organization(self) -> &'a str {
        self.rest.service().organization()
    }

    /// Where its requests go.
    pub fn base(self) -> String {
        self.audience.base.current()
    }

    /// The address of the endpoint.
    pub fn endpoint(self) -> &'a str {
        &self.audience.endpoint
    }

    /// Whether an address lies within the endpoint, so that a token may go there.
    pub fn holds(self, address: &str) -> bool {
        url::Url::parse(address).is_ok_and(|address| self.audience.base.holds(&address))
    }

    /// The operation that asks.
    pub fn host(self) -> &'a Host {
        self.rest.host()
    }

    /// Sends what `request` makes of an address and a token until `read` makes something of the reply, or until it must
    /// not, or need not, be sent again.
    ///
    /// # Errors
    /// Any failure. One that changes something is not sent again unless the service for certain did nothing.
    pub async fn send<T>(
        self,
        errand: Errand<'_>,
        request: impl Fn(&str, &Token) -> RequestBuilder,
        read: impl Fn(&Response) -> Result<T>,
    ) -> Result<T> {
        let Self { rest, audience } = self;
        let mut patience = Patience::new(rest, errand.what, &audience.endpoint, errand.harmless);
        let mut token = self.token().await?;
        let (mut renewed, mut redirects, mut address) = (false, Redirects::default(), errand.address.to_owned());
        loop {
            let request = request(&address, &token);
            let request = match audience.cookies.header() {
                Some(cookies) => request.header("Cookie", cookies),
                None => request,
            };
            let response = rest.heard(&mut patience, transport::send(request, &audience.endpoint)).await;
            response.iter().for_each(|response| audience.cookies.keep(response));
            // Who sends a request on has not done it, so this is for changes, too.
            let elsewhere = response.as_ref().ok().and_then(|reply| redirects.after(reply, &address, &audience.base));
            if let Some(elsewhere) = elsewhere {
                address = elsewhere;
                continue;
            }
            // A token is refused before anything is done, so this is for changes, too; once, since a second refusal
            // is not about the token.
            if !renewed && response.as_ref().is_ok_and(|response| response.status == 401) {
                renewed = true;
                let challenge = response.as_ref().ok().and_then(Response::challenge);
                if let Some(newer) = self.newer_token(&token, challenge.as_deref()).await? {
                    token = newer;
                    continue;
                }
            }
            match response.and_then(|response| read(&response)) {
                Ok(reply) => return Ok(reply),
                Err(error) => patience.after(error).await?,
            }
            token = self.token().await?;
        }
    }

    /// A token that is good for now.
    pub async fn token(self) -> Result<Token> {
        let tokens = &self.audience.tokens;
        self.sign_in(|| tokens.current(self.host())).await
    }

    /// Another token than the one that was refused, where there can be one.
    async fn newer_token(self, refused: &Token, challenge: Option<&str>) -> Result<Option<Token>> {
        let tokens = &self.audience.tokens;
        self.sign_in(|| tokens.after_refusal(refused, challenge, self.host())).await
    }

    /// Getting a token changes nothing, so it is tried as often as a read.
    async fn sign_in<T, F: Future<Output = Result<T>>>(self, work: impl Fn() -> F) -> Result<T> {
        let service = self.rest.service();
        let what = format!("Token for {}", service.organization());
        let mut patience = Patience::new(self.rest, what, &service.cloud().login, true);
        loop {
            match self.rest.heard(&mut patience, work()).await {
                Ok(token) => return Ok(token),
                Err(error) => patience.after(error).await?,
            }
        }
    }
}
