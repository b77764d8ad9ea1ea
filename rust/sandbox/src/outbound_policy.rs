//! Outbound spam policies: what happens to those who send too much (`Get-HostedOutboundSpamFilterPolicy`), and to whom
//! it happens (`Get-HostedOutboundSpamFilterRule`). Only the control plane changes them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::row::{Row, Value};

/// The highest limit of a policy.
const HIGHEST_LIMIT: u32 = 10_000;

/// What happens to a sender who exceeds a limit of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Alert,
    BlockUserForToday,
    BlockUser,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::BlockUserForToday => "BlockUserForToday",
            Self::BlockUser => "BlockUser",
        }
    }
}

/// Recipients of one sender; 0 is the service's own limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) external_per_hour: u32,
    pub(crate) internal_per_hour: u32,
    pub(crate) per_day: u32,
}

/// One policy.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    pub(crate) guid: Uuid,
    /// It holds for everybody whom no rule leads to another.
    pub(crate) is_default: bool,
    pub(crate) limits: Limits,
    pub(crate) action: Action,
    pub(crate) created: OffsetDateTime,
    pub(crate) changed: OffsetDateTime,
}

impl Policy {
    pub(crate) fn row(&self) -> Row {
        let limit = |limit: u32| Value::Int(i32::try_from(limit).unwrap_or(i32::MAX));
        Row(vec![
            ("Name", self.name.into()),
            ("Identity", self.name.into()),
            ("Guid", Value::Guid(self.guid)),
            ("IsDefault", Value::Bool(self.is_default)),
            ("Enabled", Value::Bool(true)),
            ("RecipientLimitExternalPerHour", limit(self.limits.external_per_hour)),
            ("RecipientLimitInternalPerHour", limit(self.limits.internal_per_hour)),
            ("RecipientLimitPerDay", limit(self.limits.per_day)),
            ("ActionWhenThresholdReached", self.action.name().into()),
            ("AutoForwardingMode", "Automatic".into()),
            ("BccSuspiciousOutboundMail", Value::Bool(false)),
            ("BccSuspiciousOutboundAdditionalRecipients", Value::Texts(Vec::new())),
            ("NotifyOutboundSpam", Value::Bool(false)),
            ("NotifyOutboundSpamRecipients", Value::Texts(Vec::new())),
            ("WhenCreated", Value::Time(self.created)),
            ("WhenCreatedUTC", Value::Time(self.created)),
            ("WhenChanged", Value::Time(self.changed)),
            ("WhenChangedUTC", Value::Time(self.changed)),
        ])
    }
}

/// Whose mail a policy is for. Values of one condition are alternatives, and all conditions must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) guid: Uuid,
    /// Counts from 0, which comes first. Disabled rules have one too.
    pub(crate) priority: u8,
    pub(crate) is_enabled: bool,
    pub(crate) policy: &'static str,
    pub(crate) from: Vec<String>,
    pub(crate) from_member_of: Vec<String>,
    pub(crate) sender_domain_is: Vec<String>,
    pub(crate) except_if_from: Vec<String>,
    pub(crate) except_if_from_member_of: Vec<String>,
    pub(crate) except_if_sender_domain_is: Vec<String>,
}

impl Rule {
    pub(crate) fn row(&self) -> Row {
        // A condition that is not set has no value (?).
        let texts = |texts: &Vec<String>| if texts.is_empty() { Value::Null } else { Value::Texts(texts.clone()) };
        Row(vec![
            ("Name", self.name.into()),
            ("Identity", self.name.into()),
            ("Guid", Value::Guid(self.guid)),
            ("Priority", Value::Int(self.priority.into())),
            ("State", self.state().into()),
            ("HostedOutboundSpamFilterPolicy", self.policy.into()),
            ("From", texts(&self.from)),
            ("FromMemberOf", texts(&self.from_member_of)),
            ("SenderDomainIs", texts(&self.sender_domain_is)),
            ("ExceptIfFrom", texts(&self.except_if_from)),
            ("ExceptIfFromMemberOf", texts(&self.except_if_from_member_of)),
            ("ExceptIfSenderDomainIs", texts(&self.except_if_sender_domain_is)),
        ])
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.is_enabled {
            "Enabled"
        } else {
            "Disabled"
        }
    }
}

/// What `POST /sandbox/outbound-policies` changes in one policy; the rest stays.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    name: String,
    action_when_threshold_reached: Option<Action>,
    recipient_limit_external_per_hour: Option<u32>,
    recipient_limit_internal_per_hour: Option<u32>,
    recipient_limit_per_day: Option<u32>,
}

/// All policies and rules, the rules by priority.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutboundPolicies {
    pub(crate) policies: Vec<Policy>,
    pub(crate) rules: Vec<Rule>,
}

impl OutboundPolicies {
    /// Changes a policy as an admin would, which the policy remembers the time of; `Err` says what is wrong.
    pub(crate) fn change(&mut self, change: &Change, now: OffsetDateTime) -> Result<(), String> {
        let names: Vec<&str> = self.policies.iter().map(|policy| policy.name).collect();
        let unknown = format!("there is no policy '{}'; there are {}", change.name, names.join(", "));
        let given = [
            change.recipient_limit_external_per_hour,
            change.recipient_limit_internal_per_hour,
            change.recipient_limit_per_day,
        ];
        if let Some(limit) = given.into_iter().flatten().find(|limit| *limit > HIGHEST_LIMIT) {
            return Err(format!("a limit of {limit} is too high; the highest is {HIGHEST_LIMIT}"));
        }
        let policy =
            self.policies.iter_mut().find(|policy| policy.name.eq_ignore_ascii_case(&change.name)).ok_or(unknown)?;
        let [external, internal, daily] = given;
        let Limits { external_per_hour, internal_per_hour, per_day } = policy.limits;
        policy.limits = Limits {
            external_per_hour: external.unwrap_or(external_per_hour),
            internal_per_hour: internal.unwrap_or(internal_per_hour),
            per_day: daily.unwrap_or(per_day),
        };
        policy.action = change.action_when_threshold_reached.unwrap_or(policy.action);
        policy.changed = now;
        Ok(())
    }
}
