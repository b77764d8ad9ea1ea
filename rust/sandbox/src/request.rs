//! The way of one request through the tenant: what it is for, whether something goes wrong with it on order, and the
//! answer. The requests inside a batch go the same way.

use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode, Version};

use crate::fault::{self, Fault};
use crate::managed_identity::Place;
use crate::reply::{self, Reply};
use crate::row::wire_time;
use crate::tenant::Tenant;
use crate::{admin, authorize, batch, compliance, graph, invoke, log, managed_identity, module_file, token};

/// A request whose body is there.
pub(crate) struct Request {
    pub(crate) head: hyper::http::request::Parts,
    pub(crate) body: Bytes,
    /// Scheme, host and port the client used, without a trailing slash.
    pub(crate) base: String,
    pub(crate) scheme: &'static str,
    /// Whether it came inside a batch; then it cannot be a batch, and tokens are elsewhere.
    pub(crate) in_batch: bool,
}

/// What comes of a request.
pub(crate) enum Outcome {
    Whole(Reply),
    /// The reply, spoilt on its way.
    Spoilt(Reply, Spoil),
    /// A body of this many bytes, length not announced.
    Oversize(u64),
    /// No reply ever.
    Hang,
    /// The connection closes without a reply.
    Close,
    /// The connection is reset without a reply.
    Reset,
}

/// What happens to a reply on its way.
#[derive(Clone, Copy)]
pub(crate) enum Spoil {
    /// Its full length is announced, half of it sent, and the connection broken off.
    BreakOff,
    /// Half of it is sent as if it were all.
    CutShort,
    /// It is sent byte by byte, with this pause before each.
    Drip(Duration),
    /// It is sent that much later.
    Delay(Duration),
}

