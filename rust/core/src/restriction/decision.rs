//! What to do about a restriction: whether to act or to wait, when it ends, what to tell the admin and the user.
//!
//! A pure function of what is known. The rules are in one table, [`rules`]; here is what they are asked about.

mod rules;

use restricted_sender_limits::Action;
use time::{Duration, OffsetDateTime};

use self::rules::{Rule, REMARKS, RULES};
use super::{minute, utc, EntityType, Known};
use crate::evidence::Verdict;
use crate::reason::{BlockType, Reason};

/// What an admin should do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Secure the account as a compromised one, then unblock.
    SecureThenUnblock,
    /// Find out whether the connector is abused, then unblock.
    CheckConnector,
    /// It ends by itself, or is about to.
    Wait,
    /// Find out what exceeded the limit and change it, then unblock.
    FixSenderThenUnblock,
    /// Only Microsoft Support can help.
    ContactSupport,
    /// Unblock: the evidence says that the account is safe.
    Unblock,
}

impl NextStep {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecureThenUnblock => "SecureThenUnblock",
            Self::CheckConnector => "CheckConnector",
            Self::Wait => "Wait",
            Self::FixSenderThenUnblock => "FixSenderThenUnblock",
            Self::ContactSupport => "ContactSupport",
            Self::Unblock => "Unblock",
        }
    }
}

/// What the end of a restriction is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The service names it, or its documented limits set it.
    Service,
    /// The organization's outbound spam policy sets it.
    Policy,
    /// It rests on an assumption of this product.
    Assumed,
}

impl Basis {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::Policy => "Policy",
            Self::Assumed => "Assumed",
        }
    }
}

/// When a restriction ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// At the latest; in UTC, and later than the moment of the decision.
    pub at: OffsetDateTime,
    /// How that is known.
    pub basis: Basis,
}

/// What the list says of an entity, as far as it decides anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The class; [`BlockType::Connector`] for a connector whatever its reason is.
    pub block_type: BlockType,
    /// Since when it is restricted.
    pub since: Option<OffsetDateTime>,
    /// `TemporaryBlock` of a sender.
    pub temporary_block: Option<bool>,
    /// `ExpirationTime` of a connector.
    pub expiration: Option<OffsetDateTime>,
}

impl Case {
    /// What an object of the list tells, whose reason has been taken apart.
    #[must_use]
    pub fn of(entity_type: EntityType, reason: &Reason, known: &Known) -> Self {
        Self {
            block_type: entity_type.block_type(reason),
            since: known.since,
            temporary_block: known.temporary_block,
            expiration: known.expiration,
        }
    }
}

/// What is known besides the list; nothing of it is the usual case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The outbound spam policy that applies to the sender.
    pub policy: Option<Policy>,
    /// What the checks of the account, or of the connector, say.
    pub evidence: Option<Verdict>,
    /// The unblocks of this entity so far.
    pub unblocks: Option<UnblockHistory>,
}

/// An outbound spam policy, as far as it decides how a block ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name; nothing where several may apply that do the same.
    pub name: Option<String>,
    /// `ActionWhenThresholdReached`.
    pub action: Action,
    /// When it was last changed; the block may have followed other settings before.
    pub changed: OffsetDateTime,
}

/// The unblocks of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnblockHistory {
    /// When the last one was requested.
    pub requested_at: Option<OffsetDateTime>,
    /// How many are known of, the last one included.
    pub count: u32,
    /// Whether the service has refused the last one because there were too many.
    pub refused: bool,
}

/// What to do about a restriction: the rule that applies, and the facts that its texts name.
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    rule: &'static Rule,
    facts: Facts,
}

/// What the rules look at.
#[derive(Debug, Clone, Copy)]
struct Facts {
    block_type: BlockType,
    ending: Ending,
    unblock: Unblock,
    evidence: Option<Verdict>,
    /// How many unblocks before the one that is on its way.
    unblocked_before: u32,
}

