//! How much may be sent: by the policies of an organization, and by the service itself.

/// The limits of an outbound spam policy; by default it sets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// `RecipientLimitExternalPerHour`; 0 sets none, and leaves the service's own.
    pub external_per_hour: u32,
    /// `RecipientLimitInternalPerHour`; 0 sets none.
    pub internal_per_hour: u32,
    /// `RecipientLimitPerDay`; 0 sets none. A day is one of UTC.
    pub per_day: u32,
    /// `ActionWhenThresholdReached`.
    pub action: Action,
}

/// `ActionWhenThresholdReached` of an outbound spam policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// Nobody is blocked.
    Alert,
    /// Blocked until the next day, UTC.
    #[default]
    BlockUserForToday,
    /// Blocked until an admin unblocks.
    BlockUser,
}

impl Action {
    /// The service's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::BlockUserForToday => "BlockUserForToday",
            Self::BlockUser => "BlockUser",
        }
    }

    /// The action of that name, without regard to case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Alert, Self::BlockUserForToday, Self::BlockUser];
        all.into_iter().find(|action| action.name().eq_ignore_ascii_case(name))
    }
}

/// The limits of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceLimits {
    /// Recipients of a user in any 24 hours.
    pub recipient_rate: u32,
    /// Messages of a user in any minute; what comes faster is delayed.
    pub messages_per_minute: u32,
    /// Recipients of one message: 500 by default, 1 to 1,000.
    pub recipients_per_message: u32,
    /// External recipients of the organization in any 24 hours.
    pub tenant_external: u32,
    /// External recipients of mail from the organization's onmicrosoft.com domain in any 24 hours.
    pub initial_domain: u32,
}

impl ServiceLimits {
    /// The tenant external recipient rate limit of a trial.
    pub const TRIAL: u32 = 5000;

    /// The limits of an organization with so many licences.
    #[must_use]
    pub fn of_licences(licences: u32) -> Self {
        Self { tenant_external: Self::tenant_external(licences), ..Self::trial() }
    }

    /// The limits of an organization on trial.
    #[must_use]
    pub fn trial() -> Self {
        Self {
            recipient_rate: 10_000,
            messages_per_minute: 30,
            recipients_per_message: 500,
            tenant_external: Self::TRIAL,
            initial_domain: 100,
        }
    }

    /// The tenant external recipient rate limit: 500 × licences to the power of 0.7 + 9,500, rounded.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the casts saturate")]
    pub fn tenant_external(licences: u32) -> u32 {
        (500.0 * f64::from(licences).powf(0.7) + 9500.0).round() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_figures_of_the_tenant_external_recipient_rate_limit() {
        let documented = [(1, 10_000), (10, 12_006), (25, 14_259), (100, 22_059), (1000, 72_446), (10_000, 324_979)];
        for (licences, limit) in documented {
            assert_eq!(ServiceLimits::of_licences(licences).tenant_external, limit, "{licences} licences");
        }
        assert_eq!(ServiceLimits::trial().tenant_external, 5000);
    }
}
