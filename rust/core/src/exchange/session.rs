//! The admin's own Exchange session: the cmdlets that `Connect-ExchangeOnline` put into their PowerShell. The host runs
//! them there; no token of that session ever comes here.

use super::cloud::Cloud;
use super::cmdlet::{Changed, Cmdlet};
use super::fault;
use super::reply::exception_in;
use super::value::{Record, Value};
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// The session of one organization.
#[derive(Debug)]
pub struct Session {
    cloud: Cloud,
    organization: String,
    tenant_id: Option<String>,
}

/// A cmdlet that the host is asked to run, never with `-ErrorAction`: the live service is said to answer that with an
/// empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its name without the session's prefix.
    pub cmdlet: &'static str,
    /// Its parameters.
    pub parameters: Vec<(String, Argument)>,
    /// Whether it is only to be seen whether the session has it.
    pub only_look: bool,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Several texts.
    Texts(Vec<String>),
    /// A switch, or another truth value.
    Truth(bool),
    /// `$null`, which takes a value away.
    Nothing,
}

/// What came of a [`Run`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ran {
    /// The objects, as names and values.
    pub rows: Vec<Vec<(String, Value)>>,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// The texts of its errors, terminating or not: with any of them, the objects are not the whole answer.
    pub errors: Vec<String>,
    /// The ids of these errors, in the same order.
    pub error_ids: Vec<String>,
    /// Whether the session has no such cmdlet.
    pub is_missing: bool,
    /// Whether the session that the connection was made with is there no more.
    pub has_ended: bool,
}

impl Session {
    /// The session of `organization`.
    #[must_use]
    pub fn new(cloud: Cloud, organization: String, tenant_id: Option<String>) -> Self {
        Self { cloud, organization, tenant_id }
    }

    /// The cloud that the organization is in.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The organization's id, where the session tells it.
    #[must_use]
    pub fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    /// Reads all that a cmdlet returns.
    ///
    /// # Errors
    /// [`Code::NoRole`] where the session has no such cmdlet, [`Code::NotConnected`] where the session has ended, and
    /// whatever the cmdlet says.
    pub async fn read(&self, cmdlet: Cmdlet, host: &Host) -> Result<Vec<Record>> {
        let name = cmdlet.name;
        let ran = self.run(cmdlet, host).await?;
        self.must_be_whole(name, &ran, Code::CmdletFailed)?;
        for warning in ran.warnings {
            host.warn(warning).await?;
        }
        Ok(ran.rows.into_iter().map(Record::of).collect())
    }

    /// Runs a cmdlet that changes something, once.
    ///
    /// # Errors
    /// As [`read`](Self::read). What is not the service's own refusal is [ambiguous](super::is_ambiguous): the session
    /// may have failed after the service had acted.
    pub async fn change(&self, cmdlet: Cmdlet, host: &Host) -> Result<Changed> {
        let name = cmdlet.name;
        let ran = self.run(cmdlet, host).await?;
        self.must_be_whole(name, &ran, Code::ConnectionLost)?;
        Ok(Changed { request_id: None, warnings: ran.warnings })
    }

