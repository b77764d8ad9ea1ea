//! The two listeners: ports, TLS, connections, and how replies go out, whole or spoilt.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{ready, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderValue, CONTENT_LENGTH, DATE};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use time::format_description::FormatItem;
use time::macros::format_description;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::line::{HangUp, Line};
use crate::reply::{self, Reply};
use crate::request::{Outcome, Request, Spoil};
use crate::tenant::Tenant;
use crate::{control, gzip};

/// What a client may call this machine.
pub(crate) const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The largest request body, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// Connections per listener; more wait.
const MOST_CONNECTIONS: usize = 1024;

/// How long a listener waits after a connection could not be accepted, in real time.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

const HTTP_DATE: &[FormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A listening port that can be closed from outside the task that accepts from it, so that it is free at once.
#[derive(Clone, Debug)]
pub(crate) struct Door(Arc<Mutex<Option<TcpListener>>>);

impl Door {
    /// Opens a port on 127.0.0.1; 0 is any free one.
    pub(crate) async fn open(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self(Arc::new(Mutex::new(Some(listener)))))
    }

    pub(crate) fn port(&self) -> io::Result<u16> {
        let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listener.as_ref().ok_or(io::ErrorKind::NotConnected)?.local_addr().map(|address| address.port())
    }

    pub(crate) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The next connection; `None` when the door is closed.
    pub(crate) async fn accept(&self) -> Option<io::Result<TcpStream>> {
        std::future::poll_fn(|context| {
            let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(listener) = listener.as_ref() else { return Poll::Ready(None) };
            Poll::Ready(Some(ready!(listener.poll_accept(context)).map(|(stream, _)| stream)))
        })
        .await
    }
}

/// Scheme and port of a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    scheme: &'static str,
    port: u16,
}

impl Address {
    /// The start of its URLs under one of its names, without a trailing slash.
    pub(crate) fn base(self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.port)
    }
}

pub(crate) struct Endpoint {
    address: Address,
    tls: Option<TlsAcceptor>,
}

impl Endpoint {
    pub(crate) fn https(port: u16, acceptor: TlsAcceptor) -> Self {
        Self { address: Address { scheme: "https", port }, tls: Some(acceptor) }
    }

    pub(crate) fn http(port: u16) -> Self {
        Self { address: Address { scheme: "http", port }, tls: None }
    }

    pub(crate) fn address(&self) -> Address {
        self.address
    }
}

/// Serves a door until it is closed. Dropping the future ends its connections.
pub(crate) async fn serve(door: Door, endpoint: Endpoint, tenant: Arc<Tenant>) {
    let mut connections = JoinSet::new();
    while let Some(accepted) = door.accept().await {
        while connections.try_join_next().is_some() {}
        if connections.len() >= MOST_CONNECTIONS {
            connections.join_next().await;
        }
        // A connection that is gone before it is taken is nobody's trouble, but a machine that has run out of file
        // descriptors must not keep this loop spinning.
        let Ok(stream) = accepted else {
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (address, tenant, tls) = (endpoint.address, Arc::clone(&tenant), endpoint.tls.clone());
        let hang_up = HangUp::default();
        let line = Line::new(stream, hang_up.clone());
        connections.spawn(async move {
            match tls {
                None => connection(line, address, tenant, hang_up).await,
                Some(tls) => {
                    if let Ok(line) = tls.accept(line).await {
                        connection(line, address, tenant, hang_up).await;
                    }
                }
            }
        });
    }
}

/// Serves one connection until either side closes it.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: Address,
    tenant: Arc<Tenant>,
    hang_up: HangUp,
) {
    let service = service_fn(|request| {
        let (tenant, hang_up) = (Arc::clone(&tenant), hang_up.clone());
        async move { Ok::<_, Infallible>(answer(request, address, &tenant, &hang_up).await) }
    });
    let server = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        // How a connection ends is the client's business.
        _ = server.serve_connection(TokioIo::new(stream), service) => {}
        () = hang_up.ordered() => {}
    }
}

