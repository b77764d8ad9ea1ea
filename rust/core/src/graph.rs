//! Microsoft Graph as the evidence needs it: what Microsoft Entra knows of an account, and what secures it there. It is
//! asked by the connection's own sign-in with tokens of its own, on the same way as Exchange: tried again, counted and
//! told of alike.

mod fault;

use serde_json::{json, Value as Json};
use uuid::Uuid;

pub use fault::is_not_found;

use crate::error::{Code, Error, Result};
use crate::exchange::{garbled, Asking, Changed, Errand, Response};

/// Microsoft Graph of one organization, as one operation asks it.
#[derive(Debug, Clone, Copy)]
pub struct Graph<'a>(Asking<'a>);

/// What is asked for, and the permission that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The path below the version, with its query, for example `users/a%40b?$select=id`.
    pub path: String,
    /// What it is, for the admin.
    pub what: &'static str,
    /// The least permission that it takes, of an app and of a person alike.
    pub permission: &'static str,
}

/// A list about one account has few entries; more pages than this mean that the links go in circles.
const MOST_PAGES: usize = 50;

/// The version that is documented for production.
const VERSION: &str = "v1.0";

#[derive(Clone, Copy)]
enum Method {
    Get,
    Post,
    Patch,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(asking: Asking<'a>) -> Self {
        Self(asking)
    }

    /// Reads one object.
    ///
    /// # Errors
    /// [`Code::NoGraphPermission`], what [is not found](is_not_found), and whatever keeps it from being read.
    pub async fn read(self, resource: &Resource) -> Result<Json> {
        let address = self.address(resource);
        self.send(resource, &address, Method::Get, None).await.map(|(object, _)| object)
    }

    /// Reads a list to its end.
    ///
    /// # Errors
    /// As [`read`](Self::read); what was read before the failure is not the whole list.
    pub async fn read_all(self, resource: &Resource) -> Result<Vec<Json>> {
        let (mut all, mut address) = (Vec::new(), self.address(resource));
        for _ in 0..MOST_PAGES {
            let (mut page, request_id) = self.send(resource, &address, Method::Get, None).await?;
            let refuse = |why: &str| self.unreadable(resource, why).with(|details| details.request_id = request_id);
            let Some(Json::Array(entries)) = page.get_mut("value").map(Json::take) else {
                return Err(refuse("it has no list in it"));
            };
            all.extend(entries);
            match page.get("@odata.nextLink").and_then(Json::as_str) {
                None => return Ok(all),
                Some(next) if self.0.holds(next) => next.clone_into(&mut address),
                Some(_) => return Err(refuse("its next page lies on another host")),
            }
        }
        Err(self.unreadable(resource, "it has more pages than any such list should have"))
    }

    /// Changes an object, once. Returns the service's id of the request.
    ///
    /// # Errors
    /// As [`read`](Self::read), [ambiguous](crate::exchange::is_ambiguous) ones included: it is not sent again unless
    /// the service for certain did nothing.
    pub async fn change(self, resource: &Resource, members: &Json) -> Result<Changed> {
        let address = self.address(resource);
        let (_, request_id) = self.send(resource, &address, Method::Patch, Some(members)).await?;
        Ok(Changed { request_id, warnings: Vec::new() })
    }

    /// Runs an action of an object, once; as [`change`](Self::change).
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn act(self, resource: &Resource) -> Result<Changed> {
        let address = self.address(resource);
        let (_, request_id) = self.send(resource, &address, Method::Post, Some(&json!({}))).await?;
        Ok(Changed { request_id, warnings: Vec::new() })
    }

    fn address(self, resource: &Resource) -> String {
        format!("{}/{VERSION}/{}", self.0.endpoint(), resource.path)
    }

    async fn send(
        self,
        resource: &Resource,
        address: &str,
        method: Method,
        body: Option<&Json>,
    ) -> Result<(Json, Option<String>)> {
        let what = format!("{} in {}", resource.what, self.0.organization());
        let errand = Errand { what, address, harmless: matches!(method, Method::Get) };
        let id = Uuid::new_v4().to_string();
        self.0
            .send(
                errand,
                |address, token| {
                    let request = match method {
                        Method::Get => self.0.http().get(address),
                        Method::Post => self.0.http().post(address),
                        Method::Patch => self.0.http().patch(address),
                    };
                    let request = request.bearer_auth(token.bearer.reveal()).header("client-request-id", &id);
                    match body {
                        Some(body) => request.json(body),
                        None => request,
                    }
                },
                |response| self.heard(resource, response),
            )
            .await
    }

    /// The status decides first: the body of a refusal may be anything.
    fn heard(self, resource: &Resource, response: &Response) -> Result<(Json, Option<String>)> {
        if response.status == 204 {
            return Ok((Json::Null, response.request_id()));
        }
        if !(200..300).contains(&response.status) {
            return Err(fault::of_reply(resource, self.0.organization(), response));
        }
        match serde_json::from_slice::<Json>(&response.body) {
            Ok(object) if object.is_object() => Ok((object, response.request_id())),
            Err(error) if garbled(&error) == Code::ConnectionLost => {
                let message = format!("{} sent a reply that ends in its midst.", self.0.endpoint());
                Err(Error::new(Code::ConnectionLost, message).caused_by(&error))
            }
            _ => Err(self.unreadable(resource, "it is no object")),
        }
        .map_err(|error| error.with(|details| details.request_id = response.request_id()))
    }

    fn unreadable(self, resource: &Resource, why: &str) -> Error {
        let message =
            format!("{} sent something else than {}: {why}.", self.0.endpoint(), resource.what.to_lowercase());
        Error::new(Code::ResponseUnreadable, message)
    }
}
