//! What a judge says of a dossier; with its row of the catalog it becomes a [`Check`](super::Check).

use time::OffsetDateTime;

use super::{CheckState, Fact};
use crate::error::Error;

/// What came of a check.
#[derive(Debug, Clone)]
pub struct Finding {
    pub state: CheckState,
    pub seen: Vec<Fact>,
    pub commands: Vec<String>,
    pub objects: Vec<String>,
    pub problem: Option<Error>,
    /// What to do, where that is something else than the catalog says.
    pub recommendation: Option<String>,
}

impl Finding {
    fn new(state: CheckState, seen: Vec<Fact>) -> Self {
        Self { state, seen, commands: Vec::new(), objects: Vec::new(), problem: None, recommendation: None }
    }

    pub fn passed(seen: Vec<Fact>) -> Self {
        Self::new(CheckState::Passed, seen)
    }

    pub fn failed(seen: Vec<Fact>, commands: Vec<String>) -> Self {
        Self { commands, ..Self::new(CheckState::Failed, seen) }
    }

    pub fn not_applicable(why: impl Into<String>) -> Self {
        Self::new(CheckState::NotApplicable, vec![fact(None, why)])
    }

    /// It could be read, and does not tell.
    pub fn unclear(why: impl Into<String>) -> Self {
        Self::new(CheckState::Unknown, vec![fact(None, why)])
    }

    /// It could not be read.
    pub fn unreadable(error: &Error) -> Self {
        Self { problem: Some(error.clone()), ..Self::unclear(error.message.clone()) }
    }

    /// Nobody read it: a gap of this product, which must not pass either.
    pub fn unread() -> Self {
        Self::unclear("It was not read.")
    }

    /// Failed where anything suspicious was seen, else unknown for `doubts`, else passed.
    pub fn of(seen: Vec<Fact>, commands: Vec<String>, doubts: Vec<Self>) -> Self {
        if seen.iter().any(|fact| fact.is_suspicious) {
            return Self::failed(seen, commands);
        }
        match doubts.into_iter().next() {
            Some(mut doubt) => {
                doubt.state = CheckState::Unknown;
                doubt.seen.extend(seen);
                doubt
            }
            None => Self::passed(seen),
        }
    }

    pub fn about(mut self, objects: Vec<String>) -> Self {
        self.objects = objects;
        self
    }

    pub fn recommending(mut self, recommendation: impl Into<String>) -> Self {
        self.recommendation = Some(recommendation.into());
        self
    }
}

/// Something that was seen.
pub fn fact(at: Option<OffsetDateTime>, what: impl Into<String>) -> Fact {
    Fact { at, what: what.into(), is_suspicious: false }
}

/// Something that speaks against the sender.
pub fn sign(at: Option<OffsetDateTime>, what: impl Into<String>) -> Fact {
    Fact { is_suspicious: true, ..fact(at, what) }
}
