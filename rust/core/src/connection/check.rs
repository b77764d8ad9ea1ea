//! `Test-RestrictedSenderConnection`: what of a connection works, step by step, and whether it may unblock. Nothing is
//! changed, and nothing is concluded from what could not be asked.

mod alert;

use super::Connection;
use crate::error::{Code, Error, Result};
use crate::exchange::{is_near, Cmdlet, Service, Way};
use crate::host::{Host, Row};
use crate::restriction::minute;

/// A step that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The organization of the connection.
    pub organization: String,
    /// What was checked.
    pub what: What,
    /// What came of it.
    pub result: CheckResult,
    /// How it is known, or what is wrong.
    pub detail: String,
    /// What to do about it.
    pub recommended_action: Option<&'static str>,
}

/// What is checked, in the order in which a request needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The endpoints' host names can be resolved.
    NameResolution,
    /// The endpoints answer, encrypted by somebody whom this machine trusts.
    Encryption,
    /// There is a token.
    Token,
    /// The lists of restricted senders and connectors can be read.
    ReadList,
    /// The account or app may unblock senders and connectors.
    Unblock,
    /// The alert policies that tell admins of a restriction can be read, at Security & Compliance.
    AlertPolicies,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    /// It works.
    Passed,
    /// It does not.
    Failed,
    /// It does not, and nothing that the connection is made for needs it.
    Warning,
    /// It could not be told.
    Unknown,
    /// This connection does not need it.
    NotApplicable,
}

impl What {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NameResolution => "NameResolution",
            Self::Encryption => "Encryption",
            Self::Token => "Token",
            Self::ReadList => "ReadList",
            Self::Unblock => "Unblock",
            Self::AlertPolicies => "AlertPolicies",
        }
    }
}

impl CheckResult {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::Warning => "Warning",
            Self::Unknown => "Unknown",
            Self::NotApplicable => "NotApplicable",
        }
    }
}

const READS: [&str; 2] = ["Get-BlockedSenderAddress", "Get-BlockedConnector"];
const UNBLOCKS: [&str; 2] = ["Remove-BlockedSenderAddress", "Remove-BlockedConnector"];

/// The role groups that may unblock (Microsoft Learn, "Remove blocked users from the Restricted entities page":
/// permissions).
const ROLES: &str = "Unblocking takes membership in the role group Organization Management or Security Administrator; \
                     an app takes the directory role Exchange Administrator.";

/// Checks a connection, one row for each step. What fails is a row, too: the steps after it tell more.
///
/// # Errors
/// When the caller has gone.
pub async fn check(connection: &Connection, host: &Host) -> Result<()> {
    let tell = |what, (result, detail, error): Told| {
        let recommended_action = error.map(Code::recommended_action);
        let organization = connection.organization().to_owned();
        host.row(Row::Check(Check { organization, what, result, detail, recommended_action }))
    };
    match &connection.way {
        Way::Rest(service) => {
            tell(What::NameResolution, resolved(&service.endpoints(), host).await?).await?;
            tell(What::Encryption, answered(service, host).await).await?;
            tell(What::Token, token(service, host).await).await?;
        }
        Way::Session(_) => {
            for what in [What::NameResolution, What::Encryption, What::Token] {
                let detail = "The Exchange session sees to it by itself.".to_owned();
                tell(what, (CheckResult::NotApplicable, detail, None)).await?;
            }
        }
    }
    tell(What::ReadList, read(connection, host).await?).await?;
    tell(What::Unblock, may_unblock(connection, host).await?).await?;
    tell(What::AlertPolicies, alert_policies(connection, host).await?).await
}

/// The result, what to say of it, and the error that it comes from.
type Told = (CheckResult, String, Option<Code>);

fn passed(detail: String) -> Told {
    (CheckResult::Passed, detail, None)
}

fn failed(error: &Error) -> Told {
    (CheckResult::Failed, error.message.clone(), Some(error.code()))
}

async fn resolved(endpoints: &[String], host: &Host) -> Result<Told> {
    let mut found = Vec::new();
    for endpoint in endpoints {
        if !is_near(endpoint) && host.proxy_for(endpoint).await?.is_some() {
            found.push(format!("{endpoint}: the proxy resolves it"));
            continue;
        }
        match addresses(endpoint).await {
            Ok(addresses) => found.push(format!("{endpoint}: {addresses}")),
            Err(error) => return Ok(failed(&error)),
        }
    }
    Ok(passed(found.join("; ")))
}

