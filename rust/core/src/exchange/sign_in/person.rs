//! People who sign in, by whichever way: the app in whose name they do, and how their sign-in is renewed.

use serde_json::Value;

use super::{claims, Granted, Secret, TokenEndpoint};
use crate::error::{Code, Result};

/// The public client of Microsoft's own Exchange Online module: it has the permissions in every organization.
pub const CLIENT_ID: &str = "fb78d390-0c51-40cd-8e17-fdbfab77341b";

/// Another token for the person who signed in before; `challenge` is what the service wants it to say.
///
/// # Errors
/// [`Code::SignInExpired`] when the person has to sign in again.
pub async fn renew(
    endpoint: &TokenEndpoint,
    scope: &str,
    refresh_token: &Secret,
    challenge: Option<Value>,
) -> Result<Granted> {
    let (scope, claims) = (with_refresh(scope), claims::to_ask_for(challenge));
    let fields = [
        ("claims", claims.as_str()),
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("refresh_token", refresh_token.reveal()),
        ("scope", &scope),
    ];
    endpoint.post("token", &fields).await?.map_err(|refusal| {
        let over = matches!(refusal.error.as_str(), "invalid_grant" | "interaction_required");
        let refused = endpoint.refused(refusal);
        if over && refused.code() == Code::TokenRefused {
            let ended = |organization: &str| format!("The sign-in to {organization} has ended.");
            endpoint.failed(Code::SignInExpired, ended).because_of(&refused)
        } else {
            refused
        }
    })
}

/// The scope that also asks for what renews the sign-in.
pub fn with_refresh(scope: &str) -> String {
    format!("{scope} offline_access")
}
