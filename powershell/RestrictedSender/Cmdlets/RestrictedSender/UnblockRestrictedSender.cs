using System.Collections.Generic;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Unblocks senders and connectors, asking for each.</summary>
[Cmdlet(VerbsSecurity.Unblock, "RestrictedSender", DefaultParameterSetName = NamedSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(UnblockResult))]
public sealed class UnblockRestrictedSenderCommand : NamedEntityCmdlet
{
    private const string NamedSet = "Named", ObjectSet = "Object";

    private readonly Dictionary<RestrictedSenderConnection, Running> _operations = [];

    /// <summary>Entries from Get-RestrictedSender; each is unblocked where it comes from.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ObjectSet, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public RestrictedSender[]? InputObject { get; set; }

    /// <summary>Addresses: user principal name, primary address or alias.</summary>
    [Parameter(Position = 0, ParameterSetName = NamedSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("UserPrincipalName", "PrimarySmtpAddress")]
    [AddressTransformation]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? SenderAddress { get; set; }

    /// <summary>Ids of connectors.</summary>
    [Parameter(ParameterSetName = NamedSet, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? ConnectorId { get; set; }

    /// <summary>The organization that the entries belong to; those of another than the connection's are refused.</summary>
    [Parameter(ParameterSetName = NamedSet, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString]
    public string? TenantId { get; set; }

    /// <summary>A comment about the unblock, for the service's records. Never taken from the pipeline.</summary>
    [Parameter]
    public string? Reason { get; set; }

    /// <summary>Hand over an object that says what came of each.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Unblock nothing that cannot be written into the journal before.</summary>
    [Parameter]
    public SwitchParameter RequireJournal { get; set; }

    /// <summary>The connection to use; without it, that of the object, or the newest.</summary>
    [Parameter]
    [ValidateNotNull]
    public RestrictedSenderConnection? Connection { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // Without any connection this is the error that says so, before any input is looked at.
        if ((Connection ?? Connections.Here.Default) is null)
            Start(null, "unblock-restricted-sender", _ => { });
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var entry in InputObject ?? [])
            Push(OperationOn(Connection ?? entry.Connection), operation => Bind(operation, entry));
        if (ParameterSetName != NamedSet)
            return;
        foreach (var name in Names(SenderAddress, ConnectorId))
        {
            Push(OperationOn(Connection ?? Connections.Here.Default!), operation =>
            {
                name.Bind(operation);
                operation.Bind("TenantId", TenantId);
            });
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => Finish();

    private Running OperationOn(RestrictedSenderConnection connection)
    {
        if (_operations.TryGetValue(connection, out var running))
            return running;
        running = Start(connection, "unblock-restricted-sender", operation =>
        {
            operation.Bind("Comment", Reason);
            operation.Bind("PassThru", PassThru.IsPresent);
            operation.Bind("RequireJournal", RequireJournal.IsPresent);
        });
        return _operations[connection] = running;
    }

    private static void Bind(Operation operation, RestrictedSender entry)
    {
        operation.Bind("SenderAddress", entry.SenderAddress);
        operation.Bind("ConnectorId", entry.ConnectorId?.ToString());
        operation.Bind("TenantId", entry.TenantId);
        operation.Bind("Listed", true);
        operation.Bind("Reason", entry.Reason);
        operation.Bind("RestrictedSince", entry.RestrictedSince);
        operation.Bind("ConnectorName", entry.ConnectorName);
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) => new UnblockResult(row);
}