/// What an endpoint's name resolves to.
async fn addresses(endpoint: &str) -> Result<String> {
    let unknown = || Error::new(Code::HostNotFound, format!("The host name of {endpoint} could not be resolved."));
    let url = url::Url::parse(endpoint).map_err(|error| unknown().caused_by(&error))?;
    let (name, port) = url.host_str().zip(url.port_or_known_default()).ok_or_else(unknown)?;
    // A literal IPv6 address stands in brackets.
    let name = name.trim_matches(['[', ']']);
    let found = tokio::net::lookup_host((name, port)).await.map_err(|error| unknown().caused_by(&error))?;
    let addresses: Vec<_> = found.map(|address| address.ip().to_string()).collect();
    if addresses.is_empty() {
        return Err(unknown());
    }
    Ok(addresses.join(", "))
}

async fn answered(service: &Service, host: &Host) -> Told {
    let endpoints = service.endpoints();
    let mut answers = Vec::new();
    for endpoint in &endpoints {
        match service.asked_by(host).knock(endpoint).await {
            Ok(status) => answers.push(format!("{endpoint} answers (HTTP {status})")),
            Err(error) => return failed(&error),
        }
    }
    let detail = answers.join("; ");
    if endpoints.iter().all(|endpoint| endpoint.starts_with("http://")) {
        return (CheckResult::NotApplicable, format!("{detail}; on this machine, without encryption"), None);
    }
    passed(detail)
}

async fn token(service: &Service, host: &Host) -> Told {
    match service.tenant_id(host).await {
        Ok(_) => {
            let expires = service.token_expires().and_then(minute);
            let there = expires.map_or_else(|| "There is one.".to_owned(), |at| format!("There is one until {at}."));
            let roles = service.roles();
            let told = if roles.is_empty() {
                "It tells of no role.".to_owned()
            } else {
                format!("Roles: {}.", roles.join(", "))
            };
            passed(format!("{there} {told}"))
        }
        Err(error) => failed(&error),
    }
}

async fn read(connection: &Connection, host: &Host) -> Result<Told> {
    let mut counts = Vec::new();
    for cmdlet in READS {
        match connection.exchange(host).read(Cmdlet::new(cmdlet)).next().await {
            Ok(page) => counts.push(format!("{cmdlet}: {} on the first page", page.unwrap_or_default().len())),
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => return Ok(failed(&error)),
        }
    }
    Ok(passed(counts.join("; ")))
}

async fn may_unblock(connection: &Connection, host: &Host) -> Result<Told> {
    let exported = match &connection.way {
        Way::Rest(service) => service.asked_by(host).exported(&UNBLOCKS).await,
        Way::Session(session) => session.exported(&UNBLOCKS, host).await,
    };
    let exported = match exported {
        Ok(exported) => exported,
        Err(error) if error.code() == Code::Cancelled => return Err(error),
        Err(error) => return Ok((CheckResult::Unknown, format!("{error} {ROLES}"), Some(error.code()))),
    };
    let may = |cmdlet: &&str| exported.iter().any(|name| name.eq_ignore_ascii_case(cmdlet));
    let missing: Vec<_> = UNBLOCKS.iter().copied().filter(|cmdlet| !may(cmdlet)).collect();
    if missing.is_empty() {
        return Ok(passed(format!("The service offers {}.", UNBLOCKS.join(" and "))));
    }
    let detail = format!("The service does not offer {} here. {ROLES}", missing.join(" and "));
    Ok((CheckResult::Failed, detail, Some(Code::NoRole)))
}

async fn alert_policies(connection: &Connection, host: &Host) -> Result<Told> {
    match connection.compliance(host).read_all(Cmdlet::new("Get-ProtectionAlert")).await {
        Ok(records) => Ok(alert::told(records)),
        Err(error) if error.code() == Code::Cancelled => Err(error),
        // Why there is no way to it says what would be one.
        Err(error) if error.code() == Code::NotConnected => Ok((CheckResult::Warning, error.message.clone(), None)),
        Err(error) => Ok((CheckResult::Warning, error.message.clone(), Some(error.code()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_an_error() {
        assert_eq!(addresses("https://a..b").await.unwrap_err().code(), Code::HostNotFound);
        assert_eq!(addresses("https://127.0.0.1:8443").await.unwrap(), "127.0.0.1");
        assert_eq!(addresses("https://[::1]").await.unwrap(), "::1");
    }
}
