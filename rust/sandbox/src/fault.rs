//! Misbehaviour on order, so that a client's answers to a bad day can be tried: refusals, lost replies, broken bodies.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::reply::{self, Reply};

/// How many orders can wait at once.
const MOST_ORDERS: usize = 1000;

/// What goes wrong.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Fault {
    /// This reply instead of doing what was asked.
    Status {
        status: u16,
        #[serde(default)]
        body: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// The connection closes without a reply and nothing is done.
    Drop,
    /// What was asked is done, then the connection closes without a reply.
    LoseReply,
    /// As `Drop`, with a reset instead of an orderly end.
    Reset,
    /// What was asked is done, but only half of the reply's body comes.
    Truncate,
    /// What was asked is done; half of the reply's body comes as if it were all.
    CutShort,
    /// Instead of doing what was asked, a body of this many bytes.
    Oversize { bytes: u64 },
    /// Instead of doing what was asked, a page of HTML that claims to be JSON.
    NotJson,
    /// No reply ever, and nothing is done.
    Hang,
    /// What was asked is done; the reply says it is compressed, and is not.
    GzipLabel,
    /// What was asked is done; the reply's body comes byte by byte, with a pause before each. Real time.
    #[serde(rename_all = "camelCase")]
    Drip { pause_milliseconds: u64 },
    /// What was asked is done; the reply comes that much later. Real time.
    Delay { milliseconds: u64 },
}

/// The header by which a request orders what goes wrong with itself: a fault as JSON. For tests that run beside each
/// other on one tenant.
pub(crate) const HEADER: &str = "x-sandbox-fault";

impl Fault {
    /// What a request orders for itself; `Err` says what is wrong with that.
    pub(crate) fn of_request(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let Some(value) = headers.get(HEADER) else { return Ok(None) };
        let fault: Self = serde_json::from_slice(value.as_bytes())
            .map_err(|error| format!("{HEADER}: {error}; send a fault such as {{\"kind\": \"drop\"}}"))?;
        fault.check().map_err(|error| format!("{HEADER}: {error}"))?;
        Ok(Some(fault))
    }

    fn check(&self) -> Result<(), String> {
        let Self::Status { status, headers, .. } = self else { return Ok(()) };
        check_status(*status)?;
        headers.iter().try_for_each(|(name, value)| check_header(name, value))
    }
}

/// Which requests a fault is for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// A cmdlet's name, `token`, `devicecode`, `authorize`, `managed-identity`, `openid-configuration`, `$batch`,
    /// `EXOModuleFile`, `EXOBanner`, `graph` or one of its parts, or `*` for everything; compared without case.
    #[serde(rename = "match")]
    pattern: String,
    /// The sender or the connector that a call is about; without either it may be about any. Compared without case.
    #[serde(default, rename = "senderAddress")]
    sender_address: Option<String>,
    #[serde(default, rename = "connectorId")]
    connector_id: Option<String>,
    /// How many matching requests go wrong.
    #[serde(default = "once")]
    times: u32,
    /// How many matching requests go well before that.
    #[serde(default)]
    skip: u32,
    fault: Fault,
}

impl Order {
    /// The next call of a cmdlet about a sender does what was asked, and its reply gets lost.
    pub(crate) fn lost_reply(cmdlet: &str, sender_address: &str) -> Self {
        Self {
            pattern: cmdlet.to_owned(),
            sender_address: Some(sender_address.to_owned()),
            connector_id: None,
            times: once(),
            skip: 0,
            fault: Fault::LoseReply,
        }
    }

    fn is_for(&self, name: &str, about: Option<&str>) -> bool {
        let wanted = self.sender_address.iter().chain(&self.connector_id);
        let pattern = self.pattern.as_str();
        // `graph` is all of it, `graph/users` a part.
        let is_part = || name.split_once('/').is_some_and(|(whole, _)| pattern.eq_ignore_ascii_case(whole));
        (pattern == "*" || pattern.eq_ignore_ascii_case(name) || is_part())
            && wanted.into_iter().all(|wanted| about.is_some_and(|about| about.eq_ignore_ascii_case(wanted)))
    }
}

fn once() -> u32 {
    1
}

/// The orders that wait, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<Order>);

impl Faults {
    /// Takes an order; `Err` says what is wrong with it.
    pub(crate) fn order(&mut self, order: Order) -> Result<(), String> {
        if self.0.len() >= MOST_ORDERS {
            return Err(format!("{MOST_ORDERS} faults are waiting already; clear them with DELETE /sandbox/faults"));
        }
        order.fault.check()?;
        self.0.push_back(order);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What goes wrong with this request, if anything. `name` is the cmdlet's name, `token`, or another call's; `about`
    /// is the sender or connector it is about.
    pub(crate) fn strike(&mut self, name: &str, about: Option<&str>) -> Option<Fault> {
        let position = self.0.iter_mut().position(|order| {
            if !order.is_for(name, about) || order.times == 0 {
                return false;
            }
            let strikes = order.skip == 0;
            order.skip = order.skip.saturating_sub(1);
            strikes
        })?;
        let order = self.0.get_mut(position)?;
        let fault = order.fault.clone();
        order.times -= 1;
        if order.times == 0 {
            self.0.remove(position);
        }
        Some(fault)
    }
}

fn check_status(status: u16) -> Result<(), String> {
    if (200..=599).contains(&status) {
        return Ok(());
    }
    Err(format!("status {status} cannot be sent; use one from 200 to 599"))
}

fn check_header(name: &str, value: &str) -> Result<(), String> {
    let parsed = name.parse::<HeaderName>().map_err(|_| format!("'{name}' is no header name"))?;
    HeaderValue::from_str(value).map_err(|_| format!("the value of header '{name}' cannot be sent"))?;
    if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&parsed) {
        return Err(format!("header '{name}' belongs to the connection; for a broken body use truncate or oversize"));
    }
    Ok(())
}

