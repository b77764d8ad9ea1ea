//! `Get-MessageTraceV2`: newest first, and where two arrived at the same time, by recipient. A client that wants more
//! than a block goes on with `StartingRecipientAddress` and `EndDate`, those of the last row.

use std::cmp::Reverse;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{everywhere, optional, Cmdlet, Invocation, Kind, Output};
use crate::audit_search::parse_time;
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
    /// Where the row before stood, which is not shown again.
    starting_recipient: Option<String>,
    senders: Vec<String>,
    recipients: Vec<String>,
    trace_id: Option<Uuid>,
    message_ids: Vec<String>,
    subject: Option<(String, String)>,
    from: Option<String>,
    /// All of the story's mail was delivered, by servers whose addresses nobody asks for.
    is_about_nothing: bool,
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
            starting_recipient: text("StartingRecipientAddress"),
            senders: arguments.texts("SenderAddress"),
            recipients: arguments.texts("RecipientAddress"),
            trace_id: arguments.text("MessageTraceId").and_then(|id| Uuid::try_parse(id).ok()),
            message_ids: arguments.texts("MessageId"),
            subject: text("Subject").map(|subject| (kind, subject)),
            from: text("FromIP"),
            is_about_nothing: text("ToIP").is_some() || text("Status").is_some_and(|status| status != "delivered"),
        })
    }

    fn wants(&self, mailing: &Mailing) -> bool {
        let is_subject = self.subject.as_ref().is_none_or(|(kind, wanted)| {
            let subject = mailing.subject.to_lowercase();
            match kind.as_str() {
                "startswith" => subject.starts_with(wanted),
                "endswith" => subject.ends_with(wanted),
                _ => subject.contains(wanted),
            }
        });
        !self.is_about_nothing
            && is_subject
            && is_one_of(&self.senders, &mailing.sender)
            && self.from.as_ref().is_none_or(|from| from.eq_ignore_ascii_case(&mailing.from))
    }

    fn wants_row(&self, mailing: &Mailing, row: u32) -> bool {
        let received = mailing.received(row);
        let is_in_time = received >= self.start && received < self.end
            || received == self.end
                && self.starting_recipient.as_ref().is_some_and(|start| mailing.recipient(row) > *start);
        is_in_time
            && (self.recipients.is_empty() || is_one_of(&self.recipients, &mailing.recipient(row)))
            && self.trace_id.is_none_or(|id| id == mailing.trace_id(row))
            && (self.message_ids.is_empty() || is_one_of(&self.message_ids, &message_id(mailing, row)))
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
    let mut found: Vec<(usize, u32)> = mailings
        .iter()
        .enumerate()
        .filter(|(_, mailing)| question.wants(mailing))
        .flat_map(|(place, mailing)| {
            let rows = (0..mailing.count).filter(|row| question.wants_row(mailing, *row));
            rows.map(|row| (place, row)).collect::<Vec<_>>()
        })
        .collect();
    found.sort_by_cached_key(|(place, row)| {
        mailings.get(*place).map(|mailing| (Reverse(mailing.received(*row)), mailing.recipient(*row)))
    });
    let block = invocation.arguments.text("ResultSize").and_then(|size| size.parse().ok()).unwrap_or(USUAL_BLOCK);
    found.truncate(block);
    let rows = found.into_iter().filter_map(move |(place, number)| Some(row(mailings.get(place)?, number)));
    Ok(Output::Rows(Box::new((1..).zip(rows))))
}

fn row(mailing: &Mailing, number: u32) -> Row {
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
