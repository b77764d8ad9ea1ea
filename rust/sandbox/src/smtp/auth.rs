//! Signing in with a user principal name and a password.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

use super::reply::Reply;
use crate::account::NotSignedIn;
use crate::tenant::Tenant;

/// The longest line of an answer, in bytes.
pub(super) const LONGEST: usize = 12_288;

/// A conversation about who the client is.
pub(super) enum Mechanism {
    Plain,
    Login { user: Option<String> },
}

/// What comes of an answer.
pub(super) enum Step {
    /// Another question.
    Ask(Reply),
    /// The name and the password.
    Told(String, String),
}

impl Mechanism {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "PLAIN" => Some(Self::Plain),
            "LOGIN" => Some(Self::Login { user: None }),
            _ => None,
        }
    }

    /// What is asked first.
    pub(super) fn question(&self) -> Reply {
        match self {
            Self::Plain => Reply::new(334, ""),
            // "Username:", as all clients expect it.
            Self::Login { .. } => Reply::new(334, "VXNlcm5hbWU6"),
        }
    }

    /// Takes an answer, in Base64; `Err` is what to say to one that makes no sense.
    pub(super) fn answer(&mut self, answer: &str) -> Result<Step, Reply> {
        let text = match answer {
            // Nothing, as the first word of all (RFC 4954).
            "=" => Some(String::new()),
            answer => STANDARD.decode(answer).ok().and_then(|bytes| String::from_utf8(bytes).ok()),
        };
        let text = text.ok_or_else(|| Reply::new(501, "5.5.2 Cannot decode the response"))?;
        match self {
            Self::Plain => {
                let mut parts = text.split('\0');
                match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    // In whose name it is, is told by the message.
                    (Some(_), Some(user), Some(password), None) => Ok(Step::Told(user.into(), password.into())),
                    _ => Err(Reply::bad_arguments()),
                }
            }
            Self::Login { user } => match user.take() {
                Some(user) => Ok(Step::Told(user, text)),
                None => {
                    *user = Some(text);
                    // "Password:"
                    Ok(Step::Ask(Reply::new(334, "UGFzc3dvcmQ6")))
                }
            },
        }
    }
}

/// The user principal name as the directory writes it, or what to say.
pub(super) fn sign_in(tenant: &Tenant, user: &str, password: &str) -> Result<String, Reply> {
    let has_mailboxes = tenant.settings().mailboxes;
    let signed_in = tenant.accounts().sign_in_to_send(user, password);
    let text = match signed_in {
        Ok(upn) if has_mailboxes => return Ok(upn),
        Ok(_) => "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        Err(NotSignedIn::WrongPassword) => "5.7.3 Authentication unsuccessful",
        Err(NotSignedIn::Disabled) => "5.7.139 Authentication unsuccessful, the user account is disabled.",
        Err(NotSignedIn::SmtpDisabled) => {
            "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."
        }
    };
    Err(Reply::new(535, text))
}
