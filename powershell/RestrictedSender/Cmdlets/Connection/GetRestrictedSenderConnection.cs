using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Shows the open connections of this session.</summary>
[Cmdlet(VerbsCommon.Get, "RestrictedSenderConnection")]
[OutputType(typeof(RestrictedSenderConnection))]
public sealed class GetRestrictedSenderConnectionCommand : OperationCmdlet
{
    /// <summary>The connections to show; without it, all that are open.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public RestrictedSenderConnection[]? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var connection in Connection ?? Connections.Here.Open.ToArray())
        {
            Start(connection, "get-restricted-sender-connection", _ => { });
            Finish();
        }
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection)
    {
        connection!.Update(row);
        return connection;
    }
}
