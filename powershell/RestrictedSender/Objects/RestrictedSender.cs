using System;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>
/// An entry of an organization's list of restricted entities: everything that the service says, under its names, and
/// what it means. Times are UTC.
/// </summary>
public sealed class RestrictedSender : RestrictedEntity
{
    private RestrictedSender(ref Row row, RestrictedSenderConnection connection)
        : base(connection)
    {
        row.Expect(RowType.RestrictedSender);
        EntityType = row.Name<EntityType>()!.Value;
        SenderAddress = row.Text();
        ConnectorId = row.Text() is { } id ? new Guid(id) : null;
        ConnectorName = row.Text();
        BlockType = row.Name<BlockType>()!.Value;
        Summary = row.Text()!;
        RestrictedSince = row.Moment();
        Reason = row.Text()!;
        CreatedDatetime = row.Moment();
        ChangedDatetime = row.Moment();
        TemporaryBlock = row.Bool();
        CreatedTime = row.Moment();
        ExpirationTime = row.Moment();
        Organization = row.Text()!;
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
        PortalUrl = row.Text()!;
    }

    /// <summary>Mailbox or Connector.</summary>
    public EntityType EntityType { get; }

    /// <summary>The address that a sender is listed by: a mailbox's user principal name, else an SMTP address.</summary>
    public string? SenderAddress { get; }

    /// <summary>The id that a connector is listed by.</summary>
    public Guid? ConnectorId { get; }

    /// <summary>A connector's name.</summary>
    public string? ConnectorName { get; }

    /// <summary>The class of the reason.</summary>
    public BlockType BlockType { get; }

    /// <summary>One line that says why.</summary>
    public string Summary { get; }

    /// <summary>When the entry was made.</summary>
    public DateTime? RestrictedSince { get; }

    /// <summary>The service's own reason.</summary>
    public string Reason { get; }

    /// <summary>The service's CreatedDatetime of a sender.</summary>
    public DateTime? CreatedDatetime { get; }

    /// <summary>The service's ChangedDatetime of a sender.</summary>
    public DateTime? ChangedDatetime { get; }

    /// <summary>The service's TemporaryBlock of a sender.</summary>
    public bool? TemporaryBlock { get; }

    /// <summary>The service's CreatedTime of a connector.</summary>
    public DateTime? CreatedTime { get; }

    /// <summary>The service's ExpirationTime of a connector.</summary>
    public DateTime? ExpirationTime { get; }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; }

    /// <summary>The organization's id.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is the entry of a practice tenant.</summary>
    public bool IsPractice { get; }

    /// <summary>The portal page that shows the list.</summary>
    public string PortalUrl { get; }

    /// <summary>Reads a row. Whatever else the service said becomes note properties under its own names.</summary>
    internal static object Read(Row row, RestrictedSenderConnection connection)
    {
        var entry = new RestrictedSender(ref row, connection);
        if (row.Named() is not { } others)
            return entry;
        var extended = PSObject.AsPSObject(entry);
        foreach (var other in others)
            extended.Properties.Add(new PSNoteProperty(other.Key, other.Value));
        return extended;
    }

    /// <inheritdoc/>
    internal override void Bind(Operation operation)
    {
        operation.Bind("SenderAddress", SenderAddress);
        operation.Bind("ConnectorId", ConnectorId?.ToString());
        operation.Bind("TenantId", TenantId);
        operation.Bind("Listed", true);
        operation.Bind("Reason", Reason);
        operation.Bind("RestrictedSince", RestrictedSince);
        operation.Bind("ConnectorName", ConnectorName);
    }

    /// <summary>The address or the id.</summary>
    /// <returns>The key that the service lists the entity by.</returns>
    public override string ToString() => SenderAddress ?? ConnectorId?.ToString() ?? "";
}
