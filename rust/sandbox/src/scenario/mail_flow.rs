//! What directs Contoso's mail as a whole, and what was done to it.

use time::{Duration, OffsetDateTime, UtcOffset};

use super::history::ADMIN;
use super::Teller;
use crate::audit::{Actor, Occurrence};
use crate::mail_flow::{InboundConnector, MailFlow, OutboundConnector, TransportRule};
use crate::restriction::{Restrictions, Subject};

/// Makes the numbers of the mail flow its own, so that the rest stays as it was told.
pub(super) const NUMBERS: u64 = u64::from_be_bytes(*b"mailflow");

/// Somebody in no directory.
const STRANGER: &str = "svc-migration@contoso.onmicrosoft.com";

/// The connectors that the stranger changed, one after the other.
const ABUSED: &str = "On-premises relay to Microsoft 365";
const CHANGED_WITH_IT: &str = "Head office scanners";

/// Where the relayed spam comes from, and the certificate it shows.
pub(super) const FOREIGN_ADDRESS: &str = "203.0.113.45";
const FOREIGN_CERTIFICATE: &str = "relay.adatum.example";

impl Teller {
    pub(super) fn mail_flow(&mut self, list: &mut Restrictions, founded: OffsetDateTime) -> MailFlow {
        let restricted: Vec<_> = list
            .list(self.now)
            .filter_map(|(_, entry)| match &entry.subject {
                Subject::Connector { id, name, .. } => Some((*id, name.clone(), entry.created)),
                Subject::Sender { .. } => None,
            })
            .collect();
        let mut inbound: Vec<InboundConnector> =
            restricted.iter().map(|(guid, name, _)| connector(*guid, name.clone(), founded)).collect();
        if let Some((_, _, block)) = restricted.iter().find(|(_, name, _)| name == ABUSED) {
            inbound.push(connector(self.guid(), CHANGED_WITH_IT.to_owned(), founded));
            self.change_connectors(list, &mut inbound, *block);
        }
        MailFlow { rules: self.transport_rules(), inbound, outbound: self.outbound_connectors(founded) }
    }

    /// Hours before its restriction, somebody opened a connector to an address of their own.
    fn change_connectors(&mut self, list: &mut Restrictions, inbound: &mut [InboundConnector], block: OffsetDateTime) {
        let before = block.to_offset(UtcOffset::UTC).saturating_sub(Duration::hours(7));
        for (minutes, name) in [(0, ABUSED), (6, CHANGED_WITH_IT)] {
            let at = before.saturating_add(Duration::minutes(minutes));
            let Some(connector) = inbound.iter_mut().find(|connector| connector.name == name) else { continue };
            connector.sender_addresses.push(FOREIGN_ADDRESS);
            connector.certificate_name = Some(FOREIGN_CERTIFICATE);
            connector.changed = at;
            list.audit(self.now).tell(
                at,
                Occurrence::Command {
                    cmdlet: "Set-InboundConnector",
                    parameters: vec![
                        ("Identity", name.to_owned()),
                        ("SenderIPAddresses", connector.sender_addresses.join(";")),
                        ("TlsSenderCertificateName", FOREIGN_CERTIFICATE.to_owned()),
                    ],
                    actor: Actor::Intruder(STRANGER.to_owned()),
                },
            );
        }
    }

    fn transport_rules(&mut self) -> Vec<TransportRule> {
        [
            ("Disclaimer on mail to outside", 400, true, None, None, "Append the company's disclaimer."),
            ("Copies for customer service", 150, true, Some("service@contoso.com"), None, "Bcc the mail."),
            ("A former contractor", 230, false, None, Some("lidia.holloway@contoso.com"), "Redirect the mail."),
        ]
        .into_iter()
        .zip(0..)
        .map(|((name, days, is_enabled, blind_copy_to, redirect_to, description), priority)| TransportRule {
            guid: self.guid(),
            name,
            priority,
            is_enabled,
            description,
            blind_copy_to,
            redirect_to,
            changed: self.now.saturating_sub(Duration::days(days)),
            changed_by: ADMIN,
        })
        .collect()
    }

    fn outbound_connectors(&mut self, founded: OffsetDateTime) -> Vec<OutboundConnector> {
        vec![OutboundConnector {
            guid: self.guid(),
            name: "To the head office",
            recipient_domain: "print.contoso.com",
            smart_host: "[198.51.100.10]",
            created: founded,
            changed: self.now.saturating_sub(Duration::days(330)),
        }]
    }
}

/// One with nothing out of the ordinary.
fn connector(guid: uuid::Uuid, name: String, founded: OffsetDateTime) -> InboundConnector {
    let (is_on_premises, address, certificate) = match name.as_str() {
        "Fabrikam newsletter service" => (false, "198.51.100.60", Some("mail.fabrikam.example")),
        "Branch office printers" => (true, "198.51.100.77", None),
        CHANGED_WITH_IT => (true, "198.51.100.11", Some("mail.contoso.com")),
        _ => (true, "198.51.100.10", Some("mail.contoso.com")),
    };
    InboundConnector {
        guid,
        name,
        is_on_premises,
        sender_addresses: vec![address],
        certificate_name: certificate,
        created: founded,
        changed: founded.saturating_add(Duration::days(90)),
    }
}
