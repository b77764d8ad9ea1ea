//! Sign-in in a browser: `/authorize` sends it back with a code, for which the token endpoint gives tokens.
//!
//! Nobody has to type anything: the person whom the client proposes (`login_hint`), or the practice admin, agrees at once,
//! unless the control plane has ordered something else.

use std::collections::{HashMap, VecDeque};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use hyper::header::{CACHE_CONTROL, LOCATION};
use hyper::StatusCode;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use url::{form_urlencoded, Url};
use uuid::Uuid;

use crate::aadsts::Refusal;
use crate::device_code::{Decision, ADMIN};
use crate::reply::{self, Reply};
use crate::tenant::Tenant;
use crate::token::{app_of_people, audience};

/// How long a code is good.
const CODE_LIFETIME: Duration = Duration::minutes(10);

/// How many codes, and how many answers, are remembered.
const MOST: usize = 1000;

/// `POST /sandbox/authorizations`: what comes of the next sign-in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Answer {
    answer: Decision,
    user: Option<String>,
}

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    user: String,
    audience: String,
    redirect_uri: String,
    challenge: String,
    expires: OffsetDateTime,
    is_used: bool,
}

/// Whom a code was for, and what it lets them into.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redeemed {
    pub(crate) user: String,
    pub(crate) audience: String,
}

/// The codes given out, and the answers that wait.
#[derive(Debug, Default)]
pub(crate) struct Authorizations {
    grants: HashMap<String, Grant>,
    answers: VecDeque<Answer>,
}

/// Answers `GET /{name}/oauth2/v2.0/authorize`. What makes the redirect address doubtful is told in place: no browser is
/// sent to an address that the app does not have.
pub(crate) fn answer(tenant: &Tenant, name: &str, query: &str) -> Reply {
    let fields: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let field = |name: &str| fields.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let redirect = match redirect(tenant, name, &field) {
        Ok(redirect) => redirect,
        Err(refusal) => return refusal.reply(tenant.now(), None),
    };
    let state = field("state").map(|state| ("state", state.to_owned()));
    let outcome: Vec<_> = match agree(tenant, &field) {
        // The service adds what nobody asked for, too.
        Ok(code) => vec![("code", code), ("session_state", Uuid::new_v4().to_string())],
        Err(refusal) => refusal.in_redirect().to_vec(),
    };
    let mut target = redirect;
    target.query_pairs_mut().extend_pairs(outcome.into_iter().chain(state));
    let mut reply = reply::empty(StatusCode::FOUND);
    reply::set(&mut reply, LOCATION, target.as_str());
    reply::set(&mut reply, CACHE_CONTROL, "no-store, no-cache");
    reply
}

/// Where the browser may be sent back to.
fn redirect<'a>(tenant: &Tenant, name: &str, field: &impl Fn(&str) -> Option<&'a str>) -> Result<Url, Refusal> {
    let app = app_of_people(tenant, name, field("client_id").ok_or_else(|| Refusal::missing("client_id"))?)?;
    let address = field("redirect_uri").ok_or_else(|| Refusal::missing("redirect_uri"))?;
    Url::parse(address).ok().filter(is_ours).ok_or_else(|| Refusal::wrong_redirect(address, app.id))
}

/// The public client is registered at `http://localhost`, where the port does not matter.
fn is_ours(address: &Url) -> bool {
    address.scheme() == "http"
        && address.host_str() == Some("localhost")
        && address.path() == "/"
        && address.username().is_empty()
        && address.password().is_none()
        && address.query().is_none()
        && address.fragment().is_none()
}

