//! A message, as limits see it.

use crate::engine::SenderId;
use crate::second::Second;

/// A message that somebody hands to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submission {
    /// When. A submission earlier than the one before it counts as of the same second as that.
    pub at: Second,
    /// Who has signed in to send it. The From address only selects the policy.
    pub sender: SenderId,
    /// To how many.
    pub recipients: Recipients,
    /// Whether the From address is of the organization's onmicrosoft.com domain.
    pub from_initial_domain: bool,
}

/// How many recipients a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recipients {
    /// Inside the organization, a group of it counted once.
    pub internal: u32,
    /// Outside the organization.
    pub external: u32,
    /// Outside the organization when the groups are expanded, as the limits of the organization count.
    pub expanded_external: u32,
}

/// A recipient of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Somebody of the organization.
    Internal,
    /// Somebody else.
    External,
    /// A distribution group of the organization: one recipient for its sender, however many members it has.
    Group {
        /// How many of its members are outside.
        external_members: u32,
    },
}

impl Recipients {
    /// All of them, as the limits of a user count.
    #[must_use]
    pub fn all(self) -> u32 {
        self.internal.saturating_add(self.external)
    }
}

impl FromIterator<Recipient> for Recipients {
    fn from_iter<T: IntoIterator<Item = Recipient>>(recipients: T) -> Self {
        let mut counted = Self::default();
        for recipient in recipients {
            let (internal, external, expanded) = match recipient {
                Recipient::Internal => (1, 0, 0),
                Recipient::External => (0, 1, 1),
                Recipient::Group { external_members } => (1, 0, external_members),
            };
            counted.internal = counted.internal.saturating_add(internal);
            counted.external = counted.external.saturating_add(external);
            counted.expanded_external = counted.expanded_external.saturating_add(expanded);
        }
        counted
    }
}