/// Receives a request and answers it.
async fn answer(
    request: hyper::Request<Incoming>,
    address: Address,
    tenant: &Tenant,
    hang_up: &HangUp,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let asked_for = head.uri.authority().map(|authority| authority.as_str());
    let asked_for = asked_for.or_else(|| reply::header(&head.headers, "host")).unwrap_or_default();
    let host = LOOPBACK_HOSTS.into_iter().find(|host| is_host(asked_for, host));
    // Links lead back to the name the client used, which is the one its certificate check expects.
    let base = address.base(host.unwrap_or("localhost"));
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return whole(reply::empty(StatusCode::PAYLOAD_TOO_LARGE)),
        Err(_) => return whole(reply::empty(StatusCode::BAD_REQUEST)),
    };
    let request = Request { head, body, base, scheme: address.scheme, in_batch: false };
    let mut response = match request.head.uri.path().strip_prefix("/sandbox/") {
        Some(what) => whole(control(&request, what, host.is_some(), tenant)),
        None => {
            let headers = &request.head.headers;
            match request.answer(tenant) {
                Outcome::Whole(reply) => whole(gzip::compressed(reply, headers)),
                Outcome::Spoilt(reply, spoil) => spoilt(gzip::compressed(reply, headers), spoil).await,
                Outcome::Oversize(bytes) => oversize(bytes),
                Outcome::Hang => std::future::pending().await,
                Outcome::Close => hang_up.close().await,
                Outcome::Reset => hang_up.reset().await,
            }
        }
    };
    // The tenant's time, not the machine's.
    let date = tenant.now().format(HTTP_DATE).ok().and_then(|date| HeaderValue::try_from(date).ok());
    if let Some(date) = date {
        response.headers_mut().insert(DATE, date);
    }
    response
}

fn control(request: &Request, what: &str, is_for_loopback: bool, tenant: &Tenant) -> Reply {
    let request = control::Request {
        method: &request.head.method,
        what,
        query: request.query(),
        headers: &request.head.headers,
        body: &request.body,
        is_for_loopback,
    };
    control::answer(tenant, &request)
}

/// Whether `authority` is `host`, with or without a port.
fn is_host(authority: &str, host: &str) -> bool {
    let (name, rest) = authority.split_at_checked(host.len()).unwrap_or_default();
    name.eq_ignore_ascii_case(host) && (rest.is_empty() || rest.starts_with(':'))
}

/// The reply as it is.
fn whole(reply: Reply) -> Response<Body> {
    reply.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())
}

/// The reply as it is after what happens to it on its way.
async fn spoilt(reply: Reply, spoil: Spoil) -> Response<Body> {
    match spoil {
        Spoil::BreakOff => half(reply),
        Spoil::CutShort => {
            let first = reply.body().len() / 2;
            whole(reply.map(|body| body.slice(..first)))
        }
        Spoil::Drip(pause) => reply.map(|body| {
            let drops = stream::unfold(body, move |mut rest| async move {
                tokio::time::sleep(pause).await;
                let drop = (!rest.is_empty()).then(|| rest.split_to(1))?;
                Some((Ok(Frame::data(drop)), rest))
            });
            StreamBody::new(drops).boxed_unsync()
        }),
        Spoil::Delay(time) => {
            tokio::time::sleep(time).await;
            whole(reply)
        }
    }
}

/// The reply with its full length announced, half of it sent, and the connection broken off.
fn half(reply: Reply) -> Response<Body> {
    let length = reply.body().len();
    let mut response = reply.map(|body| {
        let first = body.slice(..length / 2);
        let mut step = 0;
        let frames = stream::poll_fn(move |context| {
            step += 1;
            match step {
                1 => Poll::Ready(Some(Ok(Frame::data(first.clone())))),
                // One pause, in which the half already given is sent.
                2 => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                _ => Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::BrokenPipe)))),
            }
        });
        StreamBody::new(frames).boxed_unsync()
    });
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

/// A body of this many bytes, made while it is sent, without announcing its length.
fn oversize(bytes: u64) -> Response<Body> {
    static BLOCK: [u8; 64 * 1024] = [b'A'; 64 * 1024];
    let mut left = bytes;
    let blocks = std::iter::from_fn(move || {
        let next = left.min(BLOCK.len() as u64);
        left -= next;
        let block = BLOCK.get(..usize::try_from(next).ok()?)?;
        (next > 0).then(|| Ok(Frame::data(Bytes::from_static(block))))
    });
    let reply = reply::json(StatusCode::OK, &());
    reply.map(|_| StreamBody::new(stream::iter(blocks)).boxed_unsync())
}
