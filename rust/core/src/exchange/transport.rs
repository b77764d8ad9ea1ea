//! HTTP: one client per connection, everything bounded, TLS except to this machine.

use std::future::Future;
use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Proxy, RequestBuilder};
use time::format_description::well_known::Rfc2822;
use time::OffsetDateTime;
use url::{Host, Url};

use super::fault;
use super::redirect::is_within;
use super::traffic::{self, Sent};
use crate::error::{Code, Error, Result};

/// How long the network may take. Real time: it does not follow the connection's clock, save for the waits between two
/// tries.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// To reach the host and agree on encryption.
    pub connect: Duration,
    /// From one piece of a reply to the next.
    pub silence: Duration,
    /// From the request to the end of its reply, however steadily it drips in.
    pub reply: Duration,
    /// For one request with all that is tried: no further try begins after that.
    pub total: Duration,
    /// For a person to sign in in this machine's browser.
    pub sign_in: Duration,
}

impl Default for Deadlines {
    /// 15 seconds to connect; 100 seconds of silence, which is what the official module's HTTP client grants; 15 minutes
    /// for a reply, the service's own limit for a call; 5 minutes in all, the longest window that the service is known
    /// to throttle by (message traces); 15 minutes to sign in, as long as a device code is good.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(100),
            reply: Duration::from_secs(15 * 60),
            total: Duration::from_secs(5 * 60),
            sign_in: Duration::from_secs(15 * 60),
        }
    }
}

/// No reply of the service comes near this size; one that does would fill the memory.
const LARGEST_REPLY: usize = 64 * 1024 * 1024;

/// A proxy for each endpoint that needs one: `https://host[:port]` of the endpoint, address of the proxy.
pub type Proxies = Vec<(String, String)>;

