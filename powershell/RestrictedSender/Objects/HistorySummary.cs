using System;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>The history of one sender or connector in a line. Times are UTC.</summary>
public sealed class HistorySummary
{
    internal HistorySummary(Row row)
    {
        row.Expect(RowType.HistorySummary);
        EntityType = row.Name<EntityType>()!.Value;
        SenderAddress = row.Text();
        ConnectorId = row.Text();
        TimesRestricted = row.Integer()!.Value;
        FirstRestricted = row.Moment()!.Value;
        LastRestricted = row.Moment()!.Value;
        MedianTimeToRelease = row.Duration();
        MedianTimeRestricted = row.Duration();
        Pattern = row.Text();
        LastReason = row.Text();
        LastBlockType = row.Name<BlockType>();
        LastSummary = row.Text();
        Complete = row.Bool();
        CoveredUntil = row.Moment();
        Organization = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>Mailbox or Connector.</summary>
    public EntityType EntityType { get; }

    /// <summary>The address that the sender was listed by.</summary>
    public string? SenderAddress { get; }

    /// <summary>The id that the connector was listed by.</summary>
    public string? ConnectorId { get; }

    /// <summary>How often it was restricted within the time that was asked for.</summary>
    public long TimesRestricted { get; }

    /// <summary>When the first of these restrictions began.</summary>
    public DateTime FirstRestricted { get; }

    /// <summary>When the last one began.</summary>
    public DateTime LastRestricted { get; }

    /// <summary>The median time from an unblock to the release, of those of which both are known.</summary>
    public TimeSpan? MedianTimeToRelease { get; }

    /// <summary>The median time from the beginning of a restriction to its end, of those of which both are known.</summary>
    public TimeSpan? MedianTimeRestricted { get; }

    /// <summary>The rhythm in which it was restricted, if there is one.</summary>
    public string? Pattern { get; }

    /// <summary>The service's last reason.</summary>
    public string? LastReason { get; }

    /// <summary>The class of the last reason.</summary>
    public BlockType? LastBlockType { get; }

    /// <summary>One line that says the last reason.</summary>
    public string? LastSummary { get; }

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