fn agree<'a>(tenant: &Tenant, field: &impl Fn(&str) -> Option<&'a str>) -> Result<String, Refusal> {
    let needed = |name| field(name).ok_or_else(|| Refusal::missing(name));
    match needed("response_type")? {
        "code" => {}
        other => return Err(Refusal::unsupported_response_type(other)),
    }
    if field("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Refusal::unsupported_response_type("other than response_mode=query"));
    }
    let audience = audience(tenant, needed("scope")?)?.to_owned();
    let challenge = field("code_challenge").filter(|_| field("code_challenge_method") == Some("S256"));
    let challenge = challenge.ok_or_else(Refusal::no_proof_key)?.to_owned();
    let redirect_uri = needed("redirect_uri")?.to_owned();
    let mut authorizations = tenant.authorizations();
    let answer = authorizations.answers.pop_front();
    if answer.as_ref().is_some_and(|answer| answer.answer == Decision::Decline) {
        return Err(Refusal::declined());
    }
    let user = answer.and_then(|answer| answer.user).or_else(|| field("login_hint").map(str::to_owned));
    let user = user.unwrap_or_else(|| ADMIN.to_owned());
    let expires = tenant.now().saturating_add(CODE_LIFETIME);
    Ok(authorizations.grant(Grant { user, audience, redirect_uri, challenge, expires, is_used: false }))
}

impl Authorizations {
    /// What comes of the next sign-in that nothing was ordered for.
    pub(crate) fn answer_next(&mut self, answer: Answer) {
        if self.answers.len() < MOST {
            self.answers.push_back(answer);
        }
    }

    fn grant(&mut self, grant: Grant) -> String {
        if self.grants.len() >= MOST {
            self.grants.clear();
        }
        let code = format!("0.{}.{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.grants.insert(code.clone(), grant);
        code
    }

    /// Takes a code, which is good once, for the client that asked for it.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: OffsetDateTime,
    ) -> Result<Redeemed, Refusal> {
        let grant = self.grants.get_mut(code).ok_or_else(Refusal::unknown_authorization_code)?;
        if grant.is_used {
            return Err(Refusal::used_authorization_code());
        }
        if now >= grant.expires {
            return Err(Refusal::expired_authorization_code());
        }
        if redirect_uri != grant.redirect_uri {
            return Err(Refusal::other_redirect());
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != grant.challenge {
            return Err(Refusal::wrong_verifier());
        }
        grant.is_used = true;
        Ok(Redeemed { user: grant.user.clone(), audience: grant.audience.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);
    const BACK: &str = "http://localhost:8400";
    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn granted() -> (Authorizations, String) {
        let mut authorizations = Authorizations::default();
        let code = authorizations.grant(Grant {
            user: ADMIN.into(),
            audience: "https://localhost:1".into(),
            redirect_uri: BACK.into(),
            challenge: CHALLENGE.into(),
            expires: START + CODE_LIFETIME,
            is_used: false,
        });
        (authorizations, code)
    }

    #[test]
    fn a_code_is_good_once_and_for_who_has_the_verifier() {
        let (mut codes, code) = granted();
        let mut redeem = |code: &str, back: &str, verifier: &str| codes.redeem(code, back, verifier, START);
        assert_eq!(redeem("other", BACK, VERIFIER), Err(Refusal::unknown_authorization_code()));
        assert_eq!(redeem(&code, "http://localhost:8401", VERIFIER), Err(Refusal::other_redirect()));
        assert_eq!(redeem(&code, BACK, CHALLENGE), Err(Refusal::wrong_verifier()));
        assert_eq!(redeem(&code, BACK, VERIFIER).unwrap().user, ADMIN);
        assert_eq!(redeem(&code, BACK, VERIFIER), Err(Refusal::used_authorization_code()));
    }

    #[test]
    fn a_code_expires() {
        let (mut codes, code) = granted();
        let late = codes.redeem(&code, BACK, VERIFIER, START + CODE_LIFETIME);
        assert_eq!(late, Err(Refusal::expired_authorization_code()));
    }

    #[test]
    fn the_browser_is_sent_to_this_machine_only() {
        let ours = |address| Url::parse(address).is_ok_and(|address| is_ours(&address));
        assert!(ours(BACK) && ours("http://localhost") && ours("http://localhost:8400/"));
        for wrong in [
            "https://localhost:8400",
            "http://127.0.0.1:8400",
            "http://localhost.contoso.com",
            "http://localhost:8400/there",
            "http://admin@localhost:8400",
            "http://localhost:8400/?x",
        ] {
            assert!(!ours(wrong), "{wrong}");
        }
    }
}
