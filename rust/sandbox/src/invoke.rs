//! `InvokeCommand`: who may call, what is called, and the envelope of the answer.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use crate::admin::{forbidden, Request};
use crate::clixml::{self, Level};
use crate::cmdlets::{Cmdlet, Invocation, Output, Rows};
use crate::paging;
use crate::parameter::Arguments;
use crate::refusal::Refusal;
use crate::reply::{self, Reply};
use crate::role::Caller;
use crate::row::Row;
use crate::settings::{EmptyValue, Settings};
use crate::tenant::Tenant;

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

impl CmdletInput {
    /// The sender or connector that the call is about; of a rule, the one whose mailbox it is in.
    pub(crate) fn about(&self) -> Option<&str> {
        ["SenderAddress", "ConnectorId", "Mailbox", "Identity"].into_iter().find_map(|wanted| {
            let mut named = self.parameters.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            named.find_map(|(_, value)| value.as_str())
        })
    }
}

/// Reads a body.
pub(crate) fn parse(body: &[u8]) -> Asked {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// Answers a request, headers and all.
pub(crate) fn answer(tenant: &Tenant, request: &Request<'_>, asked: &Asked) -> Reply {
    request.dress(match request.sign_in_to_post(tenant) {
        Ok(caller) => call(tenant, request, caller, asked, Cmdlet::named),
        Err(reply) => *reply,
    })
}

/// Runs what is asked for; `named` finds a cmdlet by its name, where the organization has it.
pub(crate) fn call(
    tenant: &Tenant,
    request: &Request<'_>,
    caller: Caller,
    asked: &Asked,
    named: fn(&str, &Settings) -> Option<&'static Cmdlet>,
) -> Reply {
    let input = match asked {
        Ok(call) => &call.input,
        Err(why) => return Refusal::bad_body(why).reply(),
    };
    // A cmdlet nobody has ever heard of and one the caller has no role for look the same.
    let settings = *tenant.settings();
    let known = named(&input.name, &settings)
        .filter(|cmdlet| caller.access.may_run(cmdlet.name) && tenant.permissions().allow(cmdlet.name));
    let Some(cmdlet) = known else { return forbidden() };
    let answer = cmdlet.bind(&input.parameters).and_then(|arguments| {
        let place = Place::find(tenant, request, cmdlet, &arguments)?;
        let invocation = Invocation { arguments: &arguments, caller: caller.app, after: place.after };
        Ok((cmdlet.run(tenant, &invocation)?, arguments, place))
    });
    match answer {
        Ok((Output::Rows(rows), arguments, place)) => page(tenant, request, cmdlet, rows, &arguments, &place),
        Ok((Output::Warning(warning), ..)) => envelope(tenant, request, vec![warning], Vec::new(), None),
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

/// The rows that the request is to get of all there are.
fn page(
    tenant: &Tenant,
    request: &Request<'_>,
    cmdlet: &Cmdlet,
    rows: Rows,
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

    let mut rest = rows.take(most).filter(|(number, _)| *number > place.after);
    let mut shown: Vec<(u64, Row)> = rest.by_ref().take(page).collect();
    let last = shown.last().map(|(number, _)| *number);
    if let Some(names) = &selected {
        shown.iter_mut().for_each(|(_, row)| row.select(names));
    }
    let form = Form::of(request);
    let values = shown.into_iter().map(|(_, row)| form.write(row, cmdlet)).collect();
    let next_page = match (last, rest.next()) {
        (Some(last), Some(_)) => Some(tenant.pager.token(&place.question, last, tenant.now())),
        _ => None,
    };
    envelope(tenant, request, Vec::new(), values, next_page)
}

/// How the client wants rows (`X-ResponseFormat`).
enum Form {
    Json,
    Clixml(Level),
}

impl Form {
    fn of(request: &Request<'_>) -> Self {
        let format = reply::header(request.headers, "x-responseformat").unwrap_or_default();
        if format.trim().eq_ignore_ascii_case("clixml") {
            Self::Clixml(Level::from_header(reply::header(request.headers, "x-serializationlevel")))
        } else {
            Self::Json
        }
    }

    fn write(&self, row: Row, cmdlet: &Cmdlet) -> Written {
        match self {
            Self::Json => Written::Json(row),
            Self::Clixml(level) => Written::Clixml { document: clixml::document(&row, cmdlet.output_type, *level) },
        }
    }
}

/// A row as it stands in `value`.
#[derive(Serialize)]
#[serde(untagged)]
enum Written {
    Json(Row),
    Clixml {
        #[serde(rename = "_clixml")]
        document: String,
    },
}

fn envelope(
    tenant: &Tenant,
    request: &Request<'_>,
    warnings: Vec<String>,
    values: Vec<Written>,
    next_page: Option<String>,
) -> Reply {
    let command = format!("{}/adminapi/beta/{}", request.base, tenant.id);
    let next_link = next_page.map(|token| format!("{command}/InvokeCommand?{}", next_query(request.query, &token)));
    let context = format!("{command}/$metadata#Collection(Exchange.GenericHashTable)");
    let value = match tenant.settings().empty_value {
        EmptyValue::Missing if values.is_empty() => None,
        EmptyValue::Null if values.is_empty() => Some(None),
        _ => Some(Some(values)),
    };
    let envelope = Envelope { context, next_link, warnings_type: "#Collection(String)", warnings, value };
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
    warnings: Vec<String>,
    /// Left out, `null`, or rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Option<Vec<Written>>>,
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
