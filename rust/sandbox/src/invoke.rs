//! `InvokeCommand`: who may call, what is called, and the envelope of the answer.

use hyper::header::{HeaderName, ALLOW, WWW_AUTHENTICATE};
use hyper::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use url::form_urlencoded;
use uuid::Uuid;

use crate::cmdlets::{Arguments, Cmdlet, Output};
use crate::paging;
use crate::refusal::Refusal;
use crate::reply::{self, Reply};
use crate::row::Row;
use crate::tenant::Tenant;
use crate::token::{Access, NotAccepted};

/// How many NUL bytes the service answers instead of a reason when somebody may not call something.
const NUL_BYTES: usize = 512;

/// The query option that carries a page token.
const SKIP_TOKEN: &str = "$skiptoken";

/// What a request body asks for; `Err` says what is wrong with it.
pub(crate) type Asked = Result<Call, String>;

/// A cmdlet call as it stands in the body.
#[derive(Debug, Deserialize)]
pub(crate) struct Call {
    #[serde(rename = "CmdletInput")]
    pub(crate) input: CmdletInput,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CmdletInput {
    #[serde(rename = "CmdletName")]
    pub(crate) name: String,
    #[serde(rename = "Parameters")]
    pub(crate) parameters: Map<String, Json>,
}

/// An `InvokeCommand` request, beside its body.
pub(crate) struct Request<'a> {
    /// Scheme, host and port the client used, without a trailing slash.
    pub(crate) base: &'a str,
    pub(crate) version: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) query: &'a str,
    pub(crate) is_post: bool,
    pub(crate) headers: &'a HeaderMap,
}

