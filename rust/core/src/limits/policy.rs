//! What an outbound spam policy allows (`Get-HostedOutboundSpamFilterPolicy`).

use restricted_sender_limits::Action;
use time::OffsetDateTime;

use crate::exchange::Record;

/// A policy.
#[derive(Debug, Clone)]
pub struct OutboundPolicy {
    pub name: String,
    /// Whether it is for everybody whom no rule leads elsewhere.
    pub is_default: bool,
    /// What happens to whoever exceeds a limit; nothing where the service names none that this version knows.
    pub action: Option<Action>,
    /// `RecipientLimitExternalPerHour`, as set: 0 leaves it to the service. Nothing where it cannot be read, as below.
    pub external_per_hour: Option<u32>,
    /// `RecipientLimitInternalPerHour`.
    pub internal_per_hour: Option<u32>,
    /// `RecipientLimitPerDay`.
    pub per_day: Option<u32>,
    /// When it was last changed, where the service tells.
    pub changed: Option<OffsetDateTime>,
}

impl OutboundPolicy {
    /// Reads a row of `Get-HostedOutboundSpamFilterPolicy`; nothing for one without a name.
    pub fn read(mut row: Record) -> Option<Self> {
        let mut limit = |name| row.take_int(name).and_then(|limit| u32::try_from(limit).ok());
        let [external_per_hour, internal_per_hour, per_day] = LIMITS.map(&mut limit);
        Some(Self {
            name: row.take_text("Name").or_else(|| row.take_text("Identity"))?,
            is_default: row.take_bool("IsDefault").unwrap_or_default(),
            action: row.take_text("ActionWhenThresholdReached").and_then(|name| Action::named(&name)),
            external_per_hour,
            internal_per_hour,
            per_day,
            changed: changed(&mut row),
        })
    }

    /// Its limits under the names of Exchange.
    pub fn limits(&self) -> [(&'static str, Option<u32>); 3] {
        let [external, internal, per_day] = LIMITS;
        [(external, self.external_per_hour), (internal, self.internal_per_hour), (per_day, self.per_day)]
    }
}

const LIMITS: [&str; 3] = ["RecipientLimitExternalPerHour", "RecipientLimitInternalPerHour", "RecipientLimitPerDay"];

/// When a policy or a rule was last changed. `WhenChanged` has no offset in some replies, so that it is only asked
/// where there is no UTC time.
pub fn changed(row: &mut Record) -> Option<OffsetDateTime> {
    row.take_date("WhenChangedUTC").or_else(|| row.take_date("WhenChanged"))
}
