//! The line to a client, which can be told to break.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// The order to end a connection. Clones are of the same connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct HangUp(Arc<Order>);

#[derive(Debug, Default)]
struct Order {
    ordered: Notify,
    by_reset: AtomicBool,
}

impl HangUp {
    /// Closes the connection; whoever waits for a reply of it waits in vain.
    pub(crate) async fn close<T>(&self) -> T {
        self.0.ordered.notify_one();
        std::future::pending().await
    }

    /// Resets the connection, as a firewall or a crashed machine does.
    pub(crate) async fn reset<T>(&self) -> T {
        self.0.by_reset.store(true, Ordering::Relaxed);
        self.close().await
    }

    /// Returns when the connection is to end.
    pub(crate) async fn ordered(&self) {
        self.0.ordered.notified().await;
    }
}

/// A connection that ends as its [`HangUp`] says.
pub(crate) struct Line {
    stream: TcpStream,
    hang_up: HangUp,
}

impl Line {
    pub(crate) fn new(stream: TcpStream, hang_up: HangUp) -> Self {
        Self { stream, hang_up }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.hang_up.0.by_reset.load(Ordering::Relaxed) {
            // A socket that does not linger is reset when it is closed. Newer versions of tokio prefer another name.
            #[allow(deprecated)]
            let _ = self.stream.set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
