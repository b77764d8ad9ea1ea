//! Redirects: Exchange may send an organization's requests on to the host that is near its mailboxes
//! (`<prefix>.outlook.office365.com`), and Security & Compliance does so with the first one, naming a host of another
//! service (`<prefix>.admin.protection.outlook.com:446`) for the one that it really is
//! (`<prefix>.ps.compliance.protection.outlook.com`). They are followed by hand, since the token goes with them.

use std::sync::{Mutex, PoisonError};

use url::{Host, Url};

use super::transport::{is_this_machine, Response};

/// How often one request is sent on; more means that the hosts send it in circles.
const MOST: u32 = 3;

/// The port of the service whose host Security & Compliance names; itself it is at the usual one.
const FRONT_PORT: u16 = 446;

/// Where the requests of a connection go: to the cloud's endpoint, until that sends them on.
#[derive(Debug)]
pub struct Base {
    /// The endpoint that the admin knows, which everything must lie within.
    endpoint: String,
    /// The domain whose hosts it names when it sends requests on; nothing where it names hosts of its own.
    front: Option<&'static str>,
    /// Where it sent the last request that it sent on.
    current: Mutex<Option<String>>,
}

/// The redirects of one request.
#[derive(Debug, Default)]
pub struct Redirects(u32);

impl Base {
    /// Nothing was sent on yet.
    pub fn new(endpoint: String) -> Self {
        Self { endpoint, front: None, current: Mutex::default() }
    }

    /// The same for an endpoint that sends requests on by hosts of the domain `front`.
    pub fn behind(front: &'static str, endpoint: String) -> Self {
        Self { front: Some(front), ..Self::new(endpoint) }
    }

    /// Where to send the next request: scheme, host and port, and the endpoint's path where it has one.
    pub fn current(&self) -> String {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone().unwrap_or_else(|| self.endpoint.clone())
    }

    /// Whether an address lies within the endpoint, so that a token may go there.
    pub fn holds(&self, address: &Url) -> bool {
        let is_within = |base: &str| Url::parse(base).is_ok_and(|base| is_within(address, &base));
        is_within(&self.endpoint) || is_within(&self.current())
    }

    /// Where a redirect from `asked` to `target` leads; nothing where no token may go.
    fn landing(&self, target: Url, asked: &Url) -> Option<Url> {
        match self.front {
            _ if self.holds(&target) => Some(target),
            Some(front) => self.behind_front(front, &target, asked),
            None => None,
        }
    }

    /// Of such a redirect only the host's own name counts, and what was asked for is asked for there.
    fn behind_front(&self, front: &str, target: &Url, asked: &Url) -> Option<Url> {
        let endpoint = Url::parse(&self.endpoint).ok()?;
        let mut there = asked.clone();
        if is_this_machine(&self.endpoint) && is_this_machine(target.as_str()) && target.scheme() == endpoint.scheme() {
            // A practice tenant has no other hosts than this machine's.
            there.set_host(target.host_str()).ok()?;
            there.set_port(target.port()).ok()?;
            return Some(there);
        }
        let name = target.host_str()?.strip_suffix(front)?.strip_suffix('.')?;
        let is_one = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_one || target.scheme() != "https" || target.port() != Some(FRONT_PORT) {
            return None;
        }
        there.set_host(Some(&format!("{name}.{}", endpoint.host_str()?))).ok()?;
        there.set_port(endpoint.port()).ok()?;
        Some(there)
    }
}

impl Redirects {
    /// Where a reply to a request for `address` sends it on; later requests then go there at once. Nothing where it does
    /// not, or to a place that gets no token: then it is a reply that Exchange does not send.
    pub fn after(&mut self, response: &Response, address: &str, base: &Base) -> Option<String> {
        if !matches!(response.status, 301 | 302 | 307 | 308) || self.0 >= MOST {
            return None;
        }
        let asked = Url::parse(address).ok()?;
        let target = asked.join(&response.header("Location")?).ok()?;
        let target = base.landing(target, &asked)?;
        self.0 += 1;
        let path = Url::parse(&base.endpoint).ok()?.path().trim_end_matches('/').to_owned();
        let current = format!("{}{path}", target.origin().ascii_serialization());
        *base.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
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
    fn security_and_compliance_is_where_the_named_host_has_its_like() {
        let endpoint = "https://ps.compliance.protection.outlook.com";
        let base = Base::behind("admin.protection.outlook.com", endpoint.to_owned());
        let asked = Url::parse(&format!("{endpoint}/adminapi/beta/contoso.com/InvokeCommand?x=1")).unwrap();
        let landing =
            |target: &str| base.landing(Url::parse(target).unwrap(), &asked).map(|landing| landing.to_string());
        let there = "https://eur01b.ps.compliance.protection.outlook.com/adminapi/beta/contoso.com/InvokeCommand?x=1";
        assert_eq!(landing("https://eur01b.admin.protection.outlook.com:446/Psws/x").as_deref(), Some(there));
        assert_eq!(landing(there).as_deref(), Some(there), "it may name itself, too");
        for elsewhere in [
            "https://eur01b.admin.protection.outlook.com/",
            "http://eur01b.admin.protection.outlook.com:446/",
            "https://admin.protection.outlook.com:446/",
            "https://a.b.admin.protection.outlook.com:446/",
            "https://eviladmin.protection.outlook.com:446/",
            "https://eur01b.admin.protection.outlook.com.example.org:446/",
            "https://outlook.office365.com/",
            "https://127.0.0.1:446/",
        ] {
            assert_eq!(landing(elsewhere), None, "{elsewhere}");
        }
        let exchange = Base::new("https://outlook.office365.com".to_owned());
        let target = Url::parse("https://eur01b.admin.protection.outlook.com:446/").unwrap();
        assert!(exchange.landing(target, &asked).is_none(), "Exchange is behind no other service");
    }

    #[test]
    fn a_practice_tenant_stays_on_this_machine() {
        let base = Base::behind("admin.protection.outlook.com", "https://localhost:8443/compliance".to_owned());
        let asked = Url::parse("https://localhost:8443/compliance/adminapi/beta/x/InvokeCommand").unwrap();
        let landing =
            |target: &str| base.landing(Url::parse(target).unwrap(), &asked).map(|landing| landing.to_string());
        let there = "https://127.0.0.1:8444/compliance/adminapi/beta/x/InvokeCommand";
        assert_eq!(landing("https://127.0.0.1:8444/elsewhere").as_deref(), Some(there));
        assert_eq!(landing("http://127.0.0.1:8444/"), None);
        assert_eq!(landing("https://ps.compliance.protection.outlook.com/"), None);
    }

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