/// Makes the HTTP client. `authority` is the certificate (PEM) of a practice tenant's own authority; with it, the
/// machine's trusted roots do not count. No other proxies than the given ones are used.
pub fn client(proxies: &Proxies, authority: Option<&str>, deadlines: Deadlines) -> Result<Client> {
    let mut builder = Client::builder()
        .user_agent(concat!("RestrictedSender/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(deadlines.connect)
        .read_timeout(deadlines.silence)
        .timeout(deadlines.reply)
        .no_proxy();
    for (endpoint, proxy) in proxies {
        let endpoint_url = Url::parse(endpoint).ok();
        let proxy = Url::parse(proxy).map_err(|error| {
            Error::new(Code::InvalidUri, format!("The proxy for {endpoint} is no address: {proxy}.")).caused_by(&error)
        })?;
        // The hosts below the endpoint, which it may send requests on to, are reached as it is.
        let is_for = move |url: &Url| endpoint_url.as_ref().is_some_and(|endpoint| is_within(url, endpoint));
        builder = builder.proxy(Proxy::custom(move |url| is_for(url).then(|| proxy.clone())));
    }
    if let Some(authority) = authority {
        let certificate = Certificate::from_pem(authority.as_bytes()).map_err(|error| {
            Error::new(Code::TlsFailure, "The certificate of the practice tenant cannot be read.").caused_by(&error)
        })?;
        builder = builder.tls_built_in_root_certs(false).add_root_certificate(certificate);
    }
    builder.build().map_err(|error| {
        Error::new(Code::TlsFailure, "No encrypted connection can be set up on this machine.").caused_by(&error)
    })
}

/// Checks an endpoint's address and gives it back without a final slash.
///
/// # Errors
/// [`Code::InvalidUri`] unless it is `https://host[:port]`, or `http://` to this machine.
pub fn parse_endpoint(parameter: &str, text: &str) -> Result<String> {
    let base = parse_base(parameter, text)?;
    match Url::parse(&base) {
        Ok(url) if url.path() == "/" => Ok(base),
        _ => Err(invalid(parameter, "must end after the host and port")),
    }
}

fn invalid(parameter: &str, why: &str) -> Error {
    Error::new(Code::InvalidUri, format!("-{parameter} {why}.")).about(parameter)
}

/// As [`parse_endpoint`], for an address that may have a path.
///
/// # Errors
/// [`Code::InvalidUri`] unless it is `https://host[:port][/path]`, or `http://` to this machine.
pub fn parse_base(parameter: &str, text: &str) -> Result<String> {
    let refuse = |why| invalid(parameter, why);
    let url = Url::parse(text.trim()).map_err(|error| refuse("is not an absolute address").caused_by(&error))?;
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return Err(refuse("must begin with https:// (tokens would travel unencrypted)"));
    }
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("must name a host and no user"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("must have no query"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether an endpoint lies on this machine or its own link; such traffic never goes through a proxy.
pub fn is_near(endpoint: &str) -> bool {
    Url::parse(endpoint).is_ok_and(|url| {
        is_loopback(&url)
            || match url.host() {
                Some(Host::Ipv4(address)) => address.is_link_local(),
                Some(Host::Ipv6(address)) => address.is_unicast_link_local(),
                _ => false,
            }
    })
}

/// Whether an endpoint is this machine itself.
pub fn is_this_machine(endpoint: &str) -> bool {
    Url::parse(endpoint).is_ok_and(|url| is_loopback(&url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A complete reply, its body decompressed.
#[derive(Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    headers: HeaderMap,
    /// The body; empty where it could not be decompressed, since the status matters more.
    pub body: Vec<u8>,
}

/// Sends a request and reads the whole reply. `host` is whom the admin believes to be asking.
/// The request is [noted](traffic::noted).
pub async fn send(request: RequestBuilder, host: &str) -> Result<Response> {
    let request = request.header("Accept", "application/json").header("Accept-Encoding", "gzip");
    let (client, request) = request.build_split();
    let request = request.map_err(|error| fault::of_transport(&error, host))?;
    let (method, began) = (request.method().to_string(), Instant::now());
    let response = receive(client.execute(request), host).await;
    let outcome = match &response {
        Ok(response) => Ok((response.status, response.request_id())),
        Err(error) => Err(error.code()),
    };
    traffic::note(Sent { host: host.to_owned(), method, outcome, took: began.elapsed() });
    response
}

async fn receive(reply: impl Future<Output = reqwest::Result<reqwest::Response>>, host: &str) -> Result<Response> {
    let mut reply = reply.await.map_err(|error| fault::of_transport(&error, host))?;
    let too_large = || {
        let largest = LARGEST_REPLY / (1024 * 1024);
        Error::new(Code::ResponseTooLarge, format!("{host} sent a reply of more than {largest} MB."))
    };
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| fault::of_transport(&error, host))? {
        if body.len() + chunk.len() > LARGEST_REPLY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    // Gzip is recognized by its first bytes: replies exist that are labelled gzip and are not.
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        match MultiGzDecoder::new(body.as_slice()).take(LARGEST_REPLY as u64 + 1).read_to_end(&mut plain) {
            Ok(_) if plain.len() > LARGEST_REPLY => return Err(too_large()),
            Ok(_) => body = plain,
            Err(_) => body = Vec::new(),
        }
    }
    Ok(Response { status: reply.status().as_u16(), headers: reply.headers().clone(), body })
}

/// What has become of a reply that is not the JSON that it should be: whoever stands between may cut a body and announce
/// what is left of it, so that one that ends in its midst was cut on its way.
pub fn garbled(error: &serde_json::Error) -> Code {
    if error.is_eof() {
        Code::ConnectionLost
    } else {
        Code::ResponseUnreadable
    }
}

impl Response {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// The texts of all headers of a name.
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    }

    /// A reply that has nothing but these.
    #[cfg(test)]
    pub fn with_headers(name: &'static str, values: &[&str]) -> Self {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        Self { status: 200, headers, body: Vec::new() }
    }

    /// A reply that came inside another one. What is no JSON came as a text.
    pub fn of_parts(
        status: u16,
        headers: &std::collections::HashMap<String, serde_json::Value>,
        body: Option<&serde_json::Value>,
    ) -> Self {
        let pairs = headers.iter().filter_map(|(name, value)| {
            let name = reqwest::header::HeaderName::try_from(name).ok()?;
            Some((name, reqwest::header::HeaderValue::try_from(value.as_str()?).ok()?))
        });
        let body = match body {
            None => Vec::new(),
            Some(serde_json::Value::String(text)) => text.clone().into_bytes(),
            Some(json) => json.to_string().into_bytes(),
        };
        Self { status, headers: pairs.collect(), body }
    }

    /// The service's id of the request.
    pub fn request_id(&self) -> Option<String> {
        self.header("request-id").or_else(|| self.header("x-ms-request-id"))
    }

    /// What the service wants to see instead of the token it got.
    pub fn challenge(&self) -> Option<String> {
        self.header("www-authenticate")
    }

    /// `Retry-After` in seconds. Where it is a date it counts from the reply's own `Date`, so that a wrong clock on this
    /// machine does no harm; one that has passed is now.
    pub fn retry_after_sec(&self) -> Option<u64> {
        let text = self.header("retry-after")?;
        text.trim().parse().ok().or_else(|| {
            let (until, now) = (http_date(&text)?, http_date(&self.header("date")?)?);
            Some(u64::try_from((until - now).whole_seconds()).unwrap_or_default())
        })
    }

    /// The beginning of the body as text, for recognizing plain-text answers.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body[..self.body.len().min(1024)])
    }
}

/// The form of HTTP's dates that everybody sends is also one of mail's.
fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text.trim(), &Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = "Mon, 23 Nov 2026 08:00:00 GMT";
        for (after, date, seconds) in [
            ("7", None, Some(7)),
            (" 0 ", None, Some(0)),
            ("Mon, 23 Nov 2026 08:02:05 GMT", Some(date), Some(125)),
            ("Mon, 23 Nov 2026 07:59:00 GMT", Some(date), Some(0)),
            ("Mon, 23 Nov 2026 08:02:05 GMT", None, None),
            ("-1", Some(date), None),
            ("soon", Some(date), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", after.parse().unwrap());
            if let Some(date) = date {
                headers.insert("date", date.parse().unwrap());
            }
            let response = Response { status: 429, headers, body: Vec::new() };
            assert_eq!(response.retry_after_sec(), seconds, "{after}");
        }
    }

    #[test]
    fn this_machine_and_its_link_are_near() {
        for near in
            ["http://127.0.0.1:9", "https://localhost", "http://169.254.169.254", "http://[fe80::1]", "https://[::1]:1"]
        {
            assert!(is_near(near), "{near}");
        }
        for far in ["https://outlook.office365.com", "https://10.0.0.1", "https://[2001:db8::1]", "nonsense"] {
            assert!(!is_near(far), "{far}");
        }
    }

    #[test]
    fn tokens_travel_encrypted_or_not_at_all() {
        for fine in ["https://outlook.office365.com", "http://127.0.0.1:80/", "http://localhost:1", "http://[::1]:9"] {
            assert_eq!(
                parse_endpoint("ConnectionUri", fine).unwrap(),
                Url::parse(fine).unwrap().as_str().trim_end_matches('/')
            );
        }
        for wrong in [
            "outlook.office365.com",
            "http://outlook.office365.com",
            "https://user:secret@outlook.office365.com",
            "https://outlook.office365.com/owa",
            "https://outlook.office365.com?x=1",
            "ftp://127.0.0.1",
            "http://localhost.contoso.com",
            "",
        ] {
            let error = parse_endpoint("ConnectionUri", wrong).unwrap_err();
            assert_eq!(error.code(), Code::InvalidUri, "{wrong}");
            assert!(error.message.contains("-ConnectionUri"), "{error}");
        }
    }
}
