using System;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What came of one unblock, or of waiting for one. Times are UTC.</summary>
public sealed class UnblockResult : RestrictedEntity
{
    internal UnblockResult(Row row, RestrictedSenderConnection connection)
        : base(connection)
    {
        row.Expect(RowType.UnblockResult);
        EntityType = row.Name<EntityType>();
        SenderAddress = row.Text();
        ConnectorId = row.Text();
        ConnectorName = row.Text();
        Named = row.Text();
        Outcome = row.Name<UnblockOutcome>()!.Value;
        RequestedAt = row.Moment();
        ReleasedAt = row.Moment();
        ProvenAt = row.Moment();
        MessageTraceId = row.Text();
        RecipientAddress = row.Text();
        Elapsed = row.Duration();
        RequestId = row.Text();
        SupportText = row.Text()!;
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

    /// <summary>The address or id as it was typed; the key may be another of the same person.</summary>
    public string? Named { get; }

    /// <summary>What came of it.</summary>
    public UnblockOutcome Outcome { get; }

    /// <summary>When the unblock was sent; nothing when none was, or when that is not known.</summary>
    public DateTime? RequestedAt { get; }

    /// <summary>When it was first seen to have left the list.</summary>
    public DateTime? ReleasedAt { get; }

    /// <summary>When the service took the message that proves that mail flows again; nothing where none was found.</summary>
    public DateTime? ProvenAt { get; }

    /// <summary>The message trace id of that message, by which Get-MessageTraceV2 finds it.</summary>
    public string? MessageTraceId { get; }

    /// <summary>Whom that message was delivered to.</summary>
    public string? RecipientAddress { get; }

    /// <summary>From the request to the release or, where there was none, to the last look.</summary>
    public TimeSpan? Elapsed { get; }

    /// <summary>The service's id of that request, for a support ticket.</summary>
    public string? RequestId { get; }

    /// <summary>What a ticket with Microsoft Support needs: who, when, which request, what was tried.</summary>
    public string SupportText { get; }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; }

    /// <summary>The organization's id.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is a practice tenant.</summary>
    public bool IsPractice { get; }

    /// <inheritdoc/>
    internal override void Bind(Operation operation)
    {
        operation.Bind("SenderAddress", SenderAddress);
        operation.Bind("ConnectorId", ConnectorId);
        operation.Bind("TenantId", TenantId);
        // Where nothing was requested, the address is only what was typed: its person may be listed by another.
        operation.Bind("Listed", RequestedAt is not null);
        operation.Bind("ConnectorName", ConnectorName);
    }
}