/// What a request is for.
enum Purpose<'a> {
    Token { tenant: &'a str },
    DeviceCode { tenant: &'a str },
    Authorize { tenant: &'a str },
    ManagedIdentity(Place),
    Metadata { tenant: &'a str },
    Invoke { version: &'a str, tenant: &'a str, asked: invoke::Asked },
    Compliance { version: &'a str, tenant: &'a str, asked: invoke::Asked },
    Batch { version: &'a str, tenant: &'a str },
    ModuleFile { version: &'a str, tenant: &'a str },
    Banner { version: &'a str, tenant: &'a str },
    Graph(graph::Call),
    Nothing,
}

impl Request {
    /// Answers, or spoils the answer as ordered.
    pub(crate) fn answer(&self, tenant: &Tenant) -> Outcome {
        let purpose = self.purpose();
        let number = tenant.requests().arrived(self.log_entry(tenant, &purpose));
        let fault = match Fault::of_request(&self.head.headers) {
            Ok(None) => Ok(tenant.faults().strike(purpose.name(), purpose.about())),
            own => own,
        };
        let outcome = match fault {
            Err(what_to_do) => {
                Outcome::Whole(reply::json(StatusCode::BAD_REQUEST, &serde_json::json!({"error": what_to_do})))
            }
            Ok(fault) => self.struck(fault, tenant, &purpose),
        };
        match &outcome {
            Outcome::Whole(reply) | Outcome::Spoilt(reply, _) => {
                tenant.requests().answered(number, reply.status().as_u16());
            }
            Outcome::Oversize(_) => tenant.requests().answered(number, StatusCode::OK.as_u16()),
            Outcome::Hang | Outcome::Close | Outcome::Reset => {}
        }
        outcome
    }

    fn struck(&self, fault: Option<Fault>, tenant: &Tenant, purpose: &Purpose<'_>) -> Outcome {
        match fault {
            None => self.execute(tenant, purpose),
            Some(Fault::Truncate) => self.execute(tenant, purpose).spoilt(Spoil::BreakOff),
            Some(Fault::CutShort) => self.execute(tenant, purpose).spoilt(Spoil::CutShort),
            Some(Fault::Drip { pause_milliseconds: pause }) => {
                self.execute(tenant, purpose).spoilt(Spoil::Drip(Duration::from_millis(pause)))
            }
            Some(Fault::Delay { milliseconds: time }) => {
                self.execute(tenant, purpose).spoilt(Spoil::Delay(Duration::from_millis(time)))
            }
            Some(Fault::GzipLabel) => self.execute(tenant, purpose).labelled_gzip(),
            Some(Fault::Status { status, body, headers }) => {
                Outcome::Whole(fault::status_reply(status, body, &headers))
            }
            Some(Fault::NotJson) => Outcome::Whole(fault::not_json_reply()),
            Some(Fault::Oversize { bytes }) => Outcome::Oversize(bytes),
            Some(Fault::Hang) => Outcome::Hang,
            Some(Fault::Drop) => Outcome::Close,
            Some(Fault::Reset) => Outcome::Reset,
            Some(Fault::LoseReply) => {
                self.execute(tenant, purpose);
                Outcome::Close
            }
        }
    }

    pub(crate) fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    fn purpose(&self) -> Purpose<'_> {
        let segments: Vec<&str> = self.head.uri.path().split('/').skip(1).collect();
        let lower: Vec<String> = segments.iter().map(|segment| plain(segment)).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let method = &self.head.method;
        match (segments.as_slice(), lower.as_slice()) {
            ([tenant, ..], [_, "oauth2", "v2.0", "token"]) if method == Method::POST && !self.in_batch => {
                Purpose::Token { tenant }
            }
            ([tenant, ..], [_, "oauth2", "v2.0", "devicecode"]) if method == Method::POST && !self.in_batch => {
                Purpose::DeviceCode { tenant }
            }
            ([tenant, ..], [_, "oauth2", "v2.0", "authorize"]) if method == Method::GET && !self.in_batch => {
                Purpose::Authorize { tenant }
            }
            (_, path) if method == Method::GET && !self.in_batch && Place::of(path).is_some() => {
                Place::of(path).map_or(Purpose::Nothing, Purpose::ManagedIdentity)
            }
            ([tenant, ..], [_, "v2.0", ".well-known", "openid-configuration"])
                if method == Method::GET && !self.in_batch =>
            {
                Purpose::Metadata { tenant }
            }
            ([_, version, tenant, _], ["adminapi", "beta" | "v1.0", _, last]) => match *last {
                "invokecommand" => Purpose::Invoke { version, tenant, asked: invoke::parse(&self.body) },
                "$batch" if !self.in_batch => Purpose::Batch { version, tenant },
                "exomodulefile" => Purpose::ModuleFile { version, tenant },
                "exobanner('autogensession')" => Purpose::Banner { version, tenant },
                _ => Purpose::Nothing,
            },
            ([_, _, version, tenant, _], ["compliance", "adminapi", "beta" | "v1.0", _, "invokecommand"])
                if !self.in_batch =>
            {
                Purpose::Compliance { version, tenant, asked: invoke::parse(&self.body) }
            }
            ([_, path @ ..], ["graph", ..]) if !self.in_batch => Purpose::Graph(graph::Call::of(method, path)),
            _ => Purpose::Nothing,
        }
    }

    fn execute(&self, tenant: &Tenant, purpose: &Purpose<'_>) -> Outcome {
        let headers = &self.head.headers;
        Outcome::Whole(match purpose {
            Purpose::Token { tenant: name } => token::answer(tenant, &self.base, name, headers, &self.body),
            Purpose::DeviceCode { tenant: name } => token::device_code(tenant, &self.base, name, headers, &self.body),
            Purpose::Authorize { tenant: name } => authorize::answer(tenant, name, self.query()),
            Purpose::ManagedIdentity(place) => {
                managed_identity::answer(tenant, &self.base, *place, self.query(), headers)
            }
            Purpose::Metadata { tenant: name } => token::metadata(tenant, &self.base, name),
            Purpose::Invoke { version, tenant: name, asked } => {
                invoke::answer(tenant, &self.to_admin(tenant, version, name), asked)
            }
            Purpose::Compliance { version, tenant: name, asked } => {
                let base = format!("{}{}", self.base, compliance::PATH);
                let request = admin::Request {
                    base: &base,
                    resources: &tenant.compliance_resources,
                    ..self.to_admin(tenant, version, name)
                };
                compliance::answer(tenant, &self.base, &request, &self.head.uri, asked)
            }
            Purpose::Batch { version, tenant: name } => {
                return batch::answer(tenant, &self.to_admin(tenant, version, name), self)
            }
            Purpose::ModuleFile { version, tenant: name } => {
                module_file::answer(tenant, &self.to_admin(tenant, version, name))
            }
            Purpose::Banner { version, tenant: name } => {
                module_file::banner(tenant, &self.to_admin(tenant, version, name))
            }
            Purpose::Graph(call) => graph::answer(tenant, &self.to_graph(), call),
            Purpose::Nothing => reply::empty(StatusCode::NOT_FOUND),
        })
    }

    fn to_admin<'a>(&'a self, tenant: &'a Tenant, version: &'a str, name: &'a str) -> admin::Request<'a> {
        admin::Request {
            base: &self.base,
            version,
            tenant: name,
            query: self.query(),
            method: &self.head.method,
            headers: &self.head.headers,
            resources: &tenant.resources,
        }
    }

    fn to_graph(&self) -> graph::Request<'_> {
        graph::Request {
            base: &self.base,
            method: &self.head.method,
            path: self.head.uri.path(),
            query: self.query(),
            headers: &self.head.headers,
            body: &self.body,
        }
    }

    fn log_entry(&self, tenant: &Tenant, purpose: &Purpose<'_>) -> log::Request {
        let call = match purpose {
            Purpose::Invoke { asked: Ok(call), .. } | Purpose::Compliance { asked: Ok(call), .. } => Some(&call.input),
            _ => None,
        };
        log::Request {
            number: 0,
            time: wire_time(tenant.now()),
            listener: self.scheme,
            http_version: match self.head.version {
                Version::HTTP_2 => "2",
                Version::HTTP_10 => "1.0",
                _ => "1.1",
            },
            method: self.head.method.to_string(),
            path: self.head.uri.path().to_owned(),
            cmdlet: call.map(|input| input.name.clone()),
            parameters: call.map(|input| input.parameters.clone().into()),
            status: None,
            client_request_id: reply::header(&self.head.headers, "client-request-id").map(str::to_owned),
        }
    }
}

impl Purpose<'_> {
    /// What faults call it.
    fn name(&self) -> &str {
        match self {
            Self::Token { .. } => "token",
            Self::DeviceCode { .. } => "devicecode",
            Self::Authorize { .. } => "authorize",
            Self::ManagedIdentity(_) => "managed-identity",
            Self::Metadata { .. } => "openid-configuration",
            Self::Invoke { asked: Ok(call), .. } | Self::Compliance { asked: Ok(call), .. } => &call.input.name,
            Self::Batch { .. } => "$batch",
            Self::ModuleFile { .. } => "EXOModuleFile",
            Self::Banner { .. } => "EXOBanner",
            Self::Graph(call) => call.name(),
            Self::Invoke { .. } | Self::Compliance { .. } | Self::Nothing => "",
        }
    }

    /// The sender or connector that a call is about.
    fn about(&self) -> Option<&str> {
        match self {
            Self::Invoke { asked: Ok(call), .. } => call.input.about(),
            Self::Graph(call) => call.about(),
            _ => None,
        }
    }
}

impl Outcome {
    /// A reply without a body stays whole, but it may be late.
    fn spoilt(self, spoil: Spoil) -> Self {
        match self {
            Self::Whole(reply) if !reply.body().is_empty() || matches!(spoil, Spoil::Delay(_)) => {
                Self::Spoilt(reply, spoil)
            }
            other => other,
        }
    }

    fn labelled_gzip(mut self) -> Self {
        if let Self::Whole(reply) | Self::Spoilt(reply, _) = &mut self {
            reply::set(reply, hyper::header::CONTENT_ENCODING, "gzip");
        }
        self
    }
}

/// A path segment in lower case, without the escapes that clients like to write in these paths.
fn plain(segment: &str) -> String {
    let escapes = [("%24", "$"), ("%27", "'"), ("%28", "("), ("%29", ")")];
    escapes.into_iter().fold(segment.to_lowercase(), |text, (escape, character)| text.replace(escape, character))
}