/// The reply of [`Fault::Status`].
pub(crate) fn status_reply(status: u16, body: String, headers: &BTreeMap<String, String>) -> Reply {
    let mut reply = Reply::new(Bytes::from(body));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(name) = name.parse() {
            reply::set(&mut reply, name, value);
        }
    }
    reply
}

/// The reply of [`Fault::NotJson`].
pub(crate) fn not_json_reply() -> Reply {
    let mut reply = reply::json(StatusCode::OK, &());
    *reply.body_mut() = Bytes::from_static(b"<!DOCTYPE html><html><title>Sign in</title><p>Please wait</p></html>");
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(orders: &[&str]) -> Faults {
        let mut faults = Faults::default();
        for order in orders {
            faults.order(serde_json::from_str(order).unwrap()).unwrap();
        }
        faults
    }

    #[test]
    fn strikes_as_often_as_ordered() {
        let mut faults = faults(&[r#"{"match":"get-recipient","times":2,"fault":{"kind":"drop"}}"#]);
        assert_eq!(faults.strike("token", None), None);
        assert_eq!(faults.strike("Get-Recipient", None), Some(Fault::Drop));
        assert_eq!(faults.strike("Get-Recipient", None), Some(Fault::Drop));
        assert_eq!(faults.strike("Get-Recipient", None), None);
    }

    #[test]
    fn skips_then_strikes_in_order() {
        let mut faults = faults(&[
            r#"{"match":"token","skip":1,"fault":{"kind":"lose-reply"}}"#,
            r#"{"match":"*","fault":{"kind":"oversize","bytes":7}}"#,
        ]);
        assert_eq!(faults.strike("token", None), Some(Fault::Oversize { bytes: 7 }));
        assert_eq!(faults.strike("token", None), Some(Fault::LoseReply));
        assert_eq!(faults.strike("token", None), None);
        faults.order(serde_json::from_str(r#"{"match":"*","fault":{"kind":"hang"}}"#).unwrap()).unwrap();
        faults.clear();
        assert_eq!(faults.strike("token", None), None);
    }

    #[test]
    fn strikes_only_calls_about_the_one_it_is_for() {
        let mut faults = faults(&[r#"{"match":"*","senderAddress":"Ann@contoso.com","fault":{"kind":"drop"}}"#]);
        assert_eq!(faults.strike("Remove-BlockedSenderAddress", None), None);
        assert_eq!(faults.strike("Remove-BlockedSenderAddress", Some("bob@contoso.com")), None);
        assert_eq!(faults.strike("Remove-BlockedSenderAddress", Some("ann@CONTOSO.com")), Some(Fault::Drop));
        faults.order(Order::lost_reply("Remove-BlockedSenderAddress", "ann@contoso.com")).unwrap();
        assert_eq!(faults.strike("Get-BlockedSenderAddress", Some("ann@contoso.com")), None);
        assert_eq!(faults.strike("Remove-BlockedSenderAddress", Some("ann@contoso.com")), Some(Fault::LoseReply));
    }

    #[test]
    fn a_request_orders_its_own_fault() {
        let of = |value: &str| {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(HEADER), value.parse().unwrap())]);
            Fault::of_request(&headers)
        };
        assert_eq!(Fault::of_request(&HeaderMap::new()), Ok(None));
        assert_eq!(of(r#"{"kind":"oversize","bytes":7}"#), Ok(Some(Fault::Oversize { bytes: 7 })));
        for wrong in ["", "drop", r#"{"kind":"explode"}"#, r#"{"kind":"status","status":99}"#] {
            assert!(of(wrong).unwrap_err().starts_with("x-sandbox-fault: "), "{wrong}");
        }
    }

    #[test]
    fn orders_that_make_no_sense_are_refused() {
        for wrong in [
            r#"{"fault":{"kind":"drop"}}"#,
            r#"{"match":"*"}"#,
            r#"{"match":"*","fault":{"kind":"explode"}}"#,
            r#"{"match":"*","times":-1,"fault":{"kind":"drop"}}"#,
            r#"{"match":"*","fault":{"kind":"oversize"}}"#,
            r#"{"match":"*","fault":{"kind":"drip"}}"#,
            r#"{"match":"*","fault":{"kind":"delay","milliseconds":-1}}"#,
        ] {
            assert!(serde_json::from_str::<Order>(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            r#"{"match":"*","fault":{"kind":"status","status":99}}"#,
            r#"{"match":"*","fault":{"kind":"status","status":101}}"#,
            r#"{"match":"*","fault":{"kind":"status","status":503,"headers":{"content-length":"7"}}}"#,
            r#"{"match":"*","fault":{"kind":"status","status":503,"headers":{"a b":"7"}}}"#,
            r#"{"match":"*","fault":{"kind":"status","status":503,"headers":{"a":"\r\n"}}}"#,
        ] {
            assert!(Faults::default().order(serde_json::from_str(wrong).unwrap()).is_err(), "{wrong}");
        }
    }
}
