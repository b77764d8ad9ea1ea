//! One policy: how much may be sent, and what happens to those who send more.

use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::row::{Row, Value};

/// The highest limit of a policy.
pub(crate) const HIGHEST_LIMIT: u32 = 10_000;

/// What becomes of mail that a mailbox forwards outside by itself.
pub(crate) const FORWARDING_MODES: [&str; 3] = ["Automatic", "Off", "On"];

/// What happens to a sender who exceeds a limit of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Action {
    Alert,
    BlockUserForToday,
    BlockUser,
}

impl Action {
    pub(crate) const NAMES: [&'static str; 3] =
        [Self::Alert.name(), Self::BlockUserForToday.name(), Self::BlockUser.name()];

    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = [Self::Alert, Self::BlockUserForToday, Self::BlockUser];
        all.into_iter().find(|action| action.name().eq_ignore_ascii_case(name))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::BlockUserForToday => "BlockUserForToday",
            Self::BlockUser => "BlockUser",
        }
    }
}

/// Recipients of one sender; 0 is the service's own limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) external_per_hour: u32,
    pub(crate) internal_per_hour: u32,
    pub(crate) per_day: u32,
}

/// One policy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) guid: Uuid,
    /// It holds for everybody whom no rule leads to another.
    pub(crate) is_default: bool,
    pub(crate) description: String,
    pub(crate) limits: Limits,
    pub(crate) action: Action,
    pub(crate) auto_forwarding: &'static str,
    /// Whether copies of suspicious mail go to those below; only the default policy can.
    pub(crate) copies: bool,
    pub(crate) copies_to: Vec<String>,
    /// Whether those below are told of whom it blocks.
    pub(crate) notices: bool,
    pub(crate) notices_to: Vec<String>,
    pub(crate) created: OffsetDateTime,
    pub(crate) changed: OffsetDateTime,
}

/// What an admin changes in a policy; the rest stays.
#[derive(Debug, Default)]
pub(crate) struct PolicyChange {
    pub(crate) description: Option<String>,
    pub(crate) external_per_hour: Option<u32>,
    pub(crate) internal_per_hour: Option<u32>,
    pub(crate) per_day: Option<u32>,
    pub(crate) action: Option<Action>,
    pub(crate) auto_forwarding: Option<&'static str>,
    pub(crate) copies: Option<bool>,
    pub(crate) copies_to: Option<Vec<String>>,
    pub(crate) notices: Option<bool>,
    pub(crate) notices_to: Option<Vec<String>>,
}

impl Policy {
    /// One as the service makes it when nothing is said about it.
    pub(crate) fn new(name: &str, guid: Uuid, now: OffsetDateTime) -> Self {
        Self {
            name: name.to_owned(),
            guid,
            is_default: false,
            description: String::new(),
            limits: Limits::default(),
            action: Action::BlockUserForToday,
            auto_forwarding: "Automatic",
            copies: false,
            copies_to: Vec::new(),
            notices: false,
            notices_to: Vec::new(),
            created: now,
            changed: now,
        }
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.guid.to_string().eq_ignore_ascii_case(name)
    }

    /// Whether anything is another way now.
    pub(crate) fn change(&mut self, change: PolicyChange, now: OffsetDateTime) -> bool {
        let before = self.clone();
        let set = |place: &mut u32, value: Option<u32>| *place = value.unwrap_or(*place);
        set(&mut self.limits.external_per_hour, change.external_per_hour);
        set(&mut self.limits.internal_per_hour, change.internal_per_hour);
        set(&mut self.limits.per_day, change.per_day);
        self.action = change.action.unwrap_or(self.action);
        self.auto_forwarding = change.auto_forwarding.unwrap_or(self.auto_forwarding);
        self.copies = change.copies.unwrap_or(self.copies);
        self.notices = change.notices.unwrap_or(self.notices);
        replace(&mut self.description, change.description);
        replace(&mut self.copies_to, change.copies_to);
        replace(&mut self.notices_to, change.notices_to);
        let is_changed = *self != before;
        if is_changed {
            self.changed = now;
        }
        is_changed
    }

    pub(crate) fn row(&self) -> Row {
        let limit = |limit: u32| Value::Int(i32::try_from(limit).unwrap_or(i32::MAX));
        Row(vec![
            ("Name", self.name.as_str().into()),
            ("Identity", self.name.as_str().into()),
            ("Guid", Value::Guid(self.guid)),
            ("IsDefault", Value::Bool(self.is_default)),
            ("Enabled", Value::Bool(true)),
            ("AdminDisplayName", self.description.as_str().into()),
            ("RecipientLimitExternalPerHour", limit(self.limits.external_per_hour)),
            ("RecipientLimitInternalPerHour", limit(self.limits.internal_per_hour)),
            ("RecipientLimitPerDay", limit(self.limits.per_day)),
            ("ActionWhenThresholdReached", self.action.name().into()),
            ("AutoForwardingMode", self.auto_forwarding.into()),
            ("BccSuspiciousOutboundMail", Value::Bool(self.copies)),
            ("BccSuspiciousOutboundAdditionalRecipients", Value::Texts(self.copies_to.clone())),
            ("NotifyOutboundSpam", Value::Bool(self.notices)),
            ("NotifyOutboundSpamRecipients", Value::Texts(self.notices_to.clone())),
            ("WhenCreated", Value::Time(self.created)),
            ("WhenCreatedUTC", Value::Time(self.created)),
            ("WhenChanged", Value::Time(self.changed)),
            ("WhenChangedUTC", Value::Time(self.changed)),
        ])
    }
}

/// Puts the value in its place, if one is given.
pub(super) fn replace<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
