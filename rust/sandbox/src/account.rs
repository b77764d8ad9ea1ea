//! People in the organization's directory (Microsoft Entra ID): how they sign in, what they are allowed, how risky
//! they look. Pure: takes the time as an argument.

use std::collections::HashMap;
use std::sync::Arc;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
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
        self.password = Some(Password { digest: digest(password), must_change });
        self.password_changed = now;
        // A new password ends the sessions that the old one began.
        self.sessions_valid_from = now;
    }
}

/// Lengths of a password that the directory takes, in characters.
const SHORTEST_PASSWORD: usize = 8;
const LONGEST_PASSWORD: usize = 256;

/// Whether the directory takes it: three of four kinds of characters.
pub(crate) fn is_complex(password: &str) -> bool {
    let kinds: [fn(char) -> bool; 4] = [
        |character| character.is_ascii_lowercase(),
        |character| character.is_ascii_uppercase(),
        |character| character.is_ascii_digit(),
        |character| !character.is_alphanumeric(),
    ];
    let length = password.chars().count();
    (SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&length)
        && kinds.iter().filter(|is_of_kind| password.chars().any(is_of_kind)).count() >= 3
}

/// Why somebody cannot hand mail over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotSignedIn {
    /// Or one that must be changed first, or nobody has this name.
    WrongPassword,
    Disabled,
    /// The mailbox takes no mail from programs with a password alone.
    SmtpDisabled,
}

/// Everybody, and the applications that somebody has consented to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    all: Vec<Account>,
    by_name: HashMap<String, usize>,
    /// Decides the passwords that everybody begins with.
    seed: u64,
    pub(crate) service_principals: Vec<Arc<ServicePrincipal>>,
}

impl Accounts {
    pub(crate) fn new(all: Vec<Account>, service_principals: Vec<Arc<ServicePrincipal>>, seed: u64) -> Self {
        let names = all.iter().enumerate().flat_map(|(place, account)| {
            [account.id.to_string(), account.upn.to_lowercase()].map(|name| (name, place))
        });
        Self { by_name: names.collect(), all, seed, service_principals }
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

    /// The password that somebody begins with, good until another one is set.
    pub(crate) fn first_password(&self, account: &Account) -> String {
        let digest = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update("password")
            .chain_update(account.upn.to_lowercase())
            .finalize();
        URL_SAFE_NO_PAD.encode(digest.first_chunk::<12>().copied().unwrap_or_default())
    }

    /// Signs somebody in who hands mail over. The user principal name as the directory writes it.
    pub(crate) fn sign_in_to_send(&self, upn: &str, password: &str) -> Result<String, NotSignedIn> {
        let account = self.find(upn).filter(|account| account.upn.eq_ignore_ascii_case(upn));
        let account = account.ok_or(NotSignedIn::WrongPassword)?;
        let is_right = match &account.password {
            Some(set) => set.digest == digest(password) && !set.must_change,
            None => self.first_password(account) == password,
        };
        match account.mailbox.smtp_auth_disabled {
            _ if !is_right => Err(NotSignedIn::WrongPassword),
            _ if !account.enabled => Err(NotSignedIn::Disabled),
            Some(true) => Err(NotSignedIn::SmtpDisabled),
            // As the organization has it, which is open here.
            Some(false) | None => Ok(account.upn.clone()),
        }
    }
}

/// SHA-256 in lower-case hexadecimal digits.
fn digest(password: &str) -> String {
    Sha256::digest(password).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords() {
        for good in ["Abcdefg1", "abcdef1!", "ABCDEF1!", &"aB1".repeat(85)] {
            assert!(is_complex(good), "{good}");
        }
        for bad in ["", "Abcdef1", "abcdefgh", "Abcdefgh", "abcdefg1", &"aB1!".repeat(65)] {
            assert!(!is_complex(bad), "{bad}");
        }
    }
}