/// How a restriction ends, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    ByItself(Until),
    /// It should have ended by itself, and has not.
    Passed,
    /// Not before somebody unblocks.
    Open,
    /// The policy was changed after the block.
    PolicyChanged,
    /// The policy blocks nobody.
    PolicyOnlyAlerts,
    CannotTell,
}

/// The state of an unblock of this restriction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unblock {
    None,
    OnItsWay(OffsetDateTime),
    Overdue(OffsetDateTime),
    Refused,
}

/// Room for a text that needs no more than one piece of memory.
const TEXT: usize = 512;

const DAY: Duration = Duration::hours(24);

/// How long an unblock usually takes, and at most (Microsoft Learn, "Remove blocked users from the Restricted entities
/// page"). Of connectors only the hour is documented; they are given the same day before it counts as overdue.
pub(super) const USUALLY: Duration = Duration::hours(1);
pub(super) const AT_MOST: Duration = DAY;

impl Decision {
    /// Decides about `case` at the moment `now`.
    #[must_use]
    pub fn of(case: &Case, circumstances: &Circumstances, now: OffsetDateTime) -> Self {
        let case = Case { since: case.since.and_then(utc), expiration: case.expiration.and_then(utc), ..*case };
        let history = circumstances.unblocks.unwrap_or_default();
        let unblock = Unblock::of(&history, case.since, now);
        let on_its_way = u32::from(unblock.requested_at().is_some());
        let facts = Facts {
            block_type: case.block_type,
            ending: Ending::of(&case, circumstances.policy.as_ref(), now),
            unblock,
            evidence: circumstances.evidence,
            unblocked_before: history.count.saturating_sub(on_its_way),
        };
        let rule = RULES.iter().find(|rule| (rule.when)(&facts)).unwrap_or(&rules::OTHERWISE);
        Self { rule, facts }
    }

    /// What to do.
    #[must_use]
    pub fn next_step(&self) -> NextStep {
        self.rule.next_step
    }

    /// When it ends by itself; nothing when it does not, or nobody can tell.
    #[must_use]
    pub fn restricted_until(&self) -> Option<Until> {
        match self.facts.ending {
            Ending::ByItself(until) => Some(until),
            _ => None,
        }
    }

    /// When an unblock that is on its way usually has taken effect: an hour after the request.
    #[must_use]
    pub fn expected_by(&self) -> Option<OffsetDateTime> {
        self.facts.unblock.requested_at().map(|requested| requested.saturating_add(USUALLY))
    }

    /// Whether such an unblock has taken longer than the 24 hours that are documented as its maximum.
    #[must_use]
    pub fn overdue(&self) -> Option<bool> {
        self.facts.unblock.requested_at().map(|_| matches!(self.facts.unblock, Unblock::Overdue(_)))
    }

    /// What to do and why, in a few sentences without the figures of the reason.
    #[must_use]
    pub fn recommendation(&self) -> String {
        let mut text = String::with_capacity(TEXT);
        self.write(self.rule.advice, &mut text);
        for remark in REMARKS.iter().filter(|remark| (remark.when)(&self.facts)) {
            text.push(' ');
            self.write(remark.text, &mut text);
        }
        text
    }

    /// What to do and why, after one line with the figures of the case.
    #[must_use]
    pub fn advice(&self, summary: &str) -> String {
        let end = if summary.ends_with(['.', '!', '?']) { "" } else { "." };
        format!("{summary}{end} {}", self.recommendation())
    }

    /// What to tell whoever is blocked, in plain words: why, that mail still arrives, what happens next.
    #[must_use]
    pub fn user_message(&self) -> String {
        let (why, receiving) = rules::user_opening(self.facts.block_type);
        let mut text = String::with_capacity(TEXT);
        for part in [why, " ", receiving, " "] {
            text.push_str(part);
        }
        self.write(self.rule.user_message, &mut text);
        text
    }

