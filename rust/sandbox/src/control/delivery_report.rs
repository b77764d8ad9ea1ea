//! Delivery reports, as their readers find them in their mailboxes.

use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::StatusCode;
use serde_json::json;
use url::form_urlencoded;

use super::{bad, Refused};
use crate::delivery_report::Template;
use crate::reply::{self, Reply};
use crate::row::wire_time;
use crate::tenant::Tenant;

/// `GET /sandbox/delivery-reports`
pub(super) fn list(tenant: &Tenant) -> Reply {
    let reports = tenant.reports();
    let told = reports.all().map(|report| {
        json!({
            "number": report.number,
            "time": wire_time(report.at),
            "to": report.to,
            "recipients": report.recipients,
            "status": report.refused.status,
            "diagnostic": report.refused.diagnostic(),
        })
    });
    reply::json(StatusCode::OK, &told.collect::<Vec<_>>())
}

/// `GET /sandbox/delivery-reports/{number}[?template=more-info]`: the message itself.
pub(super) fn show(tenant: &Tenant, number: &str, query: &str) -> Result<Reply, Refused> {
    let wanted = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "template");
    let template = match &wanted {
        None => Template::default(),
        Some((_, name)) => Template::named(name)
            .ok_or_else(|| bad(format!("there is no template '{name}'; give failed or more-info")))?,
    };
    let report = number.parse().ok().and_then(|number| tenant.reports().find(number));
    let report = report.ok_or_else(|| {
        (StatusCode::NOT_FOUND, format!("there is no report {number}; GET /sandbox/delivery-reports shows them"))
    })?;
    let mut reply = reply::empty(StatusCode::OK).map(|_| report.write(template).into());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("message/rfc822"));
    Ok(reply)
}
