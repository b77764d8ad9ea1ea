//! `Get-MessageTraceV2`: newest first, and where two arrived at the same time, by recipient. A client that wants more
//! than a block goes on with `StartingRecipientAddress` and `EndDate`, those of the last row.

use std::cmp::Reverse;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{everywhere, optional, Cmdlet, Invocation, Kind, Output};
use crate::audit_search::parse_time;
use crate::outgoing::{Message, SentMail, Status};
use crate::parameter::Arguments;
use crate::refusal::Refusal;
use crate::row::{Row, Value};
use crate::tenant::Tenant;
use crate::trace::Mailing;

/// How far back the trace goes, and how far a question.
const RETENTION: Duration = Duration::days(90);
const LONGEST_WINDOW: Duration = Duration::days(10);
/// What a question without dates is about.
const USUAL_WINDOW: Duration = Duration::hours(48);

const USUAL_BLOCK: usize = 1000;

const STATUSES: [&str; 7] =
    ["Delivered", "Expanded", "Failed", "FilteredAsSpam", "GettingStatus", "Pending", "Quarantined"];

pub(super) static CMDLETS: [Cmdlet; 1] = [Cmdlet {
    name: "Get-MessageTraceV2",
    output_type: "Microsoft.Exchange.Management.FfoReporting.MessageTraceV2Data",
    parameters: &[
        optional("StartDate", Kind::Time),
        optional("EndDate", Kind::Time),
        optional("SenderAddress", Kind::Texts),
        optional("RecipientAddress", Kind::Texts),
        optional("StartingRecipientAddress", Kind::Text),
        optional("MessageTraceId", Kind::Guid),
        optional("MessageId", Kind::Texts),
        optional("Subject", Kind::Text),
        optional("SubjectFilterType", Kind::OneOf("SubjectFilterType", &["Contains", "EndsWith", "StartsWith"])),
        optional("Status", Kind::OneOf("Status", &STATUSES)),
        optional("FromIP", Kind::Text),
        optional("ToIP", Kind::Text),
        optional("ResultSize", Kind::Block),
    ],
    run: get,
    exists: everywhere,
}];

/// What is asked for.
struct Question {
    start: OffsetDateTime,
    end: OffsetDateTime,
    /// Whether the end is now, so that what has just been sent belongs to it.
    is_until_now: bool,
    /// Where the row before stood, which is not shown again.
    starting_recipient: Option<String>,
    senders: Vec<String>,
    recipients: Vec<String>,
    trace_id: Option<Uuid>,
    message_ids: Vec<String>,
    subject: Option<(String, String)>,
    from: Option<String>,
    status: Option<String>,
    /// Where mail went to, which nobody keeps here.
    to: Option<String>,
}

/// A row of the trace: one of the story's, or one of what was sent since.
enum Found {
    Told(usize, u32),
    Sent(Arc<Message>, usize),
}

impl Question {
    fn of(arguments: &Arguments, now: OffsetDateTime) -> Result<Self, Refusal> {
        let time = |name: &str| arguments.text(name).and_then(parse_time);
        let end = time("EndDate").unwrap_or(now);
        let start = time("StartDate").unwrap_or_else(|| end.saturating_sub(USUAL_WINDOW));
        if start >= end {
            return Err(Refusal::bad_window());
        }
        if end - start > LONGEST_WINDOW || start < now.saturating_sub(RETENTION) {
            return Err(Refusal::bad_trace_window());
        }
        let text = |name: &str| arguments.text(name).map(str::to_lowercase);
        let kind = text("SubjectFilterType").unwrap_or_else(|| "contains".to_owned());
        Ok(Self {
            start,
            end,
            is_until_now: time("EndDate").is_none(),
            starting_recipient: text("StartingRecipientAddress"),
            senders: arguments.texts("SenderAddress"),
            recipients: arguments.texts("RecipientAddress"),
            trace_id: arguments.text("MessageTraceId").and_then(|id| Uuid::try_parse(id).ok()),
            message_ids: arguments.texts("MessageId"),
            subject: text("Subject").map(|subject| (kind, subject)),
            from: text("FromIP"),
            status: text("Status"),
            to: text("ToIP"),
        })
    }

