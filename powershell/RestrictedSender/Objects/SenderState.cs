using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Whether an entity is restricted; Unknown whenever something that decides it could not be read.</summary>
public sealed class SenderState
{
    internal SenderState(Row row)
    {
        row.Expect(RowType.SenderState);
        EntityType = row.Name<EntityType>();
        SenderAddress = row.Text();
        ConnectorId = row.Text();
        State = row.Name<SenderStateValue>()!.Value;
        Key = row.Text();
        Checked = row.Texts();
        Error = row.Nested(RowType.Error) is { } error
            ? new RestrictedSenderException(new ErrorInfo(error)).ToErrorRecord()
            : null;
        Organization = row.Text()!;
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>Mailbox or Connector; nothing when the input names neither.</summary>
    public EntityType? EntityType { get; }

    /// <summary>The address that was asked about.</summary>
    public string? SenderAddress { get; }

    /// <summary>The connector that was asked about.</summary>
    public string? ConnectorId { get; }

    /// <summary>Restricted, NotRestricted or Unknown.</summary>
    public SenderStateValue State { get; }

    /// <summary>The listed key that matched: the address or id that an unblock needs.</summary>
    public string? Key { get; }

    /// <summary>The keys that were looked for in the list.</summary>
    public string[] Checked { get; }

    /// <summary>Why the state is Unknown.</summary>
    public ErrorRecord? Error { get; }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; }

    /// <summary>The organization's id.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is a practice tenant.</summary>
    public bool IsPractice { get; }
}
