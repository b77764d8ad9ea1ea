//! Claims challenges: the service ends a person's token early (another network, a password that was reset) and says what
//! the next one must say. It does so only with clients that announce that they understand it.

use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::Engine;
use serde_json::{json, Value};

/// The claims that a `WWW-Authenticate` wants, where it wants any.
pub fn wanted(challenge: &str) -> Option<Value> {
    challenge.contains("insufficient_claims").then_some(())?;
    let (_, rest) = challenge.split_once("claims=\"")?;
    let (encoded, _) = rest.split_once('"')?;
    // Both alphabets are seen, with padding and without.
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decode = |alphabet| GeneralPurpose::new(alphabet, config).decode(encoded);
    let claims = decode(&STANDARD).or_else(|_| decode(&URL_SAFE)).ok()?;
    serde_json::from_slice(&claims).ok().filter(Value::is_object)
}

/// The field `claims` of a request for a token: that we understand challenges (`cp1`), and what one wants.
pub fn to_ask_for(challenge: Option<Value>) -> String {
    let mut claims = challenge.unwrap_or_else(|| json!({}));
    if !claims["access_token"].is_object() {
        claims["access_token"] = json!({});
    }
    claims["access_token"]["xms_cc"] = json!({"values": ["cp1"]});
    claims.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_and_answered() {
        // {"access_token":{"nbf":{"essential":true,"value":"1"}}}
        for encoded in [
            "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ==",
            "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ",
        ] {
            let header = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{encoded}\"");
            let claims: Value = serde_json::from_str(&to_ask_for(wanted(&header))).unwrap();
            assert_eq!(claims["access_token"]["nbf"], json!({"essential": true, "value": "1"}));
            assert_eq!(claims["access_token"]["xms_cc"]["values"], json!(["cp1"]));
        }
        for none in ["", "Bearer error=\"invalid_token\"", "Bearer error=\"insufficient_claims\", claims=\"!\""] {
            assert_eq!(wanted(none), None, "{none}");
        }
        assert_eq!(to_ask_for(None), r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
    }
}
