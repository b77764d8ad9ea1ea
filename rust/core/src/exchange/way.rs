//! The ways to an organization's Exchange, which all ask and answer alike.

use time::OffsetDateTime;

use super::cloud::Cloud;
use super::cmdlet::{Changed, Cmdlet};
use super::compliance::Compliance;
use super::invoke::{self, Service};
use super::retry::Patience;
use super::session::Session;
use super::traffic::Traffic;
use super::value::Record;
use crate::error::{Code, Error, Result};
use crate::graph::Graph;
use crate::host::Host;

/// How a connection reaches its organization.
#[derive(Debug)]
pub enum Way {
    /// With a token of its own, over REST.
    Rest(Box<Service>),
    /// Through the session that the admin has opened.
    Session(Session),
}

/// Exchange, as one operation asks it.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    way: &'a Way,
    host: &'a Host,
    /// When no further try may begin any more, by the connection's clock.
    until: Option<OffsetDateTime>,
}

/// What a cmdlet returns, page by page.
#[derive(Debug)]
pub enum Pages<'a> {
    /// As the service cuts them.
    Rest(invoke::Pages<'a>),
    /// All in one, as the session returns it.
    Session {
        /// The session to ask.
        session: &'a Session,
        /// The host that it is in.
        host: &'a Host,
        /// Nothing once it was asked.
        cmdlet: Option<Cmdlet>,
    },
}

impl Way {
    /// The cloud that the organization is in.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        match self {
            Self::Rest(service) => service.cloud(),
            Self::Session(session) => session.cloud(),
        }
    }

    /// The organization's id, where it is known.
    ///
    /// # Errors
    /// What keeps us from having a token.
    pub async fn tenant_id(&self, host: &Host) -> Result<Option<String>> {
        match self {
            Self::Rest(service) => service.tenant_id(host).await,
            Self::Session(session) => Ok(session.tenant_id().map(str::to_owned)),
        }
    }

    /// When the token in hand expires, where that is known; a session keeps its token to itself.
    #[must_use]
    pub fn token_expires(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Rest(service) => service.token_expires(),
            Self::Session(_) => None,
        }
    }

    /// The roles that the token in hand tells of; a session keeps its token to itself.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        match self {
            Self::Rest(service) => service.roles(),
            Self::Session(_) => Vec::new(),
        }
    }

    /// What has been sent so far; of a session that is not known.
    #[must_use]
    pub fn traffic(&self) -> Option<&Traffic> {
        match self {
            Self::Rest(service) => Some(service.traffic()),
            Self::Session(_) => None,
        }
    }

    /// Security & Compliance beside it, as the operation of `host` asks it.
    #[must_use]
    pub fn compliance<'a>(&'a self, host: &'a Host) -> Compliance<'a> {
        Compliance::new(self, host)
    }

    /// The same, as the operation of `host` asks it.
    #[must_use]
    pub fn asked_by<'a>(&'a self, host: &'a Host) -> Exchange<'a> {
        Exchange { way: self, host, until: None }
    }
}

impl<'a> Exchange<'a> {
    /// The same, but no request is sent again after that moment of the connection's clock.
    #[must_use]
    pub fn until(self, moment: Option<OffsetDateTime>) -> Self {
        Self { until: moment, ..self }
    }

