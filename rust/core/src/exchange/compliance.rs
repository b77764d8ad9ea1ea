//! Security & Compliance of an organization: an endpoint beside that of Exchange, with cmdlets of its own. It knows the
//! alert policies.

use super::cmdlet::Cmdlet;
use super::value::Record;
use super::way::Way;
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// Security & Compliance, as one operation asks it.
#[derive(Debug, Clone, Copy)]
pub struct Compliance<'a> {
    way: &'a Way,
    host: &'a Host,
}

impl<'a> Compliance<'a> {
    pub(super) fn new(way: &'a Way, host: &'a Host) -> Self {
        Self { way, host }
    }

    /// Reads all that a cmdlet returns.
    ///
    /// # Errors
    /// [`Code::NotConnected`] where this connection has no way to it, saying why and what would have; and the first
    /// failure: what was read before it is not the whole answer.
    pub async fn read_all(self, cmdlet: Cmdlet) -> Result<Vec<Record>> {
        let name = cmdlet.name;
        let none = |why: &str| Error::new(Code::NotConnected, format!("{name} could not be asked for: {why}."));
        match self.way {
            Way::Rest(service) => {
                let rest = service.asked_by(self.host).compliance().await?;
                let rest = rest.ok_or_else(|| match &service.cloud().compliance {
                    Some(_) => none("the access token of this connection is for Exchange alone"),
                    None => none(
                        "Exchange is at an address of your choice, and where Security & Compliance is was not said \
                         (-ComplianceUri)",
                    ),
                })?;
                rest.read_all(cmdlet).await
            }
            Way::Session(session) => session.read(cmdlet, self.host).await.map_err(|error| match error.code() {
                Code::NoRole => none(
                    "it is not among the cmdlets of this Exchange session. Security & Compliance has a session of its \
                     own (Connect-IPPSSession), which is not used from here: connect by an app or yourself instead",
                ),
                _ => error,
            }),
        }
    }
}
