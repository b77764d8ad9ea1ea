//! What directs the organization's mail as a whole: transport rules and connectors.

use time::OffsetDateTime;
use uuid::Uuid;

/// A rule that all mail passes.
#[derive(Clone, Debug)]
pub(crate) struct TransportRule {
    pub(crate) guid: Uuid,
    pub(crate) name: &'static str,
    pub(crate) priority: u8,
    pub(crate) is_enabled: bool,
    pub(crate) description: &'static str,
    pub(crate) blind_copy_to: Option<&'static str>,
    pub(crate) redirect_to: Option<&'static str>,
    pub(crate) changed: OffsetDateTime,
    pub(crate) changed_by: &'static str,
}

/// The way that mail comes in from somebody who is trusted to relay.
#[derive(Clone, Debug)]
pub(crate) struct InboundConnector {
    pub(crate) guid: Uuid,
    pub(crate) name: String,
    /// Whether it leads from the organization's own servers; otherwise from a partner.
    pub(crate) is_on_premises: bool,
    pub(crate) sender_addresses: Vec<&'static str>,
    /// The name in the certificate that the other side must show.
    pub(crate) certificate_name: Option<&'static str>,
    pub(crate) created: OffsetDateTime,
    pub(crate) changed: OffsetDateTime,
}

/// The way that mail goes out where it does not go by DNS.
#[derive(Clone, Debug)]
pub(crate) struct OutboundConnector {
    pub(crate) guid: Uuid,
    pub(crate) name: &'static str,
    pub(crate) recipient_domain: &'static str,
    pub(crate) smart_host: &'static str,
    pub(crate) created: OffsetDateTime,
    pub(crate) changed: OffsetDateTime,
}

/// All of it; only the story makes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailFlow {
    pub(crate) rules: Vec<TransportRule>,
    pub(crate) inbound: Vec<InboundConnector>,
    pub(crate) outbound: Vec<OutboundConnector>,
}
