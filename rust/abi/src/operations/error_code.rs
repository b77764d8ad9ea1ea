//! The table of errors, for the module's tests and for whoever maps codes.

use restricted_sender_core::error::{Code, Result};
use restricted_sender_core::host::{Host, Row};

use super::Spec;

pub const GET: Spec = Spec {
    name: "get-error-code",
    parameters: &[],
    input: &[],
    needs_connection: false,
    start: |start| Box::pin(async move { tell(&start.host).await }),
};

async fn tell(host: &Host) -> Result<()> {
    host.rows(Code::ALL.iter().copied().map(Row::ErrorCode).collect()).await
}
