//! Redirects: Exchange may send an organization's requests on to the host that is near its mailboxes
//! (`<prefix>.outlook.office365.com`). They are followed by hand, since the token goes with them.

use std::sync::{Mutex, PoisonError};

use url::{Host, Url};

use super::transport::Response;

/// How often one request is sent on; more means that the hosts send it in circles.
const MOST: u32 = 3;

/// Where the requests of a connection go: to the cloud's endpoint, until that sends them on.
#[derive(Debug)]
pub struct Base {
    /// The endpoint that the admin knows, which everything must lie within.
    endpoint: String,
    /// Where it sent the last request that it sent on.
    current: Mutex<Option<String>>,
}

/// The redirects of one request.
#[derive(Debug, Default)]
pub struct Redirects(u32);

impl Base {
    /// Nothing was sent on yet.
    pub fn new(endpoint: String) -> Self {
        Self { endpoint, current: Mutex::default() }
    }

    /// Where to send the next request: scheme, host and port.
    pub fn current(&self) -> String {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone().unwrap_or_else(|| self.endpoint.clone())
    }

    /// Whether an address lies within the endpoint, so that a token may go there.
    pub fn holds(&self, address: &Url) -> bool {
        Url::parse(&self.endpoint).is_ok_and(|endpoint| is_within(address, &endpoint))
    }
}

impl Redirects {
    /// Where a reply to a request for `address` sends it on; later requests then go there at once. Nothing where it does
    /// not, or to a place that gets no token: then it is a reply that Exchange does not send.
    pub fn after(&mut self, response: &Response, address: &str, base: &Base) -> Option<String> {
        if !matches!(response.status, 301 | 302 | 307 | 308) || self.0 >= MOST {
            return None;
        }
        let target = Url::parse(address).ok()?.join(&response.header("Location")?).ok()?;
        if !base.holds(&target) {
            return None;
        }
        self.0 += 1;
        let origin = target.origin().ascii_serialization();
        *base.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(origin);
        Some(target.into())
    }
}

/// Whether `address` is on the endpoint's host or on one below it, with the same encryption and port.
pub fn is_within(address: &Url, endpoint: &Url) -> bool {
    let is_below = match (address.host(), endpoint.host()) {
        (Some(Host::Domain(host)), Some(Host::Domain(domain))) => {
            host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        }
        (host, endpoint) => host == endpoint,
    };
    is_below
        && address.scheme() == endpoint.scheme()
        && address.port_or_known_default() == endpoint.port_or_known_default()
        && address.username().is_empty()
        && address.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_hosts_of_the_endpoint_and_nowhere_else() {
        let base = Base::new("https://outlook.office365.com".to_owned());
        let holds = |address| base.holds(&Url::parse(address).unwrap());
        assert!(holds("https://outlook.office365.com/adminapi"));
        assert!(holds("https://eurprd01.outlook.office365.com:443/adminapi"));
        for elsewhere in [
            "http://outlook.office365.com/adminapi",
            "https://outlook.office365.com:446/adminapi",
            "https://office365.com/adminapi",
            "https://evil-outlook.office365.com/adminapi",
            "https://outlook.office365.com.example.org/adminapi",
            "https://user@outlook.office365.com/adminapi",
            "https://127.0.0.1/adminapi",
        ] {
            assert!(!holds(elsewhere), "{elsewhere}");
        }
    }
}
