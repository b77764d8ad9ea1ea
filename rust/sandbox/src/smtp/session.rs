//! One conversation with a client.

use std::net::IpAddr;
use std::time::Duration;
use std::{io, mem};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::auth::{self, Mechanism, Step};
use super::command::{self, Command};
use super::data::{address_in, Message, LARGEST};
use super::reply::Reply;
use super::wire::{within, Line, Wire, PATIENCE};
use super::{certificate, HOST};
use crate::outgoing::{self, is_spam, Submission, Submitter, Verdict};
use crate::tenant::Tenant;

/// Recipients of one message that are taken down; limits may allow fewer.
const MOST_RECIPIENTS: usize = 1000;

/// So many replies that something is wrong, and the client is sent away.
const MOST_ERRORS: u32 = 20;

/// So many wrong passwords, and the client is sent away.
const MOST_WRONG_PASSWORDS: u32 = 3;

/// What comes after a command.
enum Next {
    Say(Reply),
    StartTls,
    SignIn(Mechanism, Option<String>),
    Receive,
    Close,
}

/// How a conversation ends.
#[derive(PartialEq, Eq)]
enum End {
    StartTls,
    Close,
}

/// A message that is being addressed.
struct Envelope {
    from: String,
    recipients: Vec<String>,
}

struct Session<'a> {
    tenant: &'a Tenant,
    client_address: IpAddr,
    certificate_names: Vec<String>,
    is_secure: bool,
    has_greeted: bool,
    user: Option<String>,
    envelope: Option<Envelope>,
    errors: u32,
    wrong_passwords: u32,
}

/// Serves a client until one of the two has had enough.
pub(super) async fn serve(stream: TcpStream, tls: TlsAcceptor, tenant: &Tenant, is_full: bool) -> io::Result<()> {
    let client_address = stream.peer_addr()?.ip();
    let mut wire = Wire::new(stream, tenant.clock.clone());
    if is_full {
        wire.say(&Reply::new(421, "4.3.2 Service not available, too many connections"));
        return wire.flush().await;
    }
    let mut session = Session::new(tenant, client_address);
    wire.say(&greeting());
    if session.talk(&mut wire).await? == End::Close {
        return wire.flush().await;
    }
    wire.flush().await?;
    // What was sent ahead in the open could be somebody else's.
    let Some(stream) = wire.into_stream() else { return Ok(()) };
    let stream = within(&tenant.clock, PATIENCE, tls.accept(stream)).await?;
    let peer = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    session.is_secure = true;
    session.certificate_names = peer.map(|peer| certificate::names(peer)).unwrap_or_default();
    let mut wire = Wire::new(stream, tenant.clock.clone());
    session.talk(&mut wire).await?;
    wire.flush().await
}

fn greeting() -> Reply {
    Reply::new(220, format!("{HOST} ESMTP practice tenant ready"))
}

