//! The types of rows and their columns. Each is written once: the name that C and the module see beside the value.

use restricted_sender_core::connection::{Check, ConnectionStatus};
use restricted_sender_core::error::{Code, Error};
use restricted_sender_core::evidence::{self, Fact, Protection, Report};
use restricted_sender_core::exchange::session::{Argument, Run};
use restricted_sender_core::exchange::Algorithm;
use restricted_sender_core::history::journal::{Break, Verified};
use restricted_sender_core::history::{HistoryEvent, Summary, Told};
use restricted_sender_core::host::{Confirmation, Message, Progress, Row};
use restricted_sender_core::limits::{SendingLimit, SendingRule};
use restricted_sender_core::report::{NonDeliveryCode, NonDeliveryReport};
use restricted_sender_core::restriction::{Description, Key, Restriction, SenderState, UnblockResult};
use restricted_sender_core::sending::{Busiest, OrganizationMeasured, Peak, Second, SenderMeasured, Unusable};
use time::{Duration, OffsetDateTime};

use crate::block::{Block, List, Name, Shared};
use crate::cell::RsCellType;

/// What a row describes. The columns of each type can be asked with `rs_row_type_column`.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsRowType {
    /// An error, or an item that failed.
    Error = 0,
    /// Something to tell.
    Message = 1,
    /// How far a long operation is.
    Progress = 2,
    /// A change that the host is asked to confirm.
    Confirm = 3,
    /// A connection to an organization.
    Connection = 4,
    /// An entry of the list of restricted entities.
    RestrictedSender = 5,
    /// Whether an entity is restricted.
    SenderState = 6,
    /// What came of an unblock.
    UnblockResult = 7,
    /// A line of the table of errors.
    ErrorCode = 8,
    /// An endpoint for which the host is asked which proxy this system uses.
    Proxy = 9,
    /// What there is to tell about an entry of the list beyond its row there.
    Description = 10,
    /// An event of the history.
    HistoryEvent = 11,
    /// The history of one entity in a line.
    HistorySummary = 12,
    /// What there is to say of a journal.
    Journal = 13,
    /// A place where the chain of a journal does not hold.
    JournalBreak = 14,
    /// A cmdlet of the host's Exchange session that it is asked to run, once for each parameter.
    Cmdlet = 15,
    /// A step of a connection that was checked.
    ConnectionCheck = 16,
    /// A text that the host is asked to sign with the key of the connection's certificate.
    Sign = 17,
    /// A variable of the process that the host is asked for.
    EnvironmentVariable = 18,
    /// An address that the host is asked to open in a browser.
    Browse = 19,
    /// The evidence about one sender or connector.
    SenderAccountReport = 20,
    /// One check of it.
    SenderAccountCheck = 21,
    /// Something that a check has seen.
    SenderAccountFact = 22,
    /// An action that secures an account.
    SenderAccountProtection = 23,
    /// What a delivery report says about one recipient.
    NonDeliveryReport = 24,
    /// What a status code means.
    NonDeliveryCode = 25,
    /// What a sender may send, or whomever a rule is for.
    SendingLimit = 26,
    /// A rule that leads to an outbound spam policy, and what became of it.
    SendingRule = 27,
    /// What a sender has sent, against the limits.
    OutboundSending = 28,
    /// What the organization has sent, against its limits.
    OutboundSendingSummary = 29,
    /// A sender or a domain among the busiest.
    Busiest = 30,
    /// Lines of a trace that could not be used.
    UnusableLines = 31,
}

/// What is to be signed, and how.
pub struct Signature<'a> {
    pub algorithm: Algorithm,
    /// ASCII.
    pub input: &'a str,
}

/// A column: its name and the type of its values (which may also be null).
pub type Column = (&'static str, RsCellType);

/// Defines, for each row type, its columns and how a value of the core becomes cells.
macro_rules! rows {
    ($($function:ident $row_type:ident $columns:ident ($value:ident: $type:ty) {
        $($name:ident: $kind:ident = $cell:expr,)+
    })+) => {
        $(
            const $columns: &[Column] = &[$((stringify!($name), RsCellType::$kind)),+];

            /// Puts the cells of one row.
            pub fn $function(block: &mut Block, $value: &$type) {
                $(block.put($cell);)+
            }
        )+

        /// The columns of a row type by its number.
        pub fn columns(row_type: i32) -> Option<&'static [Column]> {
            [$((RsRowType::$row_type as i32, $columns)),+]
                .into_iter()
                .find_map(|(number, columns)| (number == row_type).then_some(columns))
        }
    };
}

