using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Tells for each sender or connector whether it is restricted, not restricted, or could not be told.</summary>
[Cmdlet(VerbsDiagnostic.Test, "RestrictedSender")]
[OutputType(typeof(SenderState))]
public sealed class TestRestrictedSenderCommand : NamedEntityCmdlet
{
    private List<Running> _operations = [];

    /// <summary>Addresses: user principal name, primary address or alias.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("UserPrincipalName", "PrimarySmtpAddress")]
    [AddressTransformation]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? SenderAddress { get; set; }

    /// <summary>Ids of connectors.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? ConnectorId { get; set; }

    /// <summary>The connections to ask; without it, the newest.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public RestrictedSenderConnection[]? Connection { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() =>
        _operations = Chosen(Connection)
            .Select(connection => Start(connection, "test-restricted-sender", _ => { }))
            .ToList();

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Names(SenderAddress, ConnectorId))
        {
            foreach (var operation in _operations)
                Push(operation, name.Bind);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => Finish();

    private protected override object Read(Row row, RestrictedSenderConnection? connection) => new SenderState(row);
}
