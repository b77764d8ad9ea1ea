//! Reads what the message trace tells of a sender, or of a connector's addresses.

use time::{Duration, OffsetDateTime};

use super::Reading;
use crate::error::Result;
use crate::evidence::dossier::{Dossier, Has};
use crate::evidence::facts::Sent;
use crate::exchange::Cmdlet;

/// The most messages that are looked at: one page of the trace.
const MOST_MESSAGES: i64 = 1000;

/// How far back the trace is read: the most that one query takes is ten days, of which one is for after the block. It
/// reaches beyond the baseline, so that it shows where the mail came from before.
const TRACE: Duration = Duration::days(9);

/// How many further windows of the trace before that are read of a sender over a limit.
const EARLIER: i32 = 4;

/// How many of a connector's addresses are looked for in the trace.
const MOST_ADDRESSES: usize = 4;

impl Reading<'_, '_> {
    /// What the sender has sent lately. Of a mailbox it only shows what the sender looks like.
    pub(super) async fn sent(&self, dossier: &Dossier) -> Result<Vec<Sent>> {
        let shows_look = self.look && self.is_over_a_limit();
        let is_outside = matches!(dossier.has_mailbox(), Has::No(_));
        if !is_outside && !shows_look {
            return Ok(Vec::new());
        }
        let (start, end) = self.window();
        // A sender writes from the address that it is listed by, unless that is only the name it signs in with.
        let principal = dossier.recipient().and_then(|known| known.principal.as_deref());
        let signs_in = principal.is_some_and(|principal| principal.eq_ignore_ascii_case(&dossier.address));
        let primary = dossier.recipient().and_then(|known| known.primary.as_deref()).filter(|_| signs_in);
        let sender = primary.unwrap_or(&dossier.address);
        let mut sent = self.trace("SenderAddress", sender, start, end).await?;
        if shows_look {
            // A mailing by itself is told from a job by what was sent in the weeks before.
            for window in 1..=EARLIER {
                let back = (TRACE + Duration::DAY) * window;
                sent.extend(
                    self.trace("SenderAddress", sender, start - back, start - back + TRACE + Duration::DAY).await?,
                );
            }
        }
        Ok(sent)
    }

    /// What came from a connector's addresses, or from the one that the service blames.
    pub(super) async fn relayed(&self, dossier: &Dossier) -> Result<Vec<Sent>> {
        let blamed = dossier.reason.as_ref().and_then(|reason| reason.client_ip);
        let addresses = dossier.connector.iter().flat_map(|connector| &connector.addresses);
        let mut addresses: Vec<_> = blamed.into_iter().chain(addresses.filter_map(|text| text.parse().ok())).collect();
        addresses.dedup();
        let (mut sent, (start, end)) = (Vec::new(), self.window());
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            sent.extend(self.trace("FromIP", &address.to_string(), start, end).await?);
        }
        Ok(sent)
    }

    /// Some days before the block, and the day after it.
    fn window(&self) -> (OffsetDateTime, OffsetDateTime) {
        (self.frame.since - TRACE, (self.frame.since + Duration::DAY).min(self.frame.now))
    }

    async fn trace(
        &self,
        parameter: &str,
        value: &str,
        start: OffsetDateTime,
        end: OffsetDateTime,
    ) -> Result<Vec<Sent>> {
        let cmdlet = Cmdlet::new("Get-MessageTraceV2")
            .with(parameter, Some(value))
            .with_moment("StartDate", start)
            .with_moment("EndDate", end)
            .with_value("ResultSize", MOST_MESSAGES);
        Ok(self.organization.cmdlet(cmdlet).await?.into_iter().map(Sent::read).collect())
    }
}
