//! SMTP submission: how people, devices and servers hand mail over. STARTTLS, AUTH PLAIN and LOGIN with the practice
//! accounts' passwords; whoever has not signed in is let in where a connector knows their address or certificate.
//!
//! A message is counted when the final reply to it is decided, once, whether or not the client is still there to read
//! it. Time is the tenant's.

mod auth;
mod certificate;
mod command;
mod data;
mod reply;
mod session;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::server::Door;
use crate::tenant::Tenant;

pub(crate) use certificate::Peers;

/// What the server calls itself.
pub(crate) const HOST: &str = "smtp.practice.example";

/// Sessions at once; who comes after them is sent away.
const MOST_SESSIONS: usize = 512;

/// How long a listener waits after a connection could not be accepted, in real time.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Serves a door until it is closed. Dropping the future ends its sessions.
pub(crate) async fn serve(door: Door, tls: TlsAcceptor, tenant: Arc<Tenant>) {
    let mut sessions = JoinSet::new();
    while let Some(accepted) = door.accept().await {
        while sessions.try_join_next().is_some() {}
        let Ok(stream) = accepted else {
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        };
        let (tls, tenant, is_full) = (tls.clone(), Arc::clone(&tenant), sessions.len() >= MOST_SESSIONS);
        sessions.spawn(async move {
            let _ = stream.set_nodelay(true);
            // How a session ends is the client's business.
            let _: io::Result<()> = session::serve(stream, tls, &tenant, is_full).await;
        });
    }
}
