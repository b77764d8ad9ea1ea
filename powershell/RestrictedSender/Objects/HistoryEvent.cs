using System;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What happened to a sender or connector, with what belongs to it. Times are UTC.</summary>
public sealed class HistoryEvent
{
    internal HistoryEvent(Row row)
    {
        row.Expect(RowType.HistoryEvent);
        Time = row.Moment()!.Value;
        EntityType = row.Name<EntityType>()!.Value;
        SenderAddress = row.Text();
        ConnectorId = row.Text();
        Event = row.Name<HistoryEventName>()!.Value;
        Source = row.Name<HistorySource>()!.Value;
        BlockType = row.Name<BlockType>();
        Summary = row.Text();
        Reason = row.Text();
        RestrictedSince = row.Moment();
        RequestedAt = row.Moment();
        UnblockedBy = row.Text();
        ReleasedAt = row.Moment();
        TimeToRelease = row.Duration();
        Comment = row.Text();
        RecordId = row.Text();
        Detail = row.Text();
        Complete = row.Bool();
        CoveredUntil = row.Moment();
        Organization = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>When it happened.</summary>
    public DateTime Time { get; }

    /// <summary>Mailbox or Connector.</summary>
    public EntityType EntityType { get; }

    /// <summary>The address that the sender was listed by.</summary>
    public string? SenderAddress { get; }

    /// <summary>The id that the connector was listed by.</summary>
    public string? ConnectorId { get; }

    /// <summary>What happened.</summary>
    public HistoryEventName Event { get; }

    /// <summary>Who tells it.</summary>
    public HistorySource Source { get; }

    /// <summary>The class of the reason, where the record has one.</summary>
    public BlockType? BlockType { get; }

    /// <summary>One line that says why, where the record has a reason.</summary>
    public string? Summary { get; }

    /// <summary>The service's own reason.</summary>
    public string? Reason { get; }

    /// <summary>When the restriction began that this is about.</summary>
    public DateTime? RestrictedSince { get; }

    /// <summary>When its unblock was asked for.</summary>
    public DateTime? RequestedAt { get; }

    /// <summary>Who asked for it; nothing where the service released it by itself, or where nobody kept a record.</summary>
    public string? UnblockedBy { get; }

    /// <summary>When the restriction ended.</summary>
    public DateTime? ReleasedAt { get; }

    /// <summary>From the unblock to the release, where both are known.</summary>
    public TimeSpan? TimeToRelease { get; }

    /// <summary>The comment of who unblocked.</summary>
    public string? Comment { get; }

    /// <summary>The id of the audit record, or the service's id of the request.</summary>
    public string? RecordId { get; }

    /// <summary>What went wrong.</summary>
    public string? Detail { get; }

    /// <summary>
    /// Whether everything that the service recorded of the time asked for was read and nothing can still arrive; nothing
    /// where a file does not tell.
    /// </summary>
    public bool? Complete { get; }

    /// <summary>Until when everything was read, at most a day ago; nothing where something may be missing.</summary>
    public DateTime? CoveredUntil { get; }

    /// <summary>The organization, where one was asked.</summary>
    public string? Organization { get; }

    /// <summary>Whether it is that of a practice tenant.</summary>
    public bool IsPractice { get; }
}