    /// What all rows of a message or a mailing have in common.
    fn wants(&self, sender: &str, subject: &str, from: &str) -> bool {
        let is_subject = self.subject.as_ref().is_none_or(|(kind, wanted)| {
            let subject = subject.to_lowercase();
            match kind.as_str() {
                "startswith" => subject.starts_with(wanted),
                "endswith" => subject.ends_with(wanted),
                _ => subject.contains(wanted),
            }
        });
        self.to.is_none()
            && is_subject
            && is_one_of(&self.senders, sender)
            && self.from.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(from))
    }

    fn wants_at(&self, received: OffsetDateTime, recipient: impl Fn() -> String) -> bool {
        let is_at_the_end = || match &self.starting_recipient {
            Some(start) => recipient() > *start,
            None => self.is_until_now,
        };
        received >= self.start && (received < self.end || received == self.end && is_at_the_end())
    }

    fn wants_status(&self, status: &str) -> bool {
        self.status.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(status))
    }

    /// All of the story's mail was delivered.
    fn wants_told(&self, mailing: &Mailing, row: u32) -> bool {
        self.wants_at(mailing.received(row), || mailing.recipient(row))
            && (self.recipients.is_empty() || is_one_of(&self.recipients, &mailing.recipient(row)))
            && self.trace_id.is_none_or(|id| id == mailing.trace_id(row))
            && (self.message_ids.is_empty() || is_one_of(&self.message_ids, &message_id(mailing, row)))
    }

    fn told(&self, mailings: &[Mailing]) -> Vec<Found> {
        let mailings = mailings.iter().enumerate();
        let wanted = mailings.filter(|(_, mailing)| {
            self.wants(&mailing.sender, mailing.subject, &mailing.from) && self.wants_status("Delivered")
        });
        let rows = wanted.flat_map(|(place, mailing)| {
            (0..mailing.count).filter(|row| self.wants_told(mailing, *row)).map(move |row| Found::Told(place, row))
        });
        rows.collect()
    }

    fn sent(&self, sent: &SentMail) -> Vec<Found> {
        let wanted = sent.messages().filter(|message| {
            self.wants(&message.sender, &message.subject, &message.client_address)
                && self.trace_id.is_none_or(|id| id == message.trace_id)
                && is_one_of(&self.message_ids, &message.message_id)
        });
        let rows = wanted.flat_map(|message| {
            let rows = message.recipients.iter().enumerate().filter(|(_, (recipient, status))| {
                self.wants_at(message.received, || recipient.to_lowercase())
                    && is_one_of(&self.recipients, recipient)
                    && self.wants_status(status.name())
            });
            rows.map(|(place, _)| Found::Sent(Arc::clone(message), place))
        });
        rows.collect()
    }
}

impl Found {
    /// Newest first, and then by recipient.
    fn key(&self, mailings: &[Mailing]) -> Option<(Reverse<OffsetDateTime>, String)> {
        match self {
            Self::Told(place, row) => {
                mailings.get(*place).map(|mailing| (Reverse(mailing.received(*row)), mailing.recipient(*row)))
            }
            Self::Sent(message, place) => {
                let (recipient, _) = message.recipients.get(*place)?;
                Some((Reverse(message.received), recipient.to_lowercase()))
            }
        }
    }

    fn row(&self, mailings: &[Mailing]) -> Option<Row> {
        match self {
            Self::Told(place, row) => mailings.get(*place).map(|mailing| told_row(mailing, *row)),
            Self::Sent(message, place) => message.recipients.get(*place).map(|row| sent_row(message, row)),
        }
    }
}

fn is_one_of(wanted: &[String], text: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(text))
}

fn message_id(mailing: &Mailing, row: u32) -> String {
    let domain = mailing.sender.rsplit('@').next().unwrap_or_default();
    format!("<{}@{domain}>", mailing.trace_id(row).simple())
}

fn get(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let now = tenant.now();
    tenant.trace_quota().take(now).map_err(Refusal::too_many_traces)?;
    let question = Question::of(invocation.arguments, now)?;
    let mailings = Arc::clone(&tenant.mailings);
    let mut found = question.told(&mailings);
    found.extend(question.sent(&tenant.outgoing().sent));
    found.sort_by_cached_key(|found| found.key(&mailings));
    let block = invocation.arguments.text("ResultSize").and_then(|size| size.parse().ok()).unwrap_or(USUAL_BLOCK);
    found.truncate(block);
    let rows = found.into_iter().filter_map(move |found| found.row(&mailings));
    Ok(Output::Rows(Box::new((1..).zip(rows))))
}

fn told_row(mailing: &Mailing, number: u32) -> Row {
    let size = 18_000_i32.saturating_add(i32::try_from(number % 977).unwrap_or_default());
    Row(vec![
        ("MessageTraceId", Value::Guid(mailing.trace_id(number))),
        ("MessageId", message_id(mailing, number).as_str().into()),
        ("Received", Value::Time(mailing.received(number))),
        ("SenderAddress", mailing.sender.as_str().into()),
        ("RecipientAddress", mailing.recipient(number).as_str().into()),
        ("Subject", mailing.subject.into()),
        ("Status", "Delivered".into()),
        ("FromIP", mailing.from.as_str().into()),
        ("ToIP", Value::Null),
        ("Size", Value::Int(size)),
    ])
}

fn sent_row(message: &Message, (recipient, status): &(String, Status)) -> Row {
    Row(vec![
        ("MessageTraceId", Value::Guid(message.trace_id)),
        ("MessageId", message.message_id.as_str().into()),
        ("Received", Value::Time(message.received)),
        ("SenderAddress", message.sender.as_str().into()),
        ("RecipientAddress", recipient.as_str().into()),
        ("Subject", message.subject.as_str().into()),
        ("Status", status.name().into()),
        ("FromIP", message.client_address.as_str().into()),
        ("ToIP", Value::Null),
        ("Size", Value::Int(i32::try_from(message.size).unwrap_or(i32::MAX))),
    ])
}