    /// Starts reading what a cmdlet returns.
    #[must_use]
    pub fn read(self, cmdlet: Cmdlet) -> Pages<'a> {
        match self.way {
            Way::Rest(service) => Pages::Rest(service.asked_by(self.host).until(self.until).read(cmdlet)),
            Way::Session(session) => Pages::Session { session, host: self.host, cmdlet: Some(cmdlet) },
        }
    }

    /// Reads all that a cmdlet returns.
    ///
    /// # Errors
    /// The first failure: what was read before it is not the whole answer.
    pub async fn read_all(self, cmdlet: Cmdlet) -> Result<Vec<Record>> {
        match self.way {
            Way::Rest(service) => service.asked_by(self.host).until(self.until).read_all(cmdlet).await,
            Way::Session(session) => session.read(cmdlet, self.host).await,
        }
    }

    /// Whether it is the session that the admin has opened, which runs one cmdlet after the other.
    #[must_use]
    pub fn is_session(self) -> bool {
        matches!(self.way, Way::Session(_))
    }

    /// Reads all that each of these cmdlets returns, in their order: over REST, up to ten of them with one request.
    pub async fn read_each(self, cmdlets: Vec<Cmdlet>) -> Vec<Result<Vec<Record>>> {
        match self.way {
            Way::Rest(service) => service.asked_by(self.host).until(self.until).read_each(cmdlets).await,
            Way::Session(session) => {
                let mut all = Vec::with_capacity(cmdlets.len());
                for cmdlet in cmdlets {
                    all.push(session.read(cmdlet, self.host).await);
                }
                all
            }
        }
    }

    /// For what is made of several requests and can only be tried again as a whole; requests of it that may be sent again
    /// by themselves have been. Nothing for a session, which tries again by itself.
    #[must_use]
    pub fn patience(self, cmdlet: &str) -> Option<Patience<'a>> {
        match self.way {
            Way::Rest(service) => Some(service.asked_by(self.host).until(self.until).patience(cmdlet)),
            Way::Session(_) => None,
        }
    }

    /// Microsoft Graph, asked by the same sign-in. A session keeps its token to itself, and a token that was given is for
    /// Exchange alone.
    ///
    /// # Errors
    /// [`Code::NoGraph`] where there is no way to it.
    pub fn graph(self) -> Result<Graph<'a>> {
        let none = |why: &str| Error::new(Code::NoGraph, format!("Microsoft Graph could not be asked: {why}."));
        match self.way {
            Way::Rest(service) if service.cloud().graph.is_none() => {
                Err(none("Exchange is at an address of your choice, and where Graph is was not said"))
            }
            Way::Rest(service) => service
                .asked_by(self.host)
                .graph()
                .map(Graph::new)
                .ok_or_else(|| none("the access token of this connection is for Exchange alone")),
            Way::Session(_) => Err(none("this connection goes through an Exchange session, which has no token for it")),
        }
    }

    /// Runs a cmdlet that changes something, once. Returns the service's id of the request and its warnings.
    ///
    /// # Errors
    /// Any failure, [ambiguous](super::is_ambiguous) ones included: nothing is repeated that may have been done.
    pub async fn change(self, cmdlet: Cmdlet) -> Result<Changed> {
        match self.way {
            Way::Rest(service) => service.asked_by(self.host).until(self.until).change(cmdlet).await,
            Way::Session(session) => session.change(cmdlet, self.host).await,
        }
    }
}

impl Pages<'_> {
    /// The next page, or nothing after the last.
    ///
    /// # Errors
    /// Any failure; the list is then incomplete and must not be taken for the whole.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>> {
        match self {
            Self::Rest(pages) => pages.next().await,
            Self::Session { session, host, cmdlet } => match cmdlet.take() {
                Some(cmdlet) => session.read(cmdlet, host).await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// Whether there is another page.
    #[must_use]
    pub fn has_more(&self) -> bool {
        match self {
            Self::Rest(pages) => pages.has_more(),
            Self::Session { cmdlet, .. } => cmdlet.is_some(),
        }
    }

    /// Whether it was begun again.
    #[must_use]
    pub fn is_second(&self) -> bool {
        match self {
            Self::Rest(pages) => pages.is_second(),
            Self::Session { .. } => false,
        }
    }

    /// Begins again with the first page where `error` says that the link to the next one has expired, once: what came
    /// before is of another reading, and must not be mixed with this one.
    ///
    /// # Errors
    /// `error` where that is no remedy.
    pub async fn begin_again(&mut self, error: Error) -> Result<()> {
        match self {
            Self::Rest(pages) => pages.begin_again(error).await,
            Self::Session { .. } => Err(error),
        }
    }
}
