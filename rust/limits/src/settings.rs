//! What the documents of the service leave open. Each is an assumption (?) with a name.

/// Which hour the limits per hour of an outbound spam policy mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hour {
    /// The last 60 minutes.
    #[default]
    Rolling,
    /// From the full hour, UTC.
    Clock,
}

/// When a limit trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trip {
    /// When the last of it is used: nothing more goes out.
    Reaching,
    /// When more than that is used.
    Exceeding,
}

impl Trip {
    /// Whether whoever has used so much has no more.
    #[must_use]
    pub fn is_over(self, used: u32, limit: u32) -> bool {
        match self {
            Self::Reaching => used >= limit,
            Self::Exceeding => used > limit,
        }
    }
}

/// How to count where the service does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The hour of the limits per hour. (?)
    pub hour: Hour,
    /// When the limits of an outbound spam policy trip: "exceeding" in the service's own words. (?)
    pub policy: Trip,
    /// When the limits of the service trip. Of the recipient rate it is documented that nothing more goes out when
    /// 10,000 recipients are used; the limits of the organization are taken to be alike. (?)
    pub service: Trip,
}

impl Default for Settings {
    fn default() -> Self {
        Self { hour: Hour::default(), policy: Trip::Exceeding, service: Trip::Reaching }
    }
}
