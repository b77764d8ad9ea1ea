//! Device codes: a person enters a short code in a browser somewhere and signs in there; here we ask until it is done.

use std::time::Duration;

use restricted_sender_clock::Clock;
use serde::Deserialize;

use super::person::{with_refresh, CLIENT_ID};
use super::{claims, Granted, Secret, TokenEndpoint};
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// By how much to slow down when told so, and how often to ask when not told (RFC 8628, 3.5 and 3.2).
const SLOW_DOWN: Duration = Duration::from_secs(5);
const USUAL_INTERVAL: u64 = 5;

#[derive(Deserialize)]
struct DeviceCode {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    /// In seconds.
    expires_in: u64,
    /// In seconds.
    interval: Option<u64>,
    message: Option<String>,
}

/// Shows code and address through the host, then waits on the connection's clock until the person has signed in.
///
/// # Errors
/// [`Code::SignInDeclined`], [`Code::SignInExpired`] when nobody signed in in time, and what the endpoint refuses.
pub async fn sign_in(endpoint: &TokenEndpoint, scope: &str, host: &Host, clock: &Clock) -> Result<Granted> {
    let scope = with_refresh(scope);
    let fields = [("client_id", CLIENT_ID), ("scope", &scope)];
    let code: DeviceCode = endpoint.post("devicecode", &fields).await?.map_err(|refusal| endpoint.refused(refusal))?;
    let DeviceCode { user_code, verification_uri, .. } = &code;
    let message = code.message.clone().unwrap_or_else(|| {
        format!("To sign in, open the page {verification_uri} in a browser and enter the code {user_code}.")
    });
    host.warn(message).await?;

    let mut timer = clock.timer();
    let until = clock.now() + Duration::from_secs(code.expires_in);
    let mut interval = Duration::from_secs(code.interval.unwrap_or(USUAL_INTERVAL));
    let claims = claims::to_ask_for(None);
    let fields = [
        ("claims", claims.as_str()),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", CLIENT_ID),
        ("device_code", code.device_code.reveal()),
    ];
    loop {
        match endpoint.post("token", &fields).await {
            Ok(Ok(granted)) => return Ok(granted),
            Ok(Err(refusal)) => match refusal.error.as_str() {
                "authorization_pending" => {}
                "slow_down" => interval += SLOW_DOWN,
                "authorization_declined" | "access_denied" => return Err(declined(endpoint)),
                "expired_token" | "code_expired" => return Err(expired(endpoint)),
                _ => return Err(endpoint.refused(refusal)),
            },
            // The person may still be typing when the network is back.
            Err(error) if error.code().retryable() => {}
            Err(error) => return Err(error),
        }
        if clock.now() >= until {
            return Err(expired(endpoint));
        }
        timer.sleep(interval).await;
    }
}

fn declined(endpoint: &TokenEndpoint) -> Error {
    endpoint.failed(Code::SignInDeclined, |organization| {
        format!("The sign-in to {organization} was declined in the browser.")
    })
}

fn expired(endpoint: &TokenEndpoint) -> Error {
    endpoint.failed(Code::SignInExpired, |organization| {
        format!("Nobody signed in to {organization} before the code expired.")
    })
}