rows! {
    error Error ERROR (error: Error) {
        Code: Text = error.code.id(),
        Name: Text = Name(error.code.name()),
        Category: Int64 = i64::from(error.code.kind() as i32),
        Message: Text = &error.message,
        RecommendedAction: Text = Name(error.code.recommended_action()),
        Target: Text = error.target.as_deref(),
        Retryable: Bool = error.code.retryable(),
        HttpStatus: Int64 = error.http_status.map(i64::from),
        ExceptionType: Text = error.exception_type.as_deref(),
        Aadsts: Int64 = error.aadsts.map(i64::from),
        RequestId: Text = error.request_id.as_deref(),
        RetryAfterSec: Int64 = error.retry_after_sec.map(|sec| i64::try_from(sec).unwrap_or(i64::MAX)),
        Causes: List = error.causes.as_slice(),
    }

    message Message MESSAGE (message: Message) {
        Level: Int64 = i64::from(message.level as i32),
        Text: Text = &message.text,
    }

    progress Progress PROGRESS (progress: Progress) {
        Activity: Text = &progress.activity,
        Status: Text = &progress.status,
        Percent: Int64 = progress.percent.map(i64::from),
    }

    confirm Confirm CONFIRM (confirmation: Confirmation) {
        Caption: Text = &confirmation.caption,
        Description: Text = &confirmation.description,
        Question: Text = &confirmation.question,
    }

    check ConnectionCheck CONNECTION_CHECK (check: Check) {
        Organization: Text = &check.organization,
        Check: Text = Name(check.what.name()),
        Result: Text = Name(check.result.name()),
        Detail: Text = &check.detail,
        RecommendedAction: Text = check.recommended_action.map(Name),
    }

    parameter Cmdlet CMDLET (parameter: Parameter) {
        Name: Text = Name(parameter.cmdlet),
        OnlyLook: Bool = parameter.only_look,
        Parameter: Text = parameter.name.as_deref(),
        Text: Text = match &parameter.argument { Some(Argument::Text(text)) => Some(text.as_str()), _ => None },
        Number: Int64 = match parameter.argument { Some(Argument::Number(number)) => Some(number), _ => None },
        Texts: List = match &parameter.argument { Some(Argument::Texts(texts)) => Some(texts.as_slice()), _ => None },
        Truth: Bool = match parameter.argument { Some(Argument::Truth(truth)) => Some(truth), _ => None },
    }

    proxy Proxy PROXY (endpoint: String) {
        Endpoint: Text = endpoint,
    }

    sign Sign SIGN (wanted: Signature<'_>) {
        Algorithm: Text = Name(wanted.algorithm.name()),
        Input: Text = wanted.input,
    }

    environment_variable EnvironmentVariable ENVIRONMENT_VARIABLE (name: &'static str) {
        Name: Text = Name(name),
    }

    browse Browse BROWSE (address: String) {
        Address: Text = address,
    }

    connection Connection CONNECTION (connection: ConnectionStatus) {
        Organization: Text = &connection.organization,
        TenantId: Text = connection.tenant_id.as_deref(),
        Account: Text = &connection.account,
        ExchangeEnvironmentName: Text = &connection.environment,
        ConnectionUri: Text = &connection.connection_uri,
        IsPractice: Bool = connection.practice,
        PracticeUri: Text = connection.practice_uri.as_deref(),
        PracticeSmtpAddress: Text = connection.practice_smtp_address.as_deref(),
        ConnectedAt: Ticks = connection.connected_at,
        TokenExpires: Ticks = connection.token_expires,
        Roles: List = connection.roles.as_slice(),
        JournalPath: Text = connection.journals.as_deref().map(|path| path.display().to_string()),
        Requests: Int64 = connection.requests.map(count),
        Retries: Int64 = connection.retries.map(count),
    }

    restricted_sender RestrictedSender RESTRICTED_SENDER (entry: Restriction) {
        EntityType: Text = Name(entry.key.entity_type().name()),
        SenderAddress: Text = entry.key.sender_address(),
        ConnectorId: Text = entry.key.connector_id(),
        ConnectorName: Text = entry.connector_name.as_deref(),
        PrimarySmtpAddress: Text = entry.primary_smtp_address.as_deref(),
        BlockType: Text = Name(entry.block_type.name()),
        Summary: Text = &entry.summary,
        RestrictedSince: Ticks = entry.created,
        RestrictedUntil: Ticks = entry.decision.restricted_until().map(|until| until.at),
        RestrictedUntilBasis: Text = entry.decision.restricted_until().map(|until| Name(until.basis.name())),
        NextStep: Text = Name(entry.decision.next_step().name()),
        Reason: Text = &entry.reason.text,
        CreatedDatetime: Ticks = only_sender(&entry.key, entry.created),
        ChangedDatetime: Ticks = entry.changed,
        TemporaryBlock: Bool = entry.temporary_block,
        CreatedTime: Ticks = only_connector(&entry.key, entry.created),
        ExpirationTime: Ticks = entry.expiration,
        OutboundPolicy: Text = entry.policy().and_then(|policy| policy.name.as_deref()),
        ActionWhenThresholdReached: Text = entry.policy().map(|policy| Name(policy.action.name())),
        PolicyChanged: Ticks = entry.policy().map(|policy| policy.changed),
        UnblockRequestedAt: Ticks = entry.unblocks().and_then(|unblocks| unblocks.requested_at),
        UnblockCount: Int64 = entry.unblocks().map(|unblocks| i64::from(unblocks.count)),
        UnblockRefused: Bool = entry.unblocks().map(|unblocks| unblocks.refused),
        Evidence: Text = entry.evidence().map(|evidence| Name(evidence.name())),
        Organization: Text = Shared(&entry.origin.organization),
        TenantId: Text = entry.tenant_id.as_deref().or(entry.origin.tenant_id.as_deref()).map(Shared),
        IsPractice: Bool = entry.origin.practice,
        ListedAt: Ticks = entry.listed_at,
        PortalUrl: Text = Shared(&entry.origin.portals.restricted_entities),
        MfaUrl: Text = entry.mfa_url().map(Shared),
        PasswordUrl: Text = entry.password_url().map(Shared),
        Others: List = List(|block: &mut Block| named(block, &entry.others)),
    }

    description Description DESCRIPTION (entry: Description) {
        SpamLast24Hours: Int64 = entry.reason.spam_last_24_hours.map(i64::from),
        MailLast24Hours: Int64 = entry.reason.mail_last_24_hours.map(i64::from),
        SpamPercent: Double = entry.reason.spam_percent,
        ClientIP: Text = entry.reason.client_ip.map(|address| address.to_string()),
        AntispamCode: Int64 = entry.reason.antispam_code.map(i64::from),
        LastSpamMessageTraceId: Text = entry.reason.last_spam_message_trace_id.map(|id| id.to_string()),
        LimitType: Text = entry.reason.limit_type.as_deref(),
        InternalRecipientsToday: Int64 = entry.reason.internal_recipients_today.map(i64::from),
        ExternalRecipientsToday: Int64 = entry.reason.external_recipients_today.map(i64::from),
        RecipientsLast24Hours: Int64 = entry.reason.recipients_last_24_hours.map(i64::from),
        RecipientRateLimit: Int64 = entry.reason.recipient_rate_limit.map(i64::from),
        UnknownReason: List = List(|block: &mut Block| pairs(block, &entry.reason.unknown)),
        StartDate: Ticks = entry.trace.map(|trace| trace.start),
        EndDate: Ticks = entry.trace.map(|trace| trace.end),
        ExpectedBy: Ticks = entry.decision.expected_by(),
        Overdue: Bool = entry.decision.overdue(),
        Advice: Text = entry.advice(),
        UserMessage: Text = entry.decision.user_message(),
    }

    sender_state SenderState SENDER_STATE (answer: SenderState) {
        EntityType: Text = answer.entity_type.map(|entity_type| Name(entity_type.name())),
        SenderAddress: Text = answer.sender_address.as_deref(),
        ConnectorId: Text = answer.connector_id.as_deref(),
        State: Text = Name(answer.state.name()),
        Key: Text = answer.key.as_deref(),
        Checked: List = answer.checked.as_slice(),
        Error: List = answer.error.as_ref().map(|failure| List(|block: &mut Block| error(block, failure))),
        Organization: Text = Shared(&answer.origin.organization),
        TenantId: Text = answer.origin.tenant_id.as_deref().map(Shared),
        IsPractice: Bool = answer.origin.practice,
    }

    unblock_result UnblockResult UNBLOCK_RESULT (result: UnblockResult) {
        EntityType: Text = result.entity_type.map(|entity_type| Name(entity_type.name())),
        SenderAddress: Text = result.sender_address.as_deref(),
        ConnectorId: Text = result.connector_id.as_deref(),
        ConnectorName: Text = result.connector_name.as_deref(),
        Named: Text = result.named.as_deref(),
        Outcome: Text = Name(result.outcome.name()),
        RequestedAt: Ticks = result.requested_at,
        ReleasedAt: Ticks = result.released_at,
        ProvenAt: Ticks = result.proven.as_ref().map(|proven| proven.at),
        MessageTraceId: Text = result.proven.as_ref().map(|proven| proven.message_trace_id.as_str()),
        RecipientAddress: Text = result.proven.as_ref().map(|proven| proven.recipient.as_str()),
        Elapsed: Int64 = result.elapsed.map(ticks_of),
        RequestId: Text = result.request_id.as_deref(),
        SupportText: Text = &result.support_text(),
        Organization: Text = Shared(&result.origin.organization),
        TenantId: Text = result.origin.tenant_id.as_deref().map(Shared),
        IsPractice: Bool = result.origin.practice,
    }

    history_event HistoryEvent HISTORY_EVENT (told: Told<HistoryEvent>) {
        Time: Ticks = told.row.time,
        EntityType: Text = Name(told.row.key.entity_type().name()),
        SenderAddress: Text = told.row.key.sender_address(),
        ConnectorId: Text = told.row.key.connector_id(),
        Event: Text = Name(told.row.happened.name()),
        Source: Text = Name(told.row.happened.source()),
        BlockType: Text = told.row.block_type.map(|block_type| Name(block_type.name())),
        Summary: Text = told.row.summary.as_deref(),
        Reason: Text = Some(told.row.reason.as_str()).filter(|reason| !reason.is_empty()),
        RestrictedSince: Ticks = told.row.listed_at,
        RequestedAt: Ticks = told.row.requested_at,
        UnblockedBy: Text = told.row.unblocked_by.as_deref(),
        ReleasedAt: Ticks = told.row.released_at,
        TimeToRelease: Int64 = told.row.time_to_release().map(ticks_of),
        Comment: Text = told.row.comment.as_deref(),
        RecordId: Text = told.row.id.as_deref(),
        Detail: Text = told.row.detail.as_deref(),
        Complete: Bool = told.scope.complete,
        CoveredUntil: Ticks = told.scope.covered_until,
        Organization: Text = told.scope.organization.as_deref().map(Shared),
        IsPractice: Bool = told.scope.practice,
    }

    history_summary HistorySummary HISTORY_SUMMARY (told: Told<Summary>) {
        EntityType: Text = Name(told.row.key.entity_type().name()),
        SenderAddress: Text = told.row.key.sender_address(),
        ConnectorId: Text = told.row.key.connector_id(),
        TimesRestricted: Int64 = count(told.row.times_restricted as u64),
        FirstRestricted: Ticks = told.row.first,
        LastRestricted: Ticks = told.row.last,
        MedianTimeToRelease: Int64 = told.row.median_time_to_release.map(ticks_of),
        MedianTimeRestricted: Int64 = told.row.median_restricted_for.map(ticks_of),
        Pattern: Text = told.row.rhythm.map(|rhythm| rhythm.to_string()),
        LastReason: Text = told.row.last_reason.as_deref(),
        LastBlockType: Text = told.row.last_block_type.map(|block_type| Name(block_type.name())),
        LastSummary: Text = told.row.last_summary.as_deref(),
        Complete: Bool = told.scope.complete,
        CoveredUntil: Ticks = told.scope.covered_until,
        Organization: Text = told.scope.organization.as_deref().map(Shared),
        IsPractice: Bool = told.scope.practice,
    }

    journal Journal JOURNAL (verified: Verified) {
        Path: Text = verified.path.display().to_string(),
        IsIntact: Bool = verified.is_intact(),
        FromTheBeginning: Bool = verified.from_the_beginning,
        Files: Int64 = count(verified.files),
        Lines: Int64 = count(verified.lines),
        UnknownLines: Int64 = count(verified.unknown),
        CoversFrom: Ticks = verified.covers.map(|(first, _)| first),
        CoversUntil: Ticks = verified.covers.map(|(_, last)| last),
        Head: Text = &verified.head,
        Breaks: List = List(|block: &mut Block| verified.breaks.iter().for_each(|broken| journal_break(block, broken))),
        TornBytes: Int64 = count(verified.torn.as_ref().map_or(0, |torn| torn.bytes)),
        SetAside: List = List(|block: &mut Block| {
            verified.set_aside.iter().for_each(|file| block.put(file.display().to_string()));
        }),
    }

    journal_break JournalBreak JOURNAL_BREAK (broken: Break) {
        File: Text = broken.file.display().to_string(),
        Line: Int64 = count(broken.line),
        Why: Text = &broken.why,
    }

    report SenderAccountReport SENDER_ACCOUNT_REPORT (report: Report) {
        EntityType: Text = Name(report.key.entity_type().name()),
        SenderAddress: Text = report.key.sender_address(),
        ConnectorId: Text = report.key.connector_id(),
        ConnectorName: Text = report.connector_name.as_deref(),
        Named: Text = &report.named,
        Account: Text = report.account.as_deref(),
        RecipientTypeDetails: Text = report.recipient_type.as_deref(),
        Verdict: Text = Name(report.verdict.name()),
        Summary: Text = &report.summary,
        LooksLike: Text = Name(report.looks_like.name()),
        LooksLikeBecause: List = report.reasons.as_slice(),
        Checks: List = List(|block: &mut Block| report.checks.iter().for_each(|check| account_check(block, check))),
        Unseen: List = report.unseen.as_slice(),
        BlockType: Text = report.block_type.map(|block_type| Name(block_type.name())),
        Since: Ticks = report.since,
        SinceBasis: Text = Name(report.since_basis.name()),
        NewSince: Ticks = report.baseline,
        TestedAt: Ticks = report.tested_at,
        Organization: Text = Shared(&report.origin.organization),
        TenantId: Text = report.origin.tenant_id.as_deref().map(Shared),
        IsPractice: Bool = report.origin.practice,
    }

    account_check SenderAccountCheck SENDER_ACCOUNT_CHECK (check: evidence::Check) {
        Check: Text = Name(check.name.name()),
        Result: Text = Name(check.state.name()),
        Seen: List = List(|block: &mut Block| check.seen.iter().for_each(|seen| fact(block, seen))),
        Why: Text = Name(check.why),
        Recommendation: Text = &check.recommendation,
        Command: List = check.commands.as_slice(),
        Needs: Text = Name(check.needs),
        Objects: List = check.objects.as_slice(),
        Error: List = check.problem.as_ref().map(|problem| List(|block: &mut Block| error(block, problem))),
        Source: Text = Name(check.source.title),
        SourceUrl: Text = Name(check.source.url),
    }

    fact SenderAccountFact SENDER_ACCOUNT_FACT (fact: Fact) {
        Time: Ticks = fact.at,
        What: Text = &fact.what,
        IsSuspicious: Bool = fact.is_suspicious,
    }

    protection SenderAccountProtection SENDER_ACCOUNT_PROTECTION (done: Protection) {
        SenderAddress: Text = done.key.sender_address(),
        Account: Text = done.account.as_deref(),
        Action: Text = Name(done.action.name()),
        Object: Text = done.object.as_deref(),
        Changed: Bool = done.changed,
        Detail: Text = &done.detail,
        Before: List = List(|block: &mut Block| pairs(block, &done.before)),
        Undo: Text = done.undo.as_deref(),
        Password: Text = done.password.as_ref(),
        Time: Ticks = done.at,
        RequestId: Text = done.request_id.as_deref(),
        Organization: Text = Shared(&done.origin.organization),
        TenantId: Text = done.origin.tenant_id.as_deref().map(Shared),
        IsPractice: Bool = done.origin.practice,
    }

    non_delivery NonDeliveryReport NON_DELIVERY_REPORT (read: NonDeliveryReport) {
        Class: Text = Name(read.report.class().name()),
        Confidence: Text = Name(read.report.confidence.name()),
        ConfidenceReason: Text = &read.report.confidence_reason,
        Direction: Text = Name(read.report.direction.name()),
        EntityType: Text = read.entity_type().map(|entity_type| Name(entity_type.name())),
        IsQuoted: Bool = read.report.is_quoted,
        SenderAddress: Text = read.report.sender.as_deref(),
        RecipientAddress: Text = read.report.recipient.as_deref(),
        StatusCode: Int64 = read.report.reply.code.map(i64::from),
        EnhancedStatus: Text = read.report.reply.status.map(|status| status.to_string()),
        AntispamCode: Int64 = read.report.reply.antispam_code().map(i64::from),
        DiagnosticText: Text = Some(read.report.reply.text.as_str()).filter(|text| !text.is_empty()),
        GeneratingServer: Text = read.report.generating_server.as_deref(),
        RemoteServer: Text = read.report.remote_server.as_deref(),
        IPAddress: Text = read.report.ip_address.map(|address| address.to_string()),
        MessageTraceId: Text = read.report.message_trace_id.as_deref(),
        MessageId: Text = read.report.message_id.as_deref(),
        ReportedAt: Ticks = read.report.reported_at,
        NextStep: Text = Name(read.report.next_step().name()),
        LiftedBy: Text = read.report.lifted_by().map(|who| Name(who.name())),
        Advice: Text = read.report.advice().map(Name),
        DelistUrl: Text = read.report.delist_url(),
        ForwardText: Text = read.report.forward_text(),
        Source: Text = read.source.as_deref().map(Shared),
        MessageNumber: Int64 = count(read.report.message_number),
    }

    non_delivery_code NonDeliveryCode NON_DELIVERY_CODE (row: NonDeliveryCode) {
        Code: Text = row.code(),
        Text: Text = Name(row.text),
        Class: Text = Name(row.class.name()),
        NextStep: Text = Name(row.next_step.name()),
        LiftedBy: Text = Name(row.lifted_by.name()),
        Advice: Text = Name(row.advice),
        DelistUrl: Text = row.delist_url().map(Name),
    }

    sending_limit SendingLimit SENDING_LIMIT (limit: SendingLimit) {
        SenderAddress: Text = limit.sender.as_deref(),
        From: Text = limit.from.as_deref(),
        Policy: Text = limit.policy.as_deref(),
        Rule: Text = limit.rule.as_deref(),
        Priority: Int64 = limit.priority.map(i64::from),
        State: Text = limit.state.map(Name),
        AppliesTo: Text = limit.applies_to.as_deref(),
        Why: Text = limit.why.as_deref(),
        MayApply: List = limit.may_apply.as_slice(),
        ActionWhenThresholdReached: Text = limit.action.map(|action| Name(action.name())),
        ExternalPerHour: Int64 = limit.external_per_hour.map(i64::from),
        InternalPerHour: Int64 = limit.internal_per_hour.map(i64::from),
        RecipientsPerDay: Int64 = limit.recipients_per_day.map(i64::from),
        RecipientRate: Int64 = i64::from(limit.recipient_rate),
        MessagesPerMinute: Int64 = i64::from(limit.messages_per_minute),
        RecipientsPerMessage: Int64 = i64::from(limit.recipients_per_message),
        InitialDomain: Int64 = limit.initial_domain.map(i64::from),
        TenantExternal: Int64 = limit.tenant_external.map(i64::from),
        Source: List = List(|block: &mut Block| pairs(block, &limit.sources)),
        Rules: List = List(|block: &mut Block| limit.rules.iter().for_each(|rule| sending_rule(block, rule))),
        UsageAt: Ticks = limit.usage.map(|usage| usage.at),
        MessagesLastMinute: Int64 = limit.usage.map(|usage| i64::from(usage.used.messages_last_minute)),
        ExternalThisHour: Int64 = limit.usage.map(|usage| i64::from(usage.used.external_this_hour)),
        InternalThisHour: Int64 = limit.usage.map(|usage| i64::from(usage.used.internal_this_hour)),
        RecipientsToday: Int64 = limit.usage.map(|usage| i64::from(usage.used.recipients_today)),
        RecipientsLast24Hours: Int64 = limit.usage.map(|usage| i64::from(usage.used.recipients_last_24_hours)),
        CountAccuracy: Text = limit.usage.map(|usage| Name(usage.groups.name())),
        RemainingExternal: Int64 = limit.usage.and_then(|usage| usage.remaining).map(|left| i64::from(left.external)),
        RemainingInternal: Int64 = limit.usage.and_then(|usage| usage.remaining).map(|left| i64::from(left.internal)),
        TrippedLimit: Text = limit.usage.and_then(|usage| usage.tripped).map(|tripped| Name(tripped.limit.name())),
        TrippedAt: Ticks = limit.usage.and_then(|usage| usage.tripped).map(|tripped| moment(tripped.at)),
        RestrictedBy: Text = limit.usage.and_then(|usage| usage.restricted).map(|(limit, _)| Name(limit.name())),
        CanSendAgainAt: Ticks = limit.usage.and_then(|usage| usage.can_send_again_at()).map(moment),
        Warnings: List = limit.warnings.as_slice(),
        Organization: Text = Shared(&limit.origin.organization),
        TenantId: Text = limit.origin.tenant_id.as_deref().map(Shared),
        IsPractice: Bool = limit.origin.practice,
    }

    sending_rule SendingRule SENDING_RULE (rule: SendingRule) {
        Priority: Int64 = rule.priority.map(i64::from),
        Rule: Text = &rule.name,
        Policy: Text = rule.policy.as_deref(),
        AppliesTo: Text = &rule.applies_to,
        Result: Text = Name(rule.outcome.name()),
        Why: Text = &rule.why,
    }

    outbound_sending OutboundSending OUTBOUND_SENDING (measured: SenderMeasured) {
        SenderAddress: Text = &measured.sending.sender,
        MessageCount: Int64 = count(measured.sending.messages),
        RecipientCount: Int64 = count(measured.sending.internal + measured.sending.external),
        InternalRecipientCount: Int64 = count(measured.sending.internal),
        ExternalRecipientCount: Int64 = count(measured.sending.external),
        CountAccuracy: Text = Name(measured.sending.groups.name()),
        FirstSent: Ticks = moment(measured.sending.first),
        LastSent: Ticks = moment(measured.sending.last),
        PeakMessagesPerMinute: Int64 = peak(measured.sending.peaks.messages_per_minute),
        PeakMessagesPerMinuteAt: Ticks = measured.sending.peaks.messages_per_minute.at.map(moment),
        PeakExternalPerHour: Int64 = peak(measured.sending.peaks.external_per_hour),
        PeakExternalPerHourAt: Ticks = measured.sending.peaks.external_per_hour.at.map(moment),
        PeakInternalPerHour: Int64 = peak(measured.sending.peaks.internal_per_hour),
        PeakInternalPerHourAt: Ticks = measured.sending.peaks.internal_per_hour.at.map(moment),
        PeakRecipientsPerDay: Int64 = peak(measured.sending.peaks.recipients_per_day),
        PeakRecipientsPerDayAt: Ticks = measured.sending.peaks.recipients_per_day.at.map(moment),
        PeakRecipientsPer24Hours: Int64 = peak(measured.sending.peaks.recipients_per_24_hours),
        PeakRecipientsPer24HoursAt: Ticks = measured.sending.peaks.recipients_per_24_hours.at.map(moment),
        TrippedLimit: Text = measured.sending.tripped.map(|tripped| Name(tripped.limit.name())),
        TrippedAt: Ticks = measured.sending.tripped.map(|tripped| moment(tripped.at)),
        MessageTraceId: Text = measured.sending.tripped.map(|tripped| tripped.message_trace_id()),
        StartDate: Ticks = measured.sending.tripped.map(|tripped| moment(tripped.at) - Duration::MINUTE),
        EndDate: Ticks = measured.sending.tripped.map(|tripped| moment(tripped.at) + Duration::MINUTE),
        At: Ticks = measured.at,
        RestrictedBy: Text = measured.sending.restricted.map(|(limit, _)| Name(limit.name())),
        CanSendAgainAt: Ticks = measured.sending.can_send_again_at().map(moment),
        RecipientsLast24Hours: Int64 = i64::from(measured.sending.used.recipients_last_24_hours),
        RecipientsToday: Int64 = i64::from(measured.sending.used.recipients_today),
        ExternalThisHour: Int64 = i64::from(measured.sending.used.external_this_hour),
        InternalThisHour: Int64 = i64::from(measured.sending.used.internal_this_hour),
        RemainingExternal: Int64 = i64::from(measured.sending.remaining_external),
        RemainingInternal: Int64 = i64::from(measured.sending.remaining_internal),
        ForecastLimit: Text = measured.sending.forecast.map(|forecast| Name(forecast.limit.name())),
        ForecastAt: Ticks = measured.sending.forecast.map(|forecast| moment(forecast.at)),
        ForecastPerHour: Int64 = measured.sending.forecast.map(|forecast| i64::from(forecast.per_hour)),
        Policy: Text = measured.policy.as_deref(),
        BlockType: Text = measured.listed.and_then(|listed| listed.block_type).map(|block_type| Name(block_type.name())),
        AgreesWithReason: Bool = measured.listed.and_then(|listed| listed.agrees),
        Organization: Text = measured.origin.as_ref().map(|origin| Shared(&origin.organization)),
        TenantId: Text = measured.origin.as_ref().and_then(|origin| origin.tenant_id.as_deref()).map(Shared),
        IsPractice: Bool = measured.origin.as_ref().is_some_and(|origin| origin.practice),
    }

    outbound_sending_summary OutboundSendingSummary OUTBOUND_SENDING_SUMMARY (measured: OrganizationMeasured) {
        At: Ticks = moment(measured.sending.at),
        FirstSent: Ticks = measured.sending.first.map(moment),
        LastSent: Ticks = measured.sending.last.map(moment),
        SenderCount: Int64 = count(measured.sending.senders),
        MessageCount: Int64 = count(measured.sending.messages),
        RecipientCount: Int64 = count(measured.sending.recipients),
        SendersOverLimit: Int64 = count(measured.sending.tripped),
        ExternalLast24Hours: Int64 = i64::from(measured.sending.external),
        PeakExternalPer24Hours: Int64 = peak(measured.sending.external_peak),
        PeakExternalPer24HoursAt: Ticks = measured.sending.external_peak.at.map(moment),
        TenantExternal: Int64 = measured.sending.external_limit.map(i64::from),
        InitialDomainLast24Hours: Int64 = i64::from(measured.sending.initial_domain),
        PeakInitialDomainPer24Hours: Int64 = peak(measured.sending.initial_domain_peak),
        PeakInitialDomainPer24HoursAt: Ticks = measured.sending.initial_domain_peak.at.map(moment),
        InitialDomain: Int64 = i64::from(measured.sending.initial_domain_limit),
        TopSenders: List = List(|block: &mut Block| measured.sending.busiest_senders.iter().for_each(|one| busiest(block, one))),
        TopDomains: List = List(|block: &mut Block| measured.sending.busiest_domains.iter().for_each(|one| busiest(block, one))),
        Lines: Int64 = count(measured.sending.tally.lines),
        Inbound: Int64 = count(measured.sending.tally.inbound),
        System: Int64 = count(measured.sending.tally.system),
        OtherEvents: Int64 = count(measured.sending.tally.others),
        Duplicates: Int64 = count(measured.sending.tally.duplicates),
        Unusable: List = List(|block: &mut Block| measured.sending.tally.unusable.iter().for_each(|lines| unusable_lines(block, lines))),
        Organization: Text = measured.origin.as_ref().map(|origin| Shared(&origin.organization)),
        TenantId: Text = measured.origin.as_ref().and_then(|origin| origin.tenant_id.as_deref()).map(Shared),
        IsPractice: Bool = measured.origin.as_ref().is_some_and(|origin| origin.practice),
    }

    busiest Busiest BUSIEST (busiest: Busiest) {
        Name: Text = &busiest.name,
        RecipientCount: Int64 = count(busiest.recipients),
    }

    unusable_lines UnusableLines UNUSABLE_LINES (lines: Unusable) {
        Why: Text = lines.defect.to_string(),
        Count: Int64 = count(lines.count),
        Path: Text = lines.file.as_ref().map(|file| file.display().to_string()),
        Line: Int64 = count(lines.line),
    }

    error_code ErrorCode ERROR_CODE (code: Code) {
        Code: Text = code.id(),
        Name: Text = Name(code.name()),
        Category: Int64 = i64::from(code.kind() as i32),
        Retryable: Bool = code.retryable(),
        Meaning: Text = Name(code.meaning()),
        RecommendedAction: Text = Name(code.recommended_action()),
    }
}

