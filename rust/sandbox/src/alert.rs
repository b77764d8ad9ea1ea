//! Alerts about senders: the policies that every organization has, and what they have been raised about.

use std::collections::VecDeque;

use time::{Duration, OffsetDateTime};
use uuid::{uuid, Uuid};

/// How much later than it happened an alert is there (?).
const LATENESS: Duration = Duration::minutes(5);

/// How many alerts are kept; the oldest go.
const MOST_ALERTS: usize = 10_000;

/// An alert policy about senders.
pub(crate) struct AlertPolicy {
    pub(crate) name: &'static str,
    pub(crate) id: Uuid,
    pub(crate) operation: &'static str,
    pub(crate) severity: &'static str,
}

/// Those that every organization has; [`AlertKind`] tells the places of some.
pub(crate) const POLICIES: [AlertPolicy; 7] = [
    AlertPolicy {
        name: "User restricted from sending email",
        id: uuid!("7a4e7306-bbcb-401f-b112-8ca5f798a230"),
        operation: "CompromisedAccount",
        severity: "High",
    },
    AlertPolicy {
        name: "Email sending limit exceeded",
        id: uuid!("2cc44934-4d16-420b-b4e8-74a77fd0ab24"),
        operation: "EmailSendingLimitExceeded",
        severity: "Medium",
    },
    AlertPolicy {
        name: "Suspicious email sending patterns detected",
        id: uuid!("be215649-fba8-4339-9ddd-05991a43b948"),
        operation: "CompromisedWarningAccount",
        severity: "Medium",
    },
    AlertPolicy {
        name: "Suspicious connector activity",
        id: uuid!("8bb9c6c8-dc12-40e1-5bb8-08da05b13393"),
        operation: "ConnectorAbuse",
        severity: "High",
    },
    AlertPolicy {
        name: "Tenant restricted from sending email",
        id: uuid!("a7032ff5-7eee-412b-805b-d1295c7e0932"),
        operation: "CompromisedTenantAccount",
        severity: "High",
    },
    AlertPolicy {
        name: "Tenant restricted from sending unprovisioned email",
        id: uuid!("5ed2d687-9bd3-49e7-9b56-b7dc0d9af5cb"),
        operation: "CompromisedUnprovisionedTenantAccount",
        severity: "High",
    },
    AlertPolicy {
        name: "Suspicious tenant sending patterns observed",
        id: uuid!("05b9e850-6d9d-4bab-a5c0-f54db2e7e887"),
        operation: "TenantExceedsThresholdEarlyAlert",
        severity: "High",
    },
];

/// What is raised here; the other policies stay silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlertKind {
    UserRestricted,
    LimitExceeded,
    SuspiciousPatterns,
}

impl AlertKind {
    fn policy(self) -> &'static AlertPolicy {
        let [restricted, exceeded, suspicious, ..] = &POLICIES;
        match self {
            Self::UserRestricted => restricted,
            Self::LimitExceeded => exceeded,
            Self::SuspiciousPatterns => suspicious,
        }
    }
}

/// An alert that was raised.
pub(crate) struct Alert {
    pub(crate) policy: &'static AlertPolicy,
    /// Whom it is about.
    pub(crate) entity: String,
    pub(crate) at: OffsetDateTime,
}

/// All that were raised, oldest first.
#[derive(Default)]
pub(crate) struct Alerts(VecDeque<Alert>);

impl Alerts {
    pub(crate) fn raise(&mut self, kind: AlertKind, entity: &str, at: OffsetDateTime) {
        if self.0.len() >= MOST_ALERTS {
            self.0.pop_front();
        }
        self.0.push_back(Alert { policy: kind.policy(), entity: entity.to_owned(), at });
    }

    /// Those that are there now.
    pub(crate) fn arrived(&self, now: OffsetDateTime) -> impl Iterator<Item = &Alert> {
        self.0.iter().filter(move |alert| alert.at.saturating_add(LATENESS) <= now)
    }
}
