using System.Linq;
using System.Management.Automation;

namespace RestrictedSender.PowerShell;

/// <summary>Closes connections. A practice tenant ends with its connection.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "RestrictedSender")]
[OutputType(typeof(void))]
public sealed class DisconnectRestrictedSenderCommand : PSCmdlet
{
    /// <summary>The connections to close; without it, all that are open in this session.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public RestrictedSenderConnection[]? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var connection in Connection ?? Connections.Here.Open.ToArray())
        {
            Connections.Here.Close(connection);
            WriteVerbose($"Disconnected from {connection.Organization}.");
        }
    }
}
