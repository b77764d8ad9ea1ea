//! Sign-in by device code: somebody asks for a code, somebody else enters it in a browser. Here the control plane is the
//! browser.

use std::collections::{HashMap, VecDeque};

use serde::Deserialize;
use serde_json::{json, Value};
use time::{Duration, OffsetDateTime};
use uuid::{uuid, Uuid};

use crate::aadsts::Refusal;
use crate::role::Grant;
use crate::token::App;

/// The public client of the official module; every organization knows it.
const PUBLIC_CLIENT: Uuid = uuid!("fb78d390-0c51-40cd-8e17-fdbfab77341b");

/// How long a code is good, and how often it may be asked about.
const CODE_LIFETIME: Duration = Duration::seconds(900);
const INTERVAL: Duration = Duration::seconds(5);

/// How long a sign-in can be renewed.
const SIGN_IN_LIFETIME: Duration = Duration::days(90);

/// How many codes can wait at once, and how many sign-ins are remembered.
const MOST: usize = 1000;

/// Who signs in where the control plane names nobody.
pub(crate) const ADMIN: &str = "admin@contoso.onmicrosoft.com";

/// What comes of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    Approve,
    Decline,
}

/// `POST /sandbox/device-codes`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) answer: Decision,
    /// Without it, the answer is for the next code that is asked for.
    pub(crate) user_code: Option<String>,
    pub(crate) user: Option<String>,
}

#[derive(Debug)]
struct Waiting {
    device_code: String,
    user_code: String,
    /// What the tokens are going to be for.
    audience: String,
    expires: OffsetDateTime,
    interval: Duration,
    asked: Option<OffsetDateTime>,
    answer: Option<(Decision, String)>,
}

/// The codes that wait, and the sign-ins that can be renewed.
#[derive(Debug, Default)]
pub(crate) struct DeviceCodes {
    waiting: Vec<Waiting>,
    answers: VecDeque<(Decision, String)>,
    sign_ins: HashMap<String, (String, OffsetDateTime)>,
}

/// The app in whose name people sign in.
pub(crate) fn public_client(client_id: &str) -> Option<App> {
    let is_it = Uuid::try_parse(client_id).is_ok_and(|id| id == PUBLIC_CLIENT);
    is_it.then(|| App { name: "Exchange Online PowerShell", id: PUBLIC_CLIENT, grant: Grant::Full, ..App::default() })
}

