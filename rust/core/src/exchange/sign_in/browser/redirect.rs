//! The port of this machine to which the browser comes back, with a code or a refusal.
//!
//! Anybody on this machine may come to it, and browsers come for more than one reason (a connection made in advance, an
//! icon). Only who brings the state of this sign-in is heard, once; everybody else gets a page that says nothing.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use super::Secret;

/// The largest head of a request: codes are long, and browsers send cookies of other pages of this machine.
const LARGEST_HEAD: usize = 64 * 1024;

/// How many visitors are served at once; more wait.
const MOST_VISITORS: usize = 32;

/// How long one visitor may take. Real time.
const VISIT: Duration = Duration::from_secs(10);

/// How many ports are tried until one is free for both kinds of address.
const PORTS: usize = 8;

const SIGNED_IN: &str = "The sign-in has come through. You can close this window and go back to PowerShell.";
const REFUSED: &str = "The sign-in did not come through. You can close this window; PowerShell says why.";
const NOTHING: &str = "There is nothing here.";

/// The port while it is open.
pub struct Door {
    number: u16,
    here: TcpListener,
    /// Browsers may take `localhost` for this address first. Nothing where this machine does not have it.
    also_here: Option<TcpListener>,
}

/// What the browser brings.
pub enum Brought {
    /// What there is a token for.
    Code(Secret),
    /// Why there is none: `error` and `error_description` (RFC 6749, 4.1.2.1).
    Refusal { error: String, description: String },
}

impl Door {
    /// Opens a free port, for both kinds of address: were one of them another program's, that would get the code.
    pub async fn open() -> io::Result<Self> {
        let mut tries = 1;
        loop {
            let here = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let number = here.local_addr()?.port();
            match TcpListener::bind((Ipv6Addr::LOCALHOST, number)).await {
                Ok(also_here) => return Ok(Self { number, here, also_here: Some(also_here) }),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < PORTS => tries += 1,
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                Err(_) => return Ok(Self { number, here, also_here: None }),
            }
        }
    }

    /// Where the browser is sent: by this name the public client may be anywhere on this machine.
    pub fn address(&self) -> String {
        format!("http://localhost:{}", self.number)
    }

    /// Waits for who brings `state`. The port is closed when this ends, however it does.
    ///
    /// # Errors
    /// When no connection can be accepted any more.
    pub async fn answer(self, state: &str) -> io::Result<Brought> {
        let mut visitors = JoinSet::new();
        loop {
            let has_room = visitors.len() < MOST_VISITORS;
            tokio::select! {
                visitor = self.visitor(), if has_room => {
                    visitors.spawn(receive(visitor?, state.to_owned()));
                }
                Some(visit) = visitors.join_next() => {
                    if let Ok(Some(brought)) = visit {
                        return Ok(brought);
                    }
                }
            }
        }
    }

    async fn visitor(&self) -> io::Result<TcpStream> {
        let also = async {
            match &self.also_here {
                Some(door) => door.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = self.here.accept() => accepted,
            accepted = also => accepted,
        }
        .map(|(visitor, _)| visitor)
    }
}

/// Hears one visitor and shows them a page.
async fn receive(mut visitor: TcpStream, state: String) -> Option<Brought> {
    let visit = async {
        let brought = read_head(&mut visitor).await.and_then(|head| brought(&head, &state));
        let (status, text) = match &brought {
            Some(Brought::Code(_)) => ("200 OK", SIGNED_IN),
            Some(Brought::Refusal { .. }) => ("200 OK", REFUSED),
            None => ("404 Not Found", NOTHING),
        };
        (brought, page(status, text))
    };
    let (brought, page) = tokio::time::timeout(VISIT, visit).await.ok()?;
    // Who has brought a code need not stay for the page.
    let shown = async {
        visitor.write_all(page.as_bytes()).await?;
        visitor.shutdown().await
    };
    let _ = tokio::time::timeout(VISIT, shown).await;
    brought
}

async fn read_head(visitor: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= LARGEST_HEAD || visitor.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// What a request brings, if it is the one that is waited for.
fn brought(head: &[u8], state: &str) -> Option<Brought> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let there = Url::parse("http://localhost").ok()?.join(target).ok()?;
    if there.path() != "/" {
        return None;
    }
    let field =
        |wanted: &str| there.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    if field("state")? != state {
        return None;
    }
    if let Some(error) = field("error") {
        return Some(Brought::Refusal { error, description: field("error_description").unwrap_or_default() });
    }
    let code = field("code").filter(|code| !code.is_empty())?;
    Some(Brought::Code(Secret::new(code)))
}

fn page(status: &str, text: &str) -> String {
    let body = format!("<!DOCTYPE html><html lang=\"en\"><title>RestrictedSender</title><p>{text}</p></html>");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(target: &str) -> Option<Result<String, String>> {
        let head = format!("GET {target} HTTP/1.1\r\nHost: localhost:1\r\n\r\n");
        brought(head.as_bytes(), "s-1").map(|brought| match brought {
            Brought::Code(code) => Ok(code.reveal().to_owned()),
            Brought::Refusal { error, description } => Err(format!("{error}: {description}")),
        })
    }

    #[test]
    fn only_who_brings_the_state_is_heard() {
        assert_eq!(heard("/?code=c%2B1&state=s-1&session_state=x"), Some(Ok("c+1".into())));
        let refusal = "/?error=access_denied&error_description=No+thanks&state=s-1&code=c";
        assert_eq!(heard(refusal), Some(Err("access_denied: No thanks".into())));
        for foreign in [
            "/favicon.ico",
            "/",
            "/?code=c",
            "/?code=c&state=s-2",
            "/?code=c&state=",
            "/?code=&state=s-1",
            "/?state=s-1",
            "/?error=access_denied&state=s-2",
            "/other?code=c&state=s-1",
            "//elsewhere/?code=c&state=s-1x",
        ] {
            assert_eq!(heard(foreign), None, "{foreign}");
        }
        assert!(brought(b"POST /?code=c&state=s-1 HTTP/1.1\r\n\r\n", "s-1").is_none());
        assert!(brought(b"\xff\r\n\r\n", "s-1").is_none());
    }

    #[tokio::test]
    async fn the_port_is_one_for_both_kinds_of_address_and_is_closed_afterwards() {
        let door = Door::open().await.unwrap();
        let number = door.number;
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, number)).await.is_err());
        let also = door.also_here.is_some();
        let visiting = async {
            // One that only connects, as browsers do in advance, keeps nobody waiting.
            let _idle = TcpStream::connect((Ipv4Addr::LOCALHOST, number)).await.unwrap();
            let address = if also { std::net::IpAddr::from(Ipv6Addr::LOCALHOST) } else { Ipv4Addr::LOCALHOST.into() };
            let mut visitor = TcpStream::connect((address, number)).await.unwrap();
            visitor.write_all(b"GET /?code=c&state=s-1 HTTP/1.1\r\n\r\n").await.unwrap();
            let mut page = String::new();
            visitor.read_to_string(&mut page).await.unwrap();
            page
        };
        let (brought, page) = tokio::join!(door.answer("s-1"), visiting);
        assert!(matches!(brought.unwrap(), Brought::Code(_)));
        assert!(page.contains("close this window"), "{page}");
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, number)).await.is_err());
    }
}
