using System;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What came of one unblock. Times are UTC.</summary>
public sealed class UnblockResult
{
    internal UnblockResult(Row row)
    {
        row.Expect(RowType.UnblockResult);
        EntityType = row.Name<EntityType>();
        SenderAddress = row.Text();
        ConnectorId = row.Text();
        ConnectorName = row.Text();
        Outcome = row.Name<UnblockOutcome>()!.Value;
        RequestedAt = row.Moment();
        RequestId = row.Text();
        Organization = row.Text()!;
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>Mailbox or Connector; nothing when the input names neither.</summary>
    public EntityType? EntityType { get; }

    /// <summary>The address that was unblocked.</summary>
    public string? SenderAddress { get; }

    /// <summary>The connector that was unblocked.</summary>
    public string? ConnectorId { get; }

    /// <summary>The connector's name, where it is known.</summary>
    public string? ConnectorName { get; }

    /// <summary>What came of it.</summary>
    public UnblockOutcome Outcome { get; }

    /// <summary>When the unblock was sent; nothing when none was.</summary>
    public DateTime? RequestedAt { get; }

    /// <summary>The service's id of that request, for a support ticket.</summary>
    public string? RequestId { get; }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; }

    /// <summary>The organization's id.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is a practice tenant.</summary>
    public bool IsPractice { get; }
}
