//! Sign-in in this machine's browser: an authorization code with a proof key (PKCE, RFC 7636), which the browser brings
//! to a [port](redirect) of this machine (RFC 8252).

mod redirect;

use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use restricted_sender_clock::Clock;
use sha2::{Digest, Sha256};
use url::Url;

use super::person::{with_refresh, CLIENT_ID};
use super::token_endpoint::Refusal;
use super::{claims, Granted, Secret, TokenEndpoint};
use crate::error::{Code, Error, Result};
use crate::host::{Host, Progress};
use redirect::{Brought, Door};

/// Who is to sign in, and how long they have. The time is real: people do not live by a practice tenant's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// The user principal name that the browser proposes.
    pub(in crate::exchange) user: String,
    limit: Duration,
}

/// How often a code is handed in, and how long to wait before the next time. It is good once: had a lost reply been the
/// good one, the next one says so. Nobody is sent to the browser a second time without asking for it.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

impl Browser {
    /// Somebody of that name, who has that long.
    ///
    /// # Errors
    /// [`Code::InvalidConnection`] where it is no such name.
    pub fn of(user: &str, limit: Duration) -> Result<Self> {
        let user = user.trim();
        let is_name = user.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
        if !is_name || user.contains(char::is_whitespace) {
            let message = "-UserPrincipalName must be a name such as admin@contoso.com.";
            return Err(Error::new(Code::InvalidConnection, message).about(user));
        }
        Ok(Self { user: user.to_owned(), limit })
    }

    /// Sends the person to the browser and waits until it comes back.
    ///
    /// # Errors
    /// [`Code::SignInDeclined`], [`Code::SignInExpired`] when nobody signed in in time, [`Code::HostUnreachable`] where
    /// this machine opens no port for the browser, and what the endpoint refuses.
    pub(in crate::exchange) async fn sign_in(
        &self,
        endpoint: &TokenEndpoint,
        scope: &str,
        host: &Host,
        clock: &Clock,
    ) -> Result<Granted> {
        let door = Door::open().await.map_err(|error| no_door(&error))?;
        let (state, verifier, scope) = (random(), Secret::new(random()), with_refresh(scope));
        let (redirect_uri, claims) = (door.address(), claims::to_ask_for(None));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.reveal()));
        let query = [
            ("client_id", CLIENT_ID),
            ("response_type", "code"),
            ("redirect_uri", &redirect_uri),
            ("response_mode", "query"),
            ("scope", &scope),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", &self.user),
            ("claims", &claims),
        ];
        let page = Url::parse_with_params(&endpoint.address_of("authorize"), query).map_err(|error| {
            endpoint.failed(Code::InvalidUri, |_| format!("{} is no address.", endpoint.login)).caused_by(&error)
        })?;
        self.show(&page, host).await?;
        let code = match tokio::time::timeout(self.limit, door.answer(&state)).await {
            Err(_) => return Err(self.expired(endpoint)),
            Ok(Err(error)) => return Err(no_door(&error)),
            Ok(Ok(Brought::Refusal { error, .. })) if error == "access_denied" => {
                let declined =
                    |organization: &str| format!("The sign-in to {organization} was declined in the browser.");
                return Err(endpoint.failed(Code::SignInDeclined, declined));
            }
            Ok(Ok(Brought::Refusal { error, description })) => {
                return Err(endpoint.refused(Refusal::brought(error, description)));
            }
            Ok(Ok(Brought::Code(code))) => code,
        };
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("scope", &scope),
            ("code", code.reveal()),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", verifier.reveal()),
            ("claims", &claims),
        ];
        hand_in(endpoint, &fields, clock).await
    }

    async fn show(&self, page: &Url, host: &Host) -> Result<()> {
        if let Some(why) = host.browse(page.as_str()).await? {
            let time = shown(self.limit);
            host.warn(format!(
                "No browser can be opened here: {why}. To sign in, open this address in a browser on this machine within \
                 {time}: {page} (on a machine without a browser, end this with Ctrl-C and connect with -Device)."
            ))
            .await?;
        }
        let status = "Waiting for the browser; Ctrl-C ends it.".to_owned();
        host.progress(Progress { activity: format!("Sign-in of {}", self.user), status, percent: None }).await
    }

    fn expired(&self, endpoint: &TokenEndpoint) -> Error {
        endpoint.failed(Code::SignInExpired, |organization| {
            format!("Nobody signed in to {organization} in the browser within {}.", shown(self.limit))
        })
    }
}

async fn hand_in(endpoint: &TokenEndpoint, fields: &[(&str, &str)], clock: &Clock) -> Result<Granted> {
    let mut tries = 1;
    loop {
        match endpoint.post("token", fields).await {
            Ok(Ok(granted)) => return Ok(granted),
            Ok(Err(refusal)) => return Err(endpoint.refused(refusal)),
            Err(error) if error.code().retryable() && tries < TRIES => clock.nap(PAUSE).await,
            // What was given up is not begun anew: that would open the browser again.
            Err(error) => return Err(error.with(|details| details.tries = Some(tries))),
        }
        tries += 1;
    }
}

fn no_door(error: &std::io::Error) -> Error {
    let message = "This machine opens no port to which the browser could come back; connect with -Device.";
    // Nobody is sent to the browser again without asking for it.
    Error::new(Code::HostUnreachable, message).caused_by(error).with(|details| details.tries = Some(1))
}

/// 256 random bits as text that an address can carry: also the shortest verifier that RFC 7636 (4.1) takes.
fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn shown(limit: Duration) -> String {
    match limit.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_signs_in_has_a_name_and_a_domain() {
        let limit = Duration::from_secs(900);
        assert_eq!(Browser::of(" admin@contoso.com ", limit).unwrap().user, "admin@contoso.com");
        for wrong in ["", "admin", "@contoso.com", "admin@", "ad min@contoso.com"] {
            assert_eq!(Browser::of(wrong, limit).unwrap_err().code(), Code::InvalidConnection, "{wrong}");
        }
        assert_eq!((shown(limit), shown(Duration::from_secs(90))), ("15 minutes".into(), "90 seconds".into()));
    }

    #[test]
    fn verifiers_are_long_enough_and_never_the_same() {
        let (one, other) = (random(), random());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
