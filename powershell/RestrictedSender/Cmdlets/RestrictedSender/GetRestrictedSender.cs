using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Lists who is restricted from sending, why and since when.</summary>
[Cmdlet(VerbsCommon.Get, "RestrictedSender", DefaultParameterSetName = EverythingSet)]
[OutputType(typeof(RestrictedSender))]
public sealed class GetRestrictedSenderCommand : NamedEntityCmdlet
{
    private const string EverythingSet = "Everything", NamedSet = "Named";

    private List<Running> _operations = [];

    /// <summary>Addresses or patterns: user principal name, primary address or alias.</summary>
    [Parameter(Position = 0, ParameterSetName = NamedSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("UserPrincipalName", "PrimarySmtpAddress")]
    [AddressTransformation]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    [SupportsWildcards]
    public string?[]? SenderAddress { get; set; }

    /// <summary>Ids of connectors.</summary>
    [Parameter(ParameterSetName = NamedSet, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? ConnectorId { get; set; }

    /// <summary>Only mailboxes or only connectors.</summary>
    [Parameter(ParameterSetName = EverythingSet)]
    public EntityType? EntityType { get; set; }

    /// <summary>The connections to ask; without it, the newest.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public RestrictedSenderConnection[]? Connection { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // A pipeline that brings nothing must not list everything, nor must a variable that turned out empty.
        var named = MyInvocation.ExpectingInput || MyInvocation.BoundParameters.ContainsKey(nameof(SenderAddress))
            || MyInvocation.BoundParameters.ContainsKey(nameof(ConnectorId));
        _operations = Chosen(Connection).Select(connection => Start(connection, "get-restricted-sender", operation =>
        {
            operation.Bind("Everything", !named);
            operation.Bind("EntityType", EntityType?.ToString());
        })).ToList();
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName != NamedSet)
            return;
        foreach (var name in Names(SenderAddress, ConnectorId))
        {
            foreach (var operation in _operations)
                Push(operation, name.Bind);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => Finish();

    private protected override object Read(Row row, RestrictedSenderConnection? connection) =>
        RestrictedSender.Read(row, connection!);
}
