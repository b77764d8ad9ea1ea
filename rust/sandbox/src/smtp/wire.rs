//! Bytes to and from a client: lines, timeouts by the tenant's clock, and replies held back while commands that were
//! sent together are answered.

use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::BufMut;
use restricted_sender_clock::Clock;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::reply::Reply;

/// How long the client may take for its next bytes (RFC 5321 says five minutes for most commands).
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// How often the tenant's clock is looked at while somebody is waited for, in real time.
const LOOK: Duration = Duration::from_millis(50);

/// How much is read at once, and how much a client can send ahead while it waits.
const CHUNK: usize = 16 * 1024;

/// A line, without its end.
pub(super) enum Line {
    Whole(Vec<u8>),
    /// What was too long is gone.
    TooLong,
}

pub(super) struct Wire<S> {
    stream: S,
    clock: Clock,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, clock: Clock) -> Self {
        Self { stream, clock, input: Vec::new(), output: Vec::new() }
    }

    /// Where the line itself goes on; `None` if the client has sent ahead, which it must not do before TLS.
    pub(super) fn into_stream(self) -> Option<S> {
        self.input.is_empty().then_some(self.stream)
    }

    /// Says something, at the latest before the client is waited for.
    pub(super) fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.output);
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let Self { stream, clock, output, .. } = self;
        let written = async {
            stream.write_all(output).await?;
            stream.flush().await
        };
        within(clock, PATIENCE, written).await?;
        self.output.clear();
        Ok(())
    }

    /// The next line of at most so many bytes. A line that ends without a return is one.
    pub(super) async fn line(&mut self, longest: usize) -> io::Result<Line> {
        let mut is_too_long = false;
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.input.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(if is_too_long || line.len() > longest { Line::TooLong } else { Line::Whole(line) });
            }
            if self.input.len() > longest {
                is_too_long = true;
                self.input.clear();
            }
            self.fill().await?;
        }
    }

    /// What has come and is not used yet, at least one byte. Whoever uses some of it says so with
    /// [`used`](Self::used).
    pub(super) async fn bytes(&mut self) -> io::Result<&[u8]> {
        if self.input.is_empty() {
            self.fill().await?;
        }
        Ok(&self.input)
    }

    pub(super) fn used(&mut self, count: usize) {
        self.input.drain(..count.min(self.input.len()));
    }

    /// Waits for more, after everything that was to be said.
    async fn fill(&mut self) -> io::Result<()> {
        self.flush().await?;
        let Self { stream, clock, input, .. } = self;
        let read = within(clock, PATIENCE, stream.read_buf(&mut input.limit(CHUNK))).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Returns when the client has gone, if it has not sent too much ahead to see that.
    pub(super) async fn gone(&mut self) {
        while self.input.len() < CHUNK {
            if !matches!(self.stream.read_buf(&mut (&mut self.input).limit(CHUNK)).await, Ok(1..)) {
                return;
            }
        }
        std::future::pending().await
    }
}

/// What comes of something within a time by a clock that may stand still; a client that takes longer is gone.
///
/// This is no sleep of the clock's own, which would let one that stands still jump over the client.
pub(super) async fn within<T>(
    clock: &Clock,
    time: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let end = clock.now().saturating_add(time::Duration::try_from(time).unwrap_or(time::Duration::MAX));
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK) => {
                if clock.now() >= end {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }
}