    /// The document that the rule follows.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.rule.source
    }

    /// Writes a text of the rules with the moments and figures of this case for the names in it.
    fn write(&self, text: &str, line: &mut String) {
        let mut rest = text;
        while let Some((before, named)) = rest.split_once('{') {
            let (name, after) = named.split_once('}').unwrap_or((named, ""));
            line.push_str(before);
            line.push_str(&self.named(name).unwrap_or_else(|| format!("{{{name}}}")));
            rest = after;
        }
        line.push_str(rest);
    }

    fn named(&self, name: &str) -> Option<String> {
        let requested = self.facts.unblock.requested_at();
        match name {
            "until" => minute(self.restricted_until()?.at),
            "requested" => minute(requested?),
            "expected" => minute(self.expected_by()?),
            "latest" => minute(requested?.saturating_add(AT_MOST)),
            "before" => Some(self.facts.unblocked_before.to_string()),
            _ => None,
        }
    }
}

impl Unblock {
    fn of(history: &UnblockHistory, since: Option<OffsetDateTime>, now: OffsetDateTime) -> Self {
        if history.refused {
            return Self::Refused;
        }
        match history.requested_at.and_then(utc) {
            // One that was requested before the block has lifted an earlier one.
            Some(requested) if since.is_none_or(|since| requested >= since) => {
                if now > requested.saturating_add(AT_MOST) {
                    Self::Overdue(requested)
                } else {
                    Self::OnItsWay(requested)
                }
            }
            _ => Self::None,
        }
    }

    fn requested_at(self) -> Option<OffsetDateTime> {
        match self {
            Self::OnItsWay(requested) | Self::Overdue(requested) => Some(requested),
            Self::None | Self::Refused => None,
        }
    }
}

impl Ending {
    fn of(case: &Case, policy: Option<&Policy>, now: OffsetDateTime) -> Self {
        let at = |at: Option<OffsetDateTime>, basis| match at {
            Some(at) if at > now => Self::ByItself(Until { at, basis }),
            Some(_) => Self::Passed,
            None => Self::CannotTell,
        };
        match case.block_type {
            BlockType::Spam => Self::Open,
            // The service counts the recipients of the last 24 hours: a day after the block, none of those that led
            // to it counts any more. It may end earlier, as the first of them fall out of the window.
            BlockType::RecipientRate => at(case.since.map(|since| since.saturating_add(DAY)), Basis::Service),
            BlockType::PolicyLimit => match (case.since, policy) {
                (Some(since), Some(policy)) if policy.changed > since => Self::PolicyChanged,
                (Some(since), Some(policy)) => match policy.action {
                    Action::Alert => Self::PolicyOnlyAlerts,
                    Action::BlockUser => Self::Open,
                    Action::BlockUserForToday => at(next_day(since), Basis::Policy),
                },
                (Some(since), None) if ends_with_the_day(case.temporary_block) => at(next_day(since), Basis::Assumed),
                _ => Self::CannotTell,
            },
            BlockType::Connector => at(connector_expiration(case), Basis::Service),
            BlockType::Unknown => Self::CannotTell,
        }
    }
}

/// Assumption (?): `TemporaryBlock` of a sender over a policy limit means that the policy blocks for the day
/// (`BlockUserForToday`). No primary source says what it means; nothing is concluded from its absence, from its being
/// false, or for another class of restriction.
fn ends_with_the_day(temporary_block: Option<bool>) -> bool {
    temporary_block == Some(true)
}

/// Assumption (?): `ExpirationTime` of a connector is when its restriction ends by itself. .NET's largest date stands
/// for never, and its smallest has passed.
fn connector_expiration(case: &Case) -> Option<OffsetDateTime> {
    case.expiration.filter(|expiration| expiration.year() < 9999)
}

/// The midnight after a moment in UTC.
fn next_day(moment: OffsetDateTime) -> Option<OffsetDateTime> {
    Some(moment.date().next_day()?.midnight().assume_utc())
}

#[cfg(test)]
mod tests;
