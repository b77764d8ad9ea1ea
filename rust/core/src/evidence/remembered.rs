//! The verdicts that a connection has found, and what an unblock makes of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};

use super::{CheckState, Report, Verdict};
use crate::error::{Code, Error};
use crate::restriction::Key;

/// The verdicts of a connection, so that a question can show one that is known.
#[derive(Debug, Default)]
pub struct Verdicts(Mutex<HashMap<String, Remembered>>);

/// A verdict, and when it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    pub verdict: Verdict,
    pub summary: String,
    pub at: OffsetDateTime,
    /// Since when the entry was listed that it is about; nothing where it was not listed.
    pub listed: Option<OffsetDateTime>,
}

/// How long a verdict is worth showing.
const LASTS: Duration = Duration::hours(1);

impl Verdicts {
    /// Remembers the last verdict of its sender.
    pub fn note(&self, report: &Report, listed: Option<OffsetDateTime>) {
        self.lock().insert(report.key.folded(), report.remembered(listed));
    }

    /// The verdict of the entry of `key` that is listed since `since`, where it was found lately. An account that was safe
    /// may be taken over the next day, and a new restriction is about something else.
    pub fn lately(&self, key: &Key, since: Option<OffsetDateTime>, now: OffsetDateTime) -> Option<Remembered> {
        let last = self.lock().get(&key.folded()).cloned()?;
        (last.listed.is_some() && last.listed == since && now - last.at <= LASTS).then_some(last)
    }

    /// Forgets the verdict of `key`, whose account was changed.
    pub fn forget(&self, key: &Key) {
        self.lock().remove(&key.folded());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    /// What of it is worth remembering; `listed` is since when its entry is listed.
    pub(crate) fn remembered(&self, listed: Option<OffsetDateTime>) -> Remembered {
        Remembered { verdict: self.verdict, summary: self.summary.clone(), at: self.tested_at, listed }
    }

    /// The error of an unblock that must not be: which checks failed, and the commands that mend it, each in a line.
    pub(crate) fn refusal(&self) -> Error {
        let (key, organization, verdict) = (&self.key, &self.origin.organization, self.verdict.name());
        let mut message = format!(
            "{key} was not unblocked in {organization}: the evidence says {verdict}. {} Nothing was changed.",
            self.summary
        );
        for check in self.checks.iter().filter(|check| !check.name.is_informational()) {
            match check.state {
                CheckState::Failed => message.push_str(&format!("\n{}: {}", check.name.name(), check.seen_text())),
                CheckState::Unknown => {
                    message.push_str(&format!(
                        "\n{}: {} {}",
                        check.name.name(),
                        check.seen_text(),
                        check.recommendation
                    ));
                }
                CheckState::Passed | CheckState::NotApplicable => continue,
            }
            for command in &check.commands {
                message.push_str(&format!("\n    {command}"));
            }
        }
        Error::new(Code::NotSafe, message)
    }
}
