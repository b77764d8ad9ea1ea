//! What is said to a mail server, and what it answers (RFC 5321, RFC 3207, RFC 4954).

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use super::letter::Letter;
use crate::exchange::Secret;

/// A line of a reply has at most 512 bytes (RFC 5321, 4.5.3.1.5); who sends far more is no mail server.
const LONGEST_LINE: u64 = 4096;
const MOST_LINES: usize = 100;

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Whether it did what it was told, or wants to hear more.
    pub(super) fn is_good(&self) -> bool {
        self.code < 400
    }

    /// The words after the keyword of an extension, where it has that.
    fn extension(&self, name: &str) -> Option<Vec<String>> {
        let words = |line: &String| line.split_ascii_whitespace().map(str::to_ascii_uppercase).collect::<Vec<_>>();
        self.lines.iter().skip(1).map(words).find(|words| words.first().is_some_and(|first| first == name))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.lines.join(" "))
    }
}

/// A conversation with a server.
pub(super) struct Conversation<S> {
    stream: BufReader<S>,
    /// What this machine is called: its address.
    here: IpAddr,
    /// What the server can do.
    greeted: Reply,
}

impl Conversation<TcpStream> {
    /// Listens to the greeting.
    pub(super) async fn begin(stream: TcpStream) -> io::Result<Self> {
        let mut conversation = Self::on(stream.local_addr()?.ip(), stream);
        let greeting = conversation.reply().await?;
        accepted(&greeting)?;
        Ok(conversation)
    }

    /// Asks for encryption. A server that has none gets no password.
    pub(super) async fn start_tls(&mut self) -> io::Result<()> {
        if self.greeted.extension("STARTTLS").is_none() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it offers no encryption (STARTTLS)"));
        }
        accepted(&self.say("STARTTLS").await?)?;
        // What came with the answer was sent by whoever sits between (RFC 3207, 6).
        match self.stream.buffer().is_empty() {
            true => Ok(()),
            false => Err(invalid("it spoke before the connection was encrypted")),
        }
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream.into_inner()
    }
}

impl Conversation<TlsStream<TcpStream>> {
    /// Goes on, encrypted.
    pub(super) fn over(stream: TlsStream<TcpStream>) -> io::Result<Self> {
        Ok(Self::on(stream.get_ref().0.local_addr()?.ip(), stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<S> {
    fn on(here: IpAddr, stream: S) -> Self {
        Self { stream: BufReader::new(stream), here, greeted: Reply { code: 0, lines: Vec::new() } }
    }

    /// Says who is here, and learns what the server can do.
    pub(super) async fn hello(&mut self) -> io::Result<()> {
        let hello = match self.here {
            IpAddr::V4(address) => format!("EHLO [{address}]"),
            IpAddr::V6(address) => format!("EHLO [IPv6:{address}]"),
        };
        self.greeted = self.say(&hello).await?;
        accepted(&self.greeted)
    }

    /// Signs in with a password.
    pub(super) async fn sign_in(&mut self, user: &str, password: &Secret, patience: Duration) -> io::Result<Reply> {
        let offered = self.greeted.extension("AUTH").unwrap_or_default();
        let offers = |mechanism: &str| offered.iter().any(|offered| offered == mechanism);
        if offers("PLAIN") {
            let both = Zeroizing::new(format!("\0{user}\0{}", password.reveal()));
            let line = Zeroizing::new(format!("AUTH PLAIN {}", &*encoded(&both)));
            return within(patience, self.say(&line)).await;
        }
        if !offers("LOGIN") {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it offers no sign-in with a password"));
        }
        let mut reply = within(patience, self.say("AUTH LOGIN")).await?;
        for answer in [user, password.reveal()] {
            if reply.code != 334 {
                return Ok(reply);
            }
            reply = within(patience, self.say(&encoded(answer))).await?;
        }
        Ok(reply)
    }

    /// Says from whom a letter is and to whom. Returns what the server said last.
    pub(super) async fn envelope(&mut self, letter: &Letter, patience: Duration) -> io::Result<Reply> {
        let utf8 = match letter.is_international() {
            true if self.greeted.extension("SMTPUTF8").is_none() => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "it takes no addresses beyond ASCII (SMTPUTF8)",
                ));
            }
            true => " SMTPUTF8",
            false => "",
        };
        let from = format!("MAIL FROM:<{}>{utf8}", letter.from);
        let mut reply = Reply { code: 250, lines: Vec::new() };
        for line in [from, format!("RCPT TO:<{}>", letter.to), "DATA".to_owned()] {
            reply = within(patience, self.say(&line)).await?;
            if !reply.is_good() {
                break;
            }
        }
        Ok(reply)
    }

    /// Hands the letter over.
    pub(super) async fn message(&mut self, letter: &Letter, patience: Duration) -> io::Result<Reply> {
        let text = letter.text() + ".";
        within(patience, self.say(&text)).await
    }

    /// Takes leave. Nobody waits for the answer, and nothing depends on it.
    pub(super) async fn quit(mut self) {
        let _ = self.stream.write_all(b"QUIT\r\n").await;
        let _ = self.stream.shutdown().await;
    }

    async fn say(&mut self, line: &str) -> io::Result<Reply> {
        self.stream.write_all(line.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await?;
        self.stream.flush().await?;
        self.reply().await
    }

    /// `250-one`, `250-two`, `250 three`.
    async fn reply(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
            if read == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection"));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            let code = line.get(..3).and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code));
            let (Some(code), None | Some(b' ' | b'-')) = (code, line.as_bytes().get(3)) else {
                return Err(invalid("what it says is no mail server's reply"));
            };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
            if lines.len() >= MOST_LINES {
                return Err(invalid("its reply does not end"));
            }
        }
    }
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(text))
}

fn accepted(reply: &Reply) -> io::Result<()> {
    match reply.is_good() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::ConnectionRefused, format!("it said: {reply}"))),
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

async fn within<T>(patience: Duration, answer: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "it does not answer any more");
    timeout(patience, answer).await.map_err(late)?
}