impl<'a> Session<'a> {
    fn new(tenant: &'a Tenant, client_address: IpAddr) -> Self {
        Self {
            tenant,
            client_address,
            certificate_names: Vec::new(),
            is_secure: false,
            has_greeted: false,
            user: None,
            envelope: None,
            errors: 0,
            wrong_passwords: 0,
        }
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, wire: &mut Wire<S>) -> io::Result<End> {
        loop {
            let line = wire.line(command::LONGEST).await;
            if line.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
                wire.say(&Reply::new(421, "4.4.1 Connection timed out"));
                return Ok(End::Close);
            }
            let next = match line? {
                Line::TooLong => Next::Say(Reply::new(500, "5.5.2 Line too long")),
                Line::Whole(line) => match Command::parse(&line) {
                    Ok(command) => self.obey(command),
                    Err(reply) => Next::Say(reply),
                },
            };
            let reply = match next {
                Next::Say(reply) => reply,
                Next::SignIn(mechanism, initial) => self.sign_in(wire, mechanism, initial).await?,
                Next::Receive => self.receive(wire).await?,
                Next::StartTls => {
                    wire.say(&Reply::new(220, "2.0.0 SMTP server ready"));
                    self.has_greeted = false;
                    return Ok(End::StartTls);
                }
                Next::Close => {
                    wire.say(&Reply::new(221, "2.0.0 Service closing transmission channel"));
                    return Ok(End::Close);
                }
            };
            wire.say(&reply);
            self.errors += u32::from(reply.is_bad());
            if self.errors >= MOST_ERRORS || self.wrong_passwords >= MOST_WRONG_PASSWORDS {
                wire.say(&Reply::new(421, "4.7.0 Too many errors on this connection, closing transmission channel"));
                return Ok(End::Close);
            }
        }
    }

    fn obey(&mut self, command: Command) -> Next {
        Next::Say(match command {
            Command::Hello { is_extended } => {
                (self.has_greeted, self.envelope) = (true, None);
                if is_extended {
                    self.extensions()
                } else {
                    Reply::new(250, HOST)
                }
            }
            Command::Nothing => Reply::ok(),
            Command::Verify => Reply::new(252, "2.1.5 Cannot VRFY user"),
            Command::Help => Reply::new(214, "2.0.0 See the practice tenant's README"),
            Command::Quit => return Next::Close,
            Command::Reset => {
                self.envelope = None;
                Reply::new(250, "2.0.0 Resetting")
            }
            Command::ClientAddress(address) if self.envelope.is_none() => {
                (self.client_address, self.has_greeted, self.user) = (address, false, None);
                greeting()
            }
            Command::StartTls if !self.is_secure && self.envelope.is_none() => return Next::StartTls,
            Command::Auth { .. } if !self.has_greeted || self.user.is_some() || self.envelope.is_some() => {
                Reply::bad_sequence()
            }
            Command::Auth { mechanism, initial } => match Mechanism::named(&mechanism) {
                Some(mechanism) if self.is_secure => return Next::SignIn(mechanism, initial),
                _ => Reply::new(504, "5.7.4 Unrecognized authentication type"),
            },
            Command::Mail { .. } if !self.has_greeted || self.envelope.is_some() => Reply::bad_sequence(),
            Command::Mail { size: Some(size), .. } if size > LARGEST => Reply::too_large(),
            Command::Mail { from, .. } => match self.submitter() {
                Some(_) => {
                    self.envelope = Some(Envelope { from, recipients: Vec::new() });
                    Reply::new(250, "2.1.0 Sender OK")
                }
                None => Reply::new(530, "5.7.57 Client not authenticated to send mail."),
            },
            Command::Recipient(address) => match &mut self.envelope {
                None => Reply::bad_sequence(),
                Some(envelope) if envelope.recipients.len() >= MOST_RECIPIENTS => {
                    Reply::new(452, "4.5.3 Too many recipients")
                }
                Some(envelope) => {
                    envelope.recipients.push(address);
                    Reply::new(250, "2.1.5 Recipient OK")
                }
            },
            Command::Data => match &self.envelope {
                Some(envelope) if !envelope.recipients.is_empty() => return Next::Receive,
                Some(_) => Reply::new(503, "5.5.2 Need rcpt command"),
                None => Reply::bad_sequence(),
            },
            Command::ClientAddress(_) | Command::StartTls => Reply::bad_sequence(),
        })
    }

    fn extensions(&self) -> Reply {
        let mut lines = vec![
            format!("{HOST} Hello [{}]", self.client_address).into(),
            format!("SIZE {LARGEST}").into(),
            "PIPELINING".into(),
            "ENHANCEDSTATUSCODES".into(),
            "8BITMIME".into(),
            "SMTPUTF8".into(),
            "XCLIENT ADDR".into(),
        ];
        lines.push(if self.is_secure { "AUTH LOGIN PLAIN" } else { "STARTTLS" }.into());
        Reply::lines(250, lines)
    }

    /// Who hands mail over: whoever has signed in, or the connector that knows the client.
    fn submitter(&self) -> Option<Submitter> {
        if let Some(user) = &self.user {
            return Some(Submitter::User(user.clone()));
        }
        let address = self.client_address.to_string();
        let all = &self.tenant.mail_flow.inbound;
        let by_certificate = all.iter().find(|connector| {
            let name = connector.certificate_name;
            name.is_some_and(|name| self.certificate_names.iter().any(|shown| shown.eq_ignore_ascii_case(name)))
        });
        let by_address = || all.iter().find(|connector| connector.sender_addresses.contains(&address.as_str()));
        by_certificate.or_else(by_address).map(|connector| Submitter::Connector(connector.guid))
    }

    async fn sign_in<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
        mut mechanism: Mechanism,
        initial: Option<String>,
    ) -> io::Result<Reply> {
        let mut answer = initial;
        let mut question = mechanism.question();
        loop {
            let text = match answer.take() {
                Some(text) => text,
                None => {
                    wire.say(&question);
                    match wire.line(auth::LONGEST).await? {
                        Line::Whole(line) => String::from_utf8_lossy(&line).into_owned(),
                        Line::TooLong => return Ok(Reply::new(500, "5.5.6 Authentication exchange line is too long")),
                    }
                }
            };
            if text == "*" {
                return Ok(Reply::new(501, "5.7.0 Authentication cancelled"));
            }
            let (user, password) = match mechanism.answer(&text) {
                Ok(Step::Ask(next)) => {
                    question = next;
                    continue;
                }
                Ok(Step::Told(user, password)) => (user, password),
                Err(reply) => return Ok(reply),
            };
            return Ok(match auth::sign_in(self.tenant, &user, &password) {
                Ok(upn) => {
                    self.user = Some(upn);
                    Reply::new(235, "2.7.0 Authentication successful")
                }
                Err(reply) => {
                    self.wrong_passwords += 1;
                    reply
                }
            });
        }
    }

    /// Takes the message in, to its end whatever it is like, and decides about it.
    async fn receive<S: AsyncRead + AsyncWrite + Unpin>(&mut self, wire: &mut Wire<S>) -> io::Result<Reply> {
        wire.say(&Reply::new(354, "Start mail input; end with <CRLF>.<CRLF>"));
        let mut message = Message::default();
        loop {
            let bytes = wire.bytes().await?;
            let (count, end) = (bytes.len(), message.push(bytes));
            wire.used(end.unwrap_or(count));
            if end.is_some() {
                break;
            }
        }
        let Some(envelope) = mem::take(&mut self.envelope) else { return Ok(Reply::bad_sequence()) };
        let Some(by) = self.submitter() else { return Ok(Reply::bad_sequence()) };
        if message.size > LARGEST {
            return Ok(Reply::too_large());
        }
        if message.has_bare_line_feed {
            let text = "5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds";
            return Ok(Reply::new(550, text));
        }
        let Some(header) = message.header() else {
            return Ok(Reply::new(552, "5.3.4 Header size exceeds fixed maximum size"));
        };
        let written = message.field("From");
        let from = written.as_deref().and_then(address_in).unwrap_or(&envelope.from);
        // Both senders must be theirs; the header's is looked at with the rest.
        let refused = outgoing::refuses(self.tenant, &by, &envelope.from).filter(|_| !envelope.from.is_empty());
        if let Some(refused) = refused {
            return Ok(Reply::from(&refused));
        }
        let subject = message.field("Subject").unwrap_or_default();
        let message_id = message.field("Message-ID");
        let submission = Submission {
            by: &by,
            from,
            recipients: &envelope.recipients,
            subject: &subject,
            message_id: message_id.as_deref(),
            client_address: &self.client_address.to_string(),
            size: u32::try_from(message.size).unwrap_or(u32::MAX),
            is_spam: is_spam(&subject) || is_spam(&String::from_utf8_lossy(&message.beginning)),
            header: Some(header),
        };
        self.hand_over(wire, &submission).await
    }

    /// Waits where a limit wants it. A client that goes meanwhile takes its message with it.
    async fn hand_over<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        wire: &mut Wire<S>,
        submission: &Submission<'_>,
    ) -> io::Result<Reply> {
        loop {
            let until = match outgoing::submit(self.tenant, submission) {
                Verdict::Accepted { trace_id } => {
                    return Ok(Reply::new(250, format!("2.0.0 OK {trace_id} Queued mail for delivery")));
                }
                Verdict::Refused(refused) => return Ok(Reply::from(&refused)),
                Verdict::Delayed { until } => until,
            };
            wire.flush().await?;
            let clock = &self.tenant.clock;
            let wait = Duration::try_from(until - clock.now()).unwrap_or_default();
            tokio::select! {
                () = clock.nap(wait) => {}
                () = wire.gone() => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}