/// A cmdlet to run with one of its parameters; without, where it has none.
pub struct Parameter {
    cmdlet: &'static str,
    only_look: bool,
    name: Option<String>,
    argument: Option<Argument>,
}

/// A cmdlet to run.
pub fn cmdlet(run: Run) -> Block {
    let mut block = Block::new(RsRowType::Cmdlet, run.parameters.len().max(1));
    let (cmdlet, only_look) = (run.cmdlet, run.only_look);
    if run.parameters.is_empty() {
        block.row(|block| parameter(block, &Parameter { cmdlet, only_look, name: None, argument: None }));
    }
    for (name, argument) in run.parameters {
        let row = Parameter { cmdlet, only_look, name: Some(name), argument: Some(argument) };
        block.row(|block| parameter(block, &row));
    }
    block
}

/// A duration as .NET counts it: in units of 100 nanoseconds.
fn ticks_of(duration: Duration) -> i64 {
    i64::try_from(duration.whole_nanoseconds() / 100).unwrap_or(i64::MAX)
}

fn moment(second: Second) -> OffsetDateTime {
    second.into()
}

fn peak(peak: Peak) -> i64 {
    i64::from(peak.count)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn only_sender<T>(key: &Key, value: Option<T>) -> Option<T> {
    value.filter(|_| matches!(key, Key::Sender(_)))
}

fn only_connector<T>(key: &Key, value: Option<T>) -> Option<T> {
    value.filter(|_| matches!(key, Key::Connector(_)))
}

/// Names and values in turn.
fn named(block: &mut Block, others: &[(String, restricted_sender_core::exchange::Value)]) {
    for (name, value) in others {
        block.put(name);
        block.put(value);
    }
}

/// Keys and values in turn.
fn pairs(block: &mut Block, pairs: &[(String, String)]) {
    for (key, value) in pairs {
        block.put(key);
        block.put(value);
    }
}

/// Results as blocks: mostly one, since an operation hands over rows of one type at a time.
pub fn blocks(rows: &[Row]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::with_capacity(1);
    for (index, row) in rows.iter().enumerate() {
        let mut add = |row_type: RsRowType, fill: &dyn Fn(&mut Block)| match blocks.last_mut() {
            Some(block) if block.row_type() == row_type => block.row(fill),
            _ => {
                let mut block = Block::new(row_type, rows.len() - index);
                block.row(fill);
                blocks.push(block);
            }
        };
        match row {
            Row::Connection(row) => add(RsRowType::Connection, &|block| connection(block, row)),
            Row::Restriction(row) => add(RsRowType::RestrictedSender, &|block| restricted_sender(block, row)),
            Row::Description(row) => add(RsRowType::Description, &|block| description(block, row)),
            Row::State(row) => add(RsRowType::SenderState, &|block| sender_state(block, row)),
            Row::Unblock(row) => add(RsRowType::UnblockResult, &|block| unblock_result(block, row)),
            Row::HistoryEvent(row) => add(RsRowType::HistoryEvent, &|block| history_event(block, row)),
            Row::HistorySummary(row) => add(RsRowType::HistorySummary, &|block| history_summary(block, row)),
            Row::Journal(row) => add(RsRowType::Journal, &|block| journal(block, row)),
            Row::Check(row) => add(RsRowType::ConnectionCheck, &|block| check(block, row)),
            Row::Account(row) => add(RsRowType::SenderAccountReport, &|block| report(block, row)),
            Row::Protection(row) => add(RsRowType::SenderAccountProtection, &|block| protection(block, row)),
            Row::NonDelivery(row) => add(RsRowType::NonDeliveryReport, &|block| non_delivery(block, row)),
            Row::NonDeliveryCode(row) => add(RsRowType::NonDeliveryCode, &|block| non_delivery_code(block, row)),
            Row::SendingLimit(row) => add(RsRowType::SendingLimit, &|block| sending_limit(block, row)),
            Row::SenderMeasured(row) => add(RsRowType::OutboundSending, &|block| outbound_sending(block, row)),
            Row::OrganizationMeasured(row) => {
                add(RsRowType::OutboundSendingSummary, &|block| outbound_sending_summary(block, row));
            }
            Row::ErrorCode(code) => add(RsRowType::ErrorCode, &|block| error_code(block, code)),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use restricted_sender_core::reason::Reason;
    use restricted_sender_core::restriction::{
        Case, Circumstances, Decision, EntityType, Known, TraceWindow, UnblockHistory,
    };
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_row_type_has_columns_and_no_other_number_has() {
        for number in 0..=31 {
            assert!(columns(number).is_some_and(|columns| !columns.is_empty()), "{number}");
        }
        assert!(columns(32).is_none() && columns(-1).is_none());
    }

    #[test]
    fn cells_are_of_their_columns_type() {
        let mut failure = Error::new(Code::NotListed, "x").about("y");
        failure = failure.with(|details| {
            details.http_status = Some(404);
            details.aadsts = Some(1);
            details.retry_after_sec = Some(2);
            details.request_id = Some("r".into());
            details.exception_type = Some("t".into());
        });
        check(RsRowType::Error, error, &failure);
    }

    #[test]
    fn a_description_has_whatever_the_reason_and_an_unblock_say() {
        let now = datetime!(2026-11-23 08:00 UTC);
        let reason = Reason::parse(
            "OutboundSpamLast24Hours=1;OutboundMailLast24Hours=2;OutboundSpamPercent=50;CIP=2001:db8::7;AS:7;Last Spam Message MessagetraceId:0c6c1eb9-0000-4000-8000-000000000001;InternalRecipientCountToday=1;ExternalRecipientCountToday=2;ExceedingLimitType=External;RecipientCountLast24Hours=3;RcptRateLimit=4;Moon=full",
        );
        let case = Case::of(EntityType::Mailbox, &reason, &Known { since: Some(now), ..Known::default() });
        let unblocks = Some(UnblockHistory { requested_at: Some(now), count: 1, refused: false });
        let circumstances = Circumstances { unblocks, ..Circumstances::default() };
        let entry = Description {
            trace: TraceWindow::around(now, now),
            decision: Decision::of(&case, &circumstances, now),
            reason,
        };
        check(RsRowType::Description, description, &entry);
    }

    /// Every cell has a value, of its column's type.
    fn check<T>(row_type: RsRowType, fill: fn(&mut Block, &T), value: &T) {
        let block = Block::of(row_type, fill, value);
        let columns = columns(row_type as i32).unwrap();
        assert_eq!(block.columns(), columns.len() as i64);
        for (cell, (name, kind)) in block.types().zip(columns) {
            assert_eq!(cell, *kind as i32, "{name}");
        }
    }
}
