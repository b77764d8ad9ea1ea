//! People in the organization's directory (Microsoft Entra ID): how they sign in, what they are allowed, how risky
//! they look. Pure: takes the time as an argument.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::mailbox::Mailbox;

/// What a person proves their identity with, beside the password that everybody has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Method {
    pub(crate) id: Uuid,
    pub(crate) kind: MethodKind,
    /// Some kinds do not tell.
    pub(crate) added: Option<OffsetDateTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MethodKind {
    /// Microsoft Authenticator on a phone of this name.
    Authenticator {
        phone: &'static str,
    },
    /// A call or a text message to this number.
    Phone {
        number: &'static str,
    },
    SecurityKey {
        name: &'static str,
    },
}

/// A group or a role that somebody belongs to, directly or through another group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) kind: MembershipKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MembershipKind {
    Group,
    /// A directory role, by its template, which is the same in every organization.
    Role {
        template: Uuid,
    },
}

/// An application of somebody else that the organization knows, since a person has consented to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServicePrincipal {
    pub(crate) id: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) name: &'static str,
    /// The organization that made it.
    pub(crate) owner: Uuid,
    pub(crate) created: OffsetDateTime,
}

/// What a person allowed an application to do in their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) id: String,
    pub(crate) client: Arc<ServicePrincipal>,
    pub(crate) resource: Arc<ServicePrincipal>,
    /// Names of permissions, with spaces between them.
    pub(crate) scope: &'static str,
}

/// What Identity Protection thinks of somebody; of most people it thinks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Risk {
    pub(crate) level: &'static str,
    pub(crate) state: &'static str,
    pub(crate) detail: &'static str,
    pub(crate) updated: OffsetDateTime,
}

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) upn: String,
    pub(crate) display_name: String,
    pub(crate) mail: Option<String>,
    pub(crate) created: OffsetDateTime,
    pub(crate) enabled: bool,
    /// Whether the on-premises directory is its master.
    pub(crate) synchronized: bool,
    pub(crate) password_changed: OffsetDateTime,
    /// Refresh tokens given out before are not good.
    pub(crate) sessions_valid_from: OffsetDateTime,
    pub(crate) methods: Vec<Method>,
    pub(crate) member_of: Vec<Membership>,
    pub(crate) consents: Vec<Consent>,
    pub(crate) risk: Option<Risk>,
    /// The password that somebody has set here.
    pub(crate) password: Option<Password>,
    pub(crate) mailbox: Mailbox,
}

/// A password as the directory keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Password {
    /// SHA-256 in lower-case hexadecimal digits, so that a drill can see whether it is the one it was told.
    pub(crate) digest: String,
    pub(crate) must_change: bool,
}

impl Account {
    pub(crate) fn set_password(&mut self, password: &str, must_change: bool, now: OffsetDateTime) {
        let digest = Sha256::digest(password).iter().map(|byte| format!("{byte:02x}")).collect();
        self.password = Some(Password { digest, must_change });
        self.password_changed = now;
        // A new password ends the sessions that the old one began.
        self.sessions_valid_from = now;
    }
}

/// Everybody, and the applications that somebody has consented to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    all: Vec<Account>,
    by_name: HashMap<String, usize>,
    pub(crate) service_principals: Vec<Arc<ServicePrincipal>>,
}

impl Accounts {
    pub(crate) fn new(all: Vec<Account>, service_principals: Vec<Arc<ServicePrincipal>>) -> Self {
        let names = all.iter().enumerate().flat_map(|(place, account)| {
            [account.id.to_string(), account.upn.to_lowercase()].map(|name| (name, place))
        });
        Self { by_name: names.collect(), all, service_principals }
    }

    pub(crate) fn all(&self) -> &[Account] {
        &self.all
    }

    /// By identifier or user principal name; other addresses mean nothing here.
    pub(crate) fn find(&self, name: &str) -> Option<&Account> {
        self.by_name.get(&name.to_lowercase()).and_then(|place| self.all.get(*place))
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.by_name.get(&name.to_lowercase()).and_then(|place| self.all.get_mut(*place))
    }
}
