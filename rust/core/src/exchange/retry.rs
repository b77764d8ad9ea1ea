//! Sending a request again: what may be, how often, and how long to wait before.

use std::time::{Duration, Instant};

use super::fault;
use super::invoke::Rest;
use crate::error::{Code, Error, Result};
use crate::host::Progress;

/// How often a request is sent at most. Source: the official module.
const TRIES: u32 = 6;

/// The longest pause after the first try; twice as long after each further one. Source: the official module, whose
/// pauses are exactly that long. Ours are [a random part of it](pause).
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Who waits longer than this is told how long.
const LONG_WAIT: Duration = Duration::from_secs(10);

/// Whether a failed request may be sent again.
///
/// What was given up once is not begun anew by whoever asked for it as a part of something greater.
///
/// One that is `harmless` (it reads, or it gets a token) may be whenever its failure may pass by itself. A host that has
/// never answered is another matter: its name is more likely wrong than its network in trouble, and the admin should
/// hear so at once.
///
/// One that changes something may be only if the service for certain did nothing. That is so where no connection came
/// about: nothing had been sent. It is so, too, after a refusal of the token, which [`Rest`] deals with since it
/// needs a new one. It is not so for anything that a reply says: no source promises that the service asks to slow down
/// (HTTP 429), or is not available (HTTP 503), only before it has begun.
fn may_be_repeated(harmless: bool, error: &Error, has_answered: bool) -> bool {
    match error.code() {
        _ if error.tries.is_some() => false,
        Code::HostNotFound | Code::HostUnreachable => has_answered,
        _ => harmless && fault::is_transient(error),
    }
}

/// How long to wait after so many tries: `part` (0 to 1) of a pause that doubles each time. A random part ("full
/// jitter") keeps those who failed together from coming back together.
fn pause(tries: u32, part: f64) -> Duration {
    let doublings = tries.saturating_sub(1).min(TRIES);
    (FIRST_PAUSE * 2_u32.pow(doublings)).mul_f64(part.clamp(0.0, 1.0))
}

/// What one request has cost so far.
#[derive(Debug)]
pub struct Patience<'a> {
    exchange: Rest<'a>,
    /// What is sent, for the admin.
    what: String,
    /// Whom it is sent to.
    host: &'a str,
    harmless: bool,
    /// How often it was sent.
    tries: u32,
    /// How often it was sent again after a failure; a token that had to be renewed is none, nor
    /// is a redirect.
    repeats: u32,
    /// When it was sent last, or when the wait before that ended. Real time, as all transport is.
    since: Instant,
    /// What waits (by the connection's clock) and requests have taken.
    spent: Duration,
}

impl<'a> Patience<'a> {
    /// Begins with a request that has not been sent yet.
    pub fn new(exchange: Rest<'a>, what: String, host: &'a str, harmless: bool) -> Self {
        Self { exchange, what, host, harmless, tries: 0, repeats: 0, since: Instant::now(), spent: Duration::ZERO }
    }

    /// What is sent.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The number of the try that begins now, from 1.
    pub fn next_try(&mut self) -> u32 {
        self.tries += 1;
        self.tries
    }

    /// Waits until it is time to send the request again, which failed with `error`. Dropping the future ends the wait.
    ///
    /// # Errors
    /// `error`, with what was tried, when it must not be sent again or has been often enough.
    pub async fn after(&mut self, error: Error) -> Result<()> {
        let has_answered = self.exchange.service().traffic().has_answered(self.host);
        let may = may_be_repeated(self.harmless, &error, has_answered);
        if !may && self.repeats == 0 {
            return Err(error);
        }
        if !may || self.tries >= TRIES {
            return Err(self.given_up(error));
        }
        self.spent += self.since.elapsed();
        let asked = error.retry_after_sec.map(Duration::from_secs).unwrap_or_default();
        let wait = asked.max(pause(self.tries, rand::random()));
        if self.exchange.is_over_after(wait) {
            return Err(self.given_up(error));
        }
        let total = self.exchange.service().deadlines().total;
        if self.spent.saturating_add(wait) > total {
            let error = self.given_up(error);
            let total = total.as_secs();
            let why = match asked.as_secs() {
                0 => format!(" It took longer than a request may, with all that is tried ({total} seconds)."),
                asked => format!(
                    " No further try: the service asks to wait {asked} seconds, and a request may take {total} seconds with \
                     all that is tried."
                ),
            };
            return Err(error.with(|details| details.message.push_str(&why)));
        }
        self.wait(wait, &error).await
    }

    async fn wait(&mut self, wait: Duration, error: &Error) -> Result<()> {
        let (host, service) = (self.exchange.host(), self.exchange.service());
        let next = format!("try {} of {TRIES} in {:.1} s", self.tries + 1, wait.as_secs_f64());
        host.detail(format!("{}: {next}, since {} ({error})", self.what, error.code())).await?;
        if wait >= LONG_WAIT {
            let activity = format!("Waiting for {}", service.organization());
            host.progress(Progress { activity, status: format!("{}: {next}", error.code()), percent: None }).await?;
        }
        service.clock().nap(wait).await;
        self.spent += wait;
        self.repeats += 1;
        service.traffic().repeated();
        self.since = Instant::now();
        Ok(())
    }

    fn given_up(&self, error: Error) -> Error {
        let tries = self.repeats + 1;
        error.with(|details| {
            details.tries = Some(tries);
            if tries > 1 {
                details.message.push_str(&format!(" It was tried {tries} times."));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_from_two_seconds() {
        let longest: Vec<_> = (1..TRIES).map(|tries| pause(tries, 1.0).as_secs()).collect();
        assert_eq!(longest, [2, 4, 8, 16, 32]);
        assert_eq!(pause(5, 0.0), Duration::ZERO, "full jitter begins with nothing");
        assert_eq!(pause(u32::MAX, 1.0), pause(TRIES + 1, 1.0));
    }

    proptest! {
        #[test]
        fn a_pause_is_a_part_of_the_longest(tries in 0_u32..20, part in 0.0..1.0) {
            let (this, longest) = (pause(tries, part), pause(tries, 1.0));
            prop_assert!(this <= longest);
            prop_assert!((this.as_secs_f64() - longest.as_secs_f64() * part).abs() < 1e-6);
        }
    }

    #[test]
    fn a_change_is_repeated_only_where_nothing_was_sent() {
        for code in Code::ALL {
            let error = |status| Error::new(*code, "").with(|details| details.http_status = status);
            for error in [None, Some(401), Some(429), Some(503)].map(error) {
                let unsent = matches!(code, Code::HostNotFound | Code::HostUnreachable);
                assert_eq!(may_be_repeated(false, &error, true), unsent, "{code} {:?}", error.http_status);
                assert!(!may_be_repeated(false, &error, false), "{code}: a host that never answered");
            }
        }
    }

    #[test]
    fn what_is_harmless_is_repeated_where_the_failure_may_pass() {
        let repeated = Code::ALL.iter().filter(|code| may_be_repeated(true, &Error::new(**code, ""), true));
        let expected =
            [Code::HostNotFound, Code::HostUnreachable, Code::Timeout, Code::ConnectionLost, Code::Throttled];
        assert!(repeated.eq(&expected));
        let given_up = Error::new(Code::Timeout, "").with(|details| details.tries = Some(1));
        assert!(!may_be_repeated(true, &given_up, true));
    }
}
