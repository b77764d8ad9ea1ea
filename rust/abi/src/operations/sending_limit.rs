//! `Get-OutboundSendingLimit`.

use restricted_sender_core::error::Result;
use restricted_sender_core::limits::{self, Options};

use super::{Spec, Start, TARGET};
use crate::border::misuse;
use crate::cell::RsCellType;

pub const GET: Spec = Spec {
    name: "get-outbound-sending-limit",
    parameters: &[
        ("Everything", RsCellType::Bool),
        ("LicenseCount", RsCellType::Int64),
        ("IncludeUsage", RsCellType::Bool),
    ],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(get(start)),
};

async fn get(Start { session, mut parameters, host }: Start) -> Result<()> {
    let licenses = parameters.int("LicenseCount").map(u32::try_from).transpose();
    let license_count = licenses.map_err(|_| misuse("LicenseCount is not from 0 to 4294967295"))?;
    let (everything, include_usage) = (parameters.flag("Everything"), parameters.flag("IncludeUsage"));
    let options = Options { everything, license_count, include_usage };
    limits::get(&session.connected()?.connection, &options, &host).await
}