/// Reads a body.
pub(crate) fn parse(body: &[u8]) -> Asked {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// Answers a request, headers and all.
pub(crate) fn answer(tenant: &Tenant, request: &Request<'_>, asked: &Asked) -> Reply {
    let mut reply = turn_away(tenant, request).unwrap_or_else(|| call(tenant, request, asked));
    reply::set(&mut reply, HeaderName::from_static("request-id"), &Uuid::new_v4().to_string());
    reply::set(&mut reply, HeaderName::from_static("x-calculatedbetarget"), "mailbox01.contoso.onmicrosoft.com");
    reply
}

/// The reply to a request that does not get as far as its cmdlet.
fn turn_away(tenant: &Tenant, request: &Request<'_>) -> Option<Reply> {
    if !request.version.eq_ignore_ascii_case("beta") || !request.is_post {
        let mut reply = reply::empty(StatusCode::METHOD_NOT_ALLOWED);
        reply::set(&mut reply, ALLOW, "POST");
        return Some(reply);
    }
    let token = reply::header(request.headers, "authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = token else { return Some(unauthorized(request.base, "")) };
    let accepted = tenant.tokens().check(token, &tenant.resources, tenant.now());
    match accepted {
        Err(NotAccepted::Unknown) => Some(unauthorized(request.base, ", error=\"invalid_token\"")),
        Err(NotAccepted::Expired) => {
            let error = ", error=\"invalid_token\", error_description=\"The access token has expired.\"";
            Some(unauthorized(request.base, error))
        }
        Err(NotAccepted::NoGrant) => Some(unauthorized(request.base, "")),
        Ok(Access::NoDirectoryRole) => Some(forbidden()),
        // A token of this tenant says nothing in another one.
        Ok(Access::Full) if !tenant.is_called(request.tenant) => Some(forbidden()),
        Ok(Access::Full) if !reply::is_type(request.headers, "application/json") => {
            Some(reply::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE))
        }
        Ok(Access::Full) => None,
    }
}

fn unauthorized(base: &str, error: &str) -> Reply {
    let mut reply = reply::empty(StatusCode::UNAUTHORIZED);
    let challenge = format!("Bearer realm=\"\", authorization_uri=\"{base}/common/oauth2/authorize\"{error}");
    reply::set(&mut reply, WWW_AUTHENTICATE, &challenge);
    reply
}

fn forbidden() -> Reply {
    let mut reply = Reply::new(vec![0; NUL_BYTES].into());
    *reply.status_mut() = StatusCode::FORBIDDEN;
    reply
}

fn call(tenant: &Tenant, request: &Request<'_>, asked: &Asked) -> Reply {
    let input = match asked {
        Ok(call) => &call.input,
        Err(why) => return Refusal::bad_body(why).reply(),
    };
    // A cmdlet nobody has ever heard of and one the caller has no role for look the same.
    let Some(cmdlet) = Cmdlet::named(&input.name) else { return forbidden() };
    let answer = cmdlet.bind(&input.parameters).and_then(|arguments| {
        let place = Place::find(tenant, request, cmdlet, &arguments)?;
        Ok((cmdlet.run(tenant, &arguments)?, arguments, place))
    });
    match answer {
        Ok((Output::Rows(rows), arguments, place)) => envelope(tenant, request, rows, &arguments, &place),
        Ok((Output::Silence, ..)) => reply::empty(StatusCode::NO_CONTENT),
        Err(refusal) => refusal.reply(),
    }
}

/// Where in the answer the requested page begins.
struct Place {
    question: String,
    after: u64,
}

impl Place {
    fn find(tenant: &Tenant, request: &Request<'_>, cmdlet: &Cmdlet, arguments: &Arguments) -> Result<Self, Refusal> {
        let question = format!("{} {}", cmdlet.name, arguments.fingerprint());
        let after = match query_option(request.query, SKIP_TOKEN) {
            None => 0,
            Some(token) => tenant.pager.after(&token, &question, tenant.now()).ok_or_else(Refusal::bad_page)?,
        };
        Ok(Self { question, after })
    }
}

fn envelope(
    tenant: &Tenant,
    request: &Request<'_>,
    rows: Vec<(u64, Row)>,
    arguments: &Arguments,
    place: &Place,
) -> Reply {
    let result_size = arguments.text("ResultSize").unwrap_or_default();
    let most = result_size.parse().unwrap_or(usize::MAX);
    let page = if result_size.eq_ignore_ascii_case("unlimited") {
        usize::MAX
    } else {
        paging::page_size(reply::header(request.headers, "prefer"))
    };
    let selected: Option<Vec<String>> =
        query_option(request.query, "$select").map(|names| names.split(',').map(|name| name.trim().into()).collect());

    let mut rest = rows.into_iter().take(most).filter(|(number, _)| *number > place.after);
    let mut shown: Vec<(u64, Row)> = rest.by_ref().take(page).collect();
    let last = shown.last().map(|(number, _)| *number);
    if let Some(names) = &selected {
        shown.iter_mut().for_each(|(_, row)| row.select(names));
    }
    let values: Vec<Row> = shown.into_iter().map(|(_, row)| row).collect();

    let command = format!("{}/adminapi/beta/{}", request.base, tenant.id);
    let next_link = match (last, rest.next()) {
        (Some(last), Some(_)) => {
            let token = tenant.pager.token(&place.question, last, tenant.now());
            Some(format!("{command}/InvokeCommand?{}", next_query(request.query, &token)))
        }
        _ => None,
    };
    let context = format!("{command}/$metadata#Collection(Exchange.GenericHashTable)");
    let envelope = Envelope { context, next_link, warnings_type: "#Collection(String)", warnings: [], value: values };
    reply::json(StatusCode::OK, &envelope)
}

/// The answer to a call that went well, members in the order the service writes them.
#[derive(Serialize)]
struct Envelope {
    #[serde(rename = "@odata.context")]
    context: String,
    #[serde(rename = "@odata.nextLink", skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
    #[serde(rename = "adminapi.warnings@odata.type")]
    warnings_type: &'static str,
    #[serde(rename = "@adminapi.warnings")]
    warnings: [&'static str; 0],
    value: Vec<Row>,
}

/// The value of a query option, its name compared without case.
fn query_option(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.into_owned())
}

/// The query of the next page: the options of this one with another page token.
fn next_query(query: &str, token: &str) -> String {
    let others = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| !key.eq_ignore_ascii_case(SKIP_TOKEN));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(others).append_pair(SKIP_TOKEN, token).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        assert!(parse(br#"{"CmdletInput":{"CmdletName":"Get-X","Parameters":{}}}"#).is_ok());
        assert!(parse(br#"{"CmdletInput":{"CmdletName":"Get-X","Parameters":{},"More":1},"More":[]}"#).is_ok());
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"cmdletInput":{"CmdletName":"Get-X","Parameters":{}}}"#,
            r#"{"CmdletInput":{"cmdletname":"Get-X","Parameters":{}}}"#,
            r#"{"CmdletInput":{"CmdletName":"Get-X","parameters":{}}}"#,
            r#"{"CmdletInput":{"CmdletName":"Get-X","Parameters":null}}"#,
            r#"{"CmdletInput":{"CmdletName":"Get-X"}}"#,
            r#"{"CmdletInput":{"CmdletName":7,"Parameters":{}}}"#,
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        assert!(parse("[".repeat(500_000).as_bytes()).is_err());
    }

    #[test]
    fn the_next_query_keeps_the_others() {
        assert_eq!(next_query("$select=A%2CB&$SkipToken=old&x", "new"), "%24select=A%2CB&x=&%24skiptoken=new");
        assert_eq!(query_option("a=1&%24Select=A%2CB", "$select").as_deref(), Some("A,B"));
    }
}