    /// Which of these cmdlets the session has: those that the roles of its account may run.
    ///
    /// # Errors
    /// [`Code::NotConnected`] where the session has ended.
    pub async fn exported(&self, cmdlets: &[&'static str], host: &Host) -> Result<Vec<String>> {
        let mut exported = Vec::new();
        for cmdlet in cmdlets.iter().copied() {
            let ran = host.run(Run { cmdlet, parameters: Vec::new(), only_look: true }).await?;
            if !ran.is_missing {
                self.must_be_whole(cmdlet, &ran, Code::CmdletFailed)?;
                exported.push(cmdlet.to_owned());
            }
        }
        Ok(exported)
    }

    async fn run(&self, cmdlet: Cmdlet, host: &Host) -> Result<Ran> {
        let name = cmdlet.name;
        let parameters = cmdlet.parameters.into_iter().map(|(name, value)| (name, Argument::of(value))).collect();
        let ran = host
            .run(Run { cmdlet: name, parameters, only_look: false })
            .await
            .map_err(|error| error.about(&self.organization))?;
        let (rows, errors) = (ran.rows.len(), ran.errors.len());
        host.detail(format!(
            "{name} in the Exchange session of {}: {rows} objects, {errors} errors.",
            self.organization
        ))
        .await?;
        Ok(ran)
    }

    /// `otherwise` is what an error means that does not come from the service.
    fn must_be_whole(&self, cmdlet: &str, ran: &Ran, otherwise: Code) -> Result<()> {
        let organization = &self.organization;
        if ran.has_ended {
            let message = format!(
                "The Exchange session of {organization} that this connection was made with has ended. Nothing was asked \
                 of any other."
            );
            return Err(Error::new(Code::NotConnected, message).about(organization));
        }
        if ran.is_missing {
            let message = format!(
                "The Exchange session of {organization} has no {cmdlet}: no role of the account that it belongs to may \
                 run it."
            );
            return Err(Error::new(Code::NoRole, message).about(organization));
        }
        if ran.errors.is_empty() {
            return Ok(());
        }
        let (said, kind) = said(&ran.errors[0], ran.error_ids.first().map_or("", String::as_str));
        let code = match kind {
            Some(kind) => fault::of_exception(kind),
            None => otherwise,
        };
        let message = format!("{cmdlet} failed in the Exchange session of {organization}. It says: {}", said.trim());
        Err(Error::new(code, message).with(|details| {
            details.exception_type = kind.map(str::to_owned);
            details.causes = ran.errors[1..].to_vec();
        }))
    }
}

/// What an error of a session says, and the type of the service's exception where it is one: the module of today writes
/// `Id|Type|Message`, and sessions over remoting put `FailureCategory=Cmdlet-Type` into the id.
fn said<'a>(text: &'a str, id: &'a str) -> (&'a str, Option<&'a str>) {
    if let Some((kind, message)) = exception_in(text).filter(|(kind, _)| kind.ends_with("Exception")) {
        return (message, Some(kind));
    }
    let category = id.split_once("FailureCategory=").map(|(_, rest)| rest);
    let kind = category.map(|rest| rest.split([']', ',']).next().unwrap_or(rest));
    (text, kind.map(|kind| kind.trim_start_matches("Cmdlet-")))
}

impl Argument {
    fn of(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(values) => Self::Texts(
                values
                    .into_iter()
                    .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                    .collect(),
            ),
            serde_json::Value::Null => Self::Nothing,
            serde_json::Value::Bool(on) => Self::Truth(on),
            other => other.as_i64().map_or_else(|| Self::Text(other.to_string()), Self::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(Cloud::named(None).unwrap(), "contoso.onmicrosoft.com".into(), None)
    }

    fn failed(text: &str, id: &str) -> Error {
        let ran = Ran { errors: vec![text.into()], error_ids: vec![id.into()], ..Ran::default() };
        session().must_be_whole("Remove-BlockedSenderAddress", &ran, Code::ConnectionLost).unwrap_err()
    }

    #[test]
    fn errors_of_the_service_are_told_from_those_of_the_session() {
        let gone = failed(
            "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|'x' isn't there | gone.",
            "",
        );
        assert!(fault::is_not_found(&gone) && gone.message.ends_with("It says: 'x' isn't there | gone."), "{gone}");
        let remote = failed(
            "The object couldn't be found.",
            "[Server=A,RequestId=1,TimeStamp=2] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 12AB,Remove",
        );
        assert!(fault::is_not_found(&remote), "{remote:?}");
        let busy = failed("a|Microsoft.Exchange.Data.ServerBusyException|Later.", "");
        assert_eq!(busy.code(), Code::ServiceUnavailable);
        let lost = failed("The response ended prematurely.", "System.Net.Http.HttpRequestException");
        assert!(fault::is_ambiguous(&lost), "nobody knows whether the service has acted");
        let piped = failed("a|b|c", "");
        assert_eq!((piped.code(), piped.exception_type.as_deref()), (Code::ConnectionLost, None));
    }

    #[test]
    fn rows_beside_an_error_are_not_the_answer() {
        let rows = vec![vec![("SenderAddress".to_owned(), Value::Text("a@contoso.com".into()))]];
        for ran in [
            Ran { rows: rows.clone(), errors: vec!["x".into()], ..Ran::default() },
            Ran { rows: rows.clone(), is_missing: true, ..Ran::default() },
            Ran { rows, has_ended: true, ..Ran::default() },
        ] {
            assert!(session().must_be_whole("Get-BlockedSenderAddress", &ran, Code::CmdletFailed).is_err(), "{ran:?}");
        }
    }
}
