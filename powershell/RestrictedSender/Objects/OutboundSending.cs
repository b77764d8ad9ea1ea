using System;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What a sender has sent, against the limits. Times are UTC.</summary>
public sealed class OutboundSending
{
    internal OutboundSending(Row row)
    {
        row.Expect(RowType.OutboundSending);
        SenderAddress = row.Text()!;
        MessageCount = row.Integer()!.Value;
        RecipientCount = row.Integer()!.Value;
        InternalRecipientCount = row.Integer()!.Value;
        ExternalRecipientCount = row.Integer()!.Value;
        CountAccuracy = row.Name<CountAccuracy>()!.Value;
        FirstSent = row.Moment()!.Value;
        LastSent = row.Moment()!.Value;
        PeakMessagesPerMinute = row.Integer()!.Value;
        PeakMessagesPerMinuteAt = row.Moment();
        PeakExternalPerHour = row.Integer()!.Value;
        PeakExternalPerHourAt = row.Moment();
        PeakInternalPerHour = row.Integer()!.Value;
        PeakInternalPerHourAt = row.Moment();
        PeakRecipientsPerDay = row.Integer()!.Value;
        PeakRecipientsPerDayAt = row.Moment();
        PeakRecipientsPer24Hours = row.Integer()!.Value;
        PeakRecipientsPer24HoursAt = row.Moment();
        TrippedLimit = row.Name<SendingLimitName>();
        TrippedAt = row.Moment();
        MessageTraceId = row.Text();
        StartDate = row.Moment();
        EndDate = row.Moment();
        At = row.Moment()!.Value;
        RestrictedBy = row.Name<SendingLimitName>();
        CanSendAgainAt = row.Moment();
        RecipientsLast24Hours = row.Integer()!.Value;
        RecipientsToday = row.Integer()!.Value;
        ExternalThisHour = row.Integer()!.Value;
        InternalThisHour = row.Integer()!.Value;
        RemainingExternal = row.Integer()!.Value;
        RemainingInternal = row.Integer()!.Value;
        ForecastLimit = row.Name<SendingLimitName>();
        ForecastAt = row.Moment();
        ForecastPerHour = row.Integer();
        Policy = row.Text();
        BlockType = row.Name<BlockType>();
        AgreesWithReason = row.Bool();
        Organization = row.Text();
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>Who has sent.</summary>
    public string SenderAddress { get; }

    /// <summary>How many messages.</summary>
    public long MessageCount { get; }

    /// <summary>To how many recipients; a group of the organization counts once.</summary>
    public long RecipientCount { get; }

    /// <summary>How many of them are inside.</summary>
    public long InternalRecipientCount { get; }

    /// <summary>How many of them are outside.</summary>
    public long ExternalRecipientCount { get; }

    /// <summary>Whether messages to groups blur the figures.</summary>
    public CountAccuracy CountAccuracy { get; }

    /// <summary>When the first message was sent.</summary>
    public DateTime FirstSent { get; }

    /// <summary>When the last one was.</summary>
    public DateTime LastSent { get; }

    /// <summary>The most messages in a minute.</summary>
    public long PeakMessagesPerMinute { get; }

    /// <summary>When that was reached.</summary>
    public DateTime? PeakMessagesPerMinuteAt { get; }

    /// <summary>The most external recipients in an hour.</summary>
    public long PeakExternalPerHour { get; }

    /// <summary>When that was reached.</summary>
    public DateTime? PeakExternalPerHourAt { get; }

    /// <summary>The most internal recipients in an hour.</summary>
    public long PeakInternalPerHour { get; }

    /// <summary>When that was reached.</summary>
    public DateTime? PeakInternalPerHourAt { get; }

    /// <summary>The most recipients on a day of UTC.</summary>
    public long PeakRecipientsPerDay { get; }

    /// <summary>When that was reached.</summary>
    public DateTime? PeakRecipientsPerDayAt { get; }

    /// <summary>The most recipients in any 24 hours.</summary>
    public long PeakRecipientsPer24Hours { get; }

    /// <summary>When that was reached.</summary>
    public DateTime? PeakRecipientsPer24HoursAt { get; }

    /// <summary>The limit that was tripped first.</summary>
    public SendingLimitName? TrippedLimit { get; }

    /// <summary>When it was.</summary>
    public DateTime? TrippedAt { get; }

    /// <summary>The message that tripped it.</summary>
    public string? MessageTraceId { get; }

    /// <summary>A minute before that message, for Get-MessageTraceV2, which otherwise looks back two days only.</summary>
    public DateTime? StartDate { get; }

    /// <summary>A minute after it.</summary>
    public DateTime? EndDate { get; }

    /// <summary>The moment that is looked from; the following are as of then.</summary>
    public DateTime At { get; }

    /// <summary>The limit by which nothing goes out; nothing where mail goes out.</summary>
    public SendingLimitName? RestrictedBy { get; }

    /// <summary>From when mail goes out again; nothing where it does, or only after an unblock.</summary>
    public DateTime? CanSendAgainAt { get; }

    /// <summary>Recipients of the last 24 hours.</summary>
    public long RecipientsLast24Hours { get; }

    /// <summary>Recipients of the day, UTC.</summary>
    public long RecipientsToday { get; }

    /// <summary>External recipients of the hour.</summary>
    public long ExternalThisHour { get; }

    /// <summary>Internal recipients of the hour.</summary>
    public long InternalThisHour { get; }

    /// <summary>How many more external recipients may be written to, by the limits that are known.</summary>
    public long RemainingExternal { get; }

    /// <summary>How many more internal recipients may be written to, by the limits that are known.</summary>
    public long RemainingInternal { get; }

    /// <summary>The limit that is reached within 24 hours if sending goes on as in the last hour.</summary>
    public SendingLimitName? ForecastLimit { get; }

    /// <summary>When it is.</summary>
    public DateTime? ForecastAt { get; }

    /// <summary>As how many recipients an hour that is.</summary>
    public long? ForecastPerHour { get; }

    /// <summary>The outbound spam policy that was counted by; without one, only the limits of the service count.</summary>
    public string? Policy { get; }

    /// <summary>Why the sender is restricted, by the list; nothing where it is not, or the list was not asked.</summary>
    public BlockType? BlockType { get; }

    /// <summary>Whether the trace tells the same as the list's reason; nothing where it cannot.</summary>
    public bool? AgreesWithReason { get; }

    /// <summary>The organization, where one was asked.</summary>
    public string? Organization { get; }

    /// <summary>Its id, where it is known.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is that of a practice tenant.</summary>
    public bool IsPractice { get; }
}