impl DeviceCodes {
    /// Gives out a code.
    pub(crate) fn ask(&mut self, base: &str, audience: &str, now: OffsetDateTime) -> Value {
        self.waiting.retain(|waiting| now < waiting.expires.saturating_add(CODE_LIFETIME));
        if self.waiting.len() >= MOST {
            self.waiting.remove(0);
        }
        let user_code: String = Uuid::new_v4().simple().to_string().to_uppercase().chars().take(9).collect();
        let device_code = Uuid::new_v4().simple().to_string();
        let page = format!("{base}/sandbox/device-codes");
        let reply = json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "expires_in": CODE_LIFETIME.whole_seconds(),
            "interval": INTERVAL.whole_seconds(),
            "message": format!("To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."),
        });
        let (expires, answer) = (now.saturating_add(CODE_LIFETIME), self.answers.pop_front());
        let audience = audience.to_owned();
        self.waiting.push(Waiting {
            device_code,
            user_code,
            audience,
            expires,
            interval: INTERVAL,
            asked: None,
            answer,
        });
        reply
    }

    /// The codes that nobody has entered yet.
    pub(crate) fn user_codes(&self) -> Vec<&str> {
        self.waiting
            .iter()
            .filter(|waiting| waiting.answer.is_none())
            .map(|waiting| waiting.user_code.as_str())
            .collect()
    }

    /// Enters a code in the browser; whether there is such a one.
    pub(crate) fn enter(&mut self, answer: Answer) -> bool {
        let decision = (answer.answer, answer.user.unwrap_or_else(|| ADMIN.to_owned()));
        let Some(code) = answer.user_code else {
            self.answers.push_back(decision);
            return true;
        };
        let waiting = self.waiting.iter_mut().find(|waiting| waiting.user_code.eq_ignore_ascii_case(&code));
        waiting.map(|waiting| waiting.answer = Some(decision)).is_some()
    }

    /// Ends all sign-ins: everybody has to sign in again.
    pub(crate) fn end_sign_ins(&mut self) {
        self.sign_ins.clear();
    }

    /// Ends the sign-ins of one person: nothing renews them any more.
    pub(crate) fn end_sign_ins_of(&mut self, user: &str) {
        self.sign_ins.retain(|_, (known, _)| !known.eq_ignore_ascii_case(user));
    }

    /// Somebody asks whether a code was entered: who signed in with it, and for what.
    pub(crate) fn poll(&mut self, device_code: &str, now: OffsetDateTime) -> Result<(String, String), Refusal> {
        let place = self.waiting.iter().position(|waiting| waiting.device_code == device_code);
        let waiting = place.and_then(|place| self.waiting.get_mut(place)).ok_or_else(Refusal::unknown_device_code)?;
        let answer = waiting.answer.clone();
        if let Some((Decision::Decline, _)) = answer {
            return Err(Refusal::authorization_declined());
        }
        if now >= waiting.expires {
            return Err(Refusal::expired_device_code());
        }
        if let (Some((Decision::Approve, user)), Some(place)) = (answer, place) {
            let waiting = self.waiting.remove(place);
            return Ok((user, waiting.audience));
        }
        let early = waiting.asked.is_some_and(|asked| now < asked.saturating_add(waiting.interval));
        waiting.asked = Some(now);
        if early {
            waiting.interval += INTERVAL;
            return Err(Refusal::slow_down());
        }
        Err(Refusal::authorization_pending())
    }

    /// Remembers a sign-in and returns what renews it.
    pub(crate) fn remember(&mut self, user: &str, now: OffsetDateTime) -> String {
        self.sign_ins.retain(|_, (_, until)| now < *until);
        if self.sign_ins.len() >= MOST {
            self.sign_ins.clear();
        }
        let token = Uuid::new_v4().simple().to_string();
        self.sign_ins.insert(token.clone(), (user.to_owned(), now.saturating_add(SIGN_IN_LIFETIME)));
        token
    }

    /// Whose sign-in it is that a token renews.
    pub(crate) fn renew(&self, refresh_token: &str, now: OffsetDateTime) -> Result<String, Refusal> {
        let known = self.sign_ins.get(refresh_token).filter(|(_, until)| now < *until);
        known.map(|(user, _)| user.clone()).ok_or_else(Refusal::expired_refresh_token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn asked(codes: &mut DeviceCodes) -> (String, String) {
        let reply = codes.ask("http://localhost", "https://localhost:1", START);
        let text = |name: &str| reply[name].as_str().unwrap().to_owned();
        (text("device_code"), text("user_code"))
    }

    fn answer(decision: Decision, user_code: Option<&str>) -> Answer {
        Answer { answer: decision, user_code: user_code.map(str::to_owned), user: None }
    }

    #[test]
    fn a_code_waits_until_it_is_entered_and_is_good_once() {
        let mut codes = DeviceCodes::default();
        let (device, user) = asked(&mut codes);
        assert_eq!(codes.poll(&device, START), Err(Refusal::authorization_pending()));
        assert_eq!(codes.poll(&device, START + Duration::seconds(4)), Err(Refusal::slow_down()));
        assert_eq!(codes.poll(&device, START + Duration::seconds(14)), Err(Refusal::authorization_pending()));
        assert!(!codes.enter(answer(Decision::Approve, Some("other"))));
        assert!(codes.enter(answer(Decision::Approve, Some(&user.to_lowercase()))));
        let entered = codes.poll(&device, START + Duration::seconds(15));
        assert_eq!(entered, Ok((ADMIN.to_owned(), "https://localhost:1".to_owned())));
        assert_eq!(codes.poll(&device, START + Duration::seconds(16)), Err(Refusal::unknown_device_code()));
    }

    #[test]
    fn codes_expire_and_are_declined() {
        let mut codes = DeviceCodes::default();
        let (device, _) = asked(&mut codes);
        assert_eq!(codes.poll(&device, START + CODE_LIFETIME), Err(Refusal::expired_device_code()));
        codes.enter(answer(Decision::Decline, None));
        let (device, _) = asked(&mut codes);
        assert_eq!(codes.poll(&device, START), Err(Refusal::authorization_declined()));
        assert_eq!(codes.user_codes().len(), 1);
    }

    #[test]
    fn sign_ins_are_renewed_until_they_end() {
        let mut codes = DeviceCodes::default();
        let token = codes.remember("ann@contoso.com", START);
        assert_eq!(codes.renew(&token, START).as_deref(), Ok("ann@contoso.com"));
        assert_eq!(codes.renew(&token, START + SIGN_IN_LIFETIME), Err(Refusal::expired_refresh_token()));
        let other = codes.remember("bob@contoso.com", START);
        codes.end_sign_ins_of("Ann@contoso.com");
        assert_eq!(codes.renew(&token, START), Err(Refusal::expired_refresh_token()));
        assert!(codes.renew(&other, START).is_ok());
        codes.end_sign_ins();
        assert_eq!(codes.renew(&other, START), Err(Refusal::expired_refresh_token()));
    }
}
