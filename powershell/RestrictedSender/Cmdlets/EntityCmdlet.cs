using System.Collections.Generic;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What cmdlets share that work on entities by name or by object, each in the organization that it comes from.</summary>
public abstract class EntityCmdlet : NamedEntityCmdlet
{
    private protected const string NamedSet = "Named", ObjectSet = "Object";

    private readonly Dictionary<RestrictedSenderConnection, Running> _operations = [];

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

    /// <summary>Objects of this module that name entities; each is dealt with where it comes from.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ObjectSet, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public RestrictedEntity[]? InputObject { get; set; }

    /// <summary>What kind of entity an object is about: of a connector's, the sender is not what is restricted.</summary>
    [Parameter(ParameterSetName = NamedSet, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString]
    public string? EntityType { get; set; }

    /// <summary>The organization that the entries belong to; those of another than the connection's are refused.</summary>
    [Parameter(ParameterSetName = NamedSet, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString]
    public string? TenantId { get; set; }

    /// <summary>The connection to use; without it, that of the object, or the newest.</summary>
    [Parameter]
    [ValidateNotNull]
    public RestrictedSenderConnection? Connection { get; set; }

    /// <summary>The operation's name in the library.</summary>
    private protected abstract string OperationName { get; }

    /// <summary>Binds what an operation starts with.</summary>
    private protected abstract void BindParameters(Operation operation);

    /// <summary>Binds what only some cmdlets tell of an item.</summary>
    private protected virtual void BindItem(Operation operation)
    {
    }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // Without any connection this is the error that says so, before any input is looked at.
        if ((Connection ?? Default()) is null)
            Start(null, OperationName, _ => { });
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var entity in InputObject ?? [])
        {
            Push(OperationOn(Connection ?? entity.Connection), operation =>
            {
                entity.Bind(operation);
                BindItem(operation);
            });
        }
        if (ParameterSetName != NamedSet)
            return;
        foreach (var name in Names(SenderAddress, ConnectorId))
        {
            Push(OperationOn(Connection ?? Connections.Here.Default!), operation =>
            {
                name.Bind(operation);
                operation.Bind("EntityType", EntityType);
                operation.Bind("TenantId", TenantId);
                BindItem(operation);
            });
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => Finish();

    /// <summary>The operation on a connection, which is started when it is first needed.</summary>
    private protected Running OperationOn(RestrictedSenderConnection connection)
    {
        if (!_operations.TryGetValue(connection, out var running))
            _operations[connection] = running = Start(connection, OperationName, BindParameters);
        return running;
    }
}
