using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Checks a connection step by step, and whether it may unblock. Nothing is changed.</summary>
[Cmdlet(VerbsDiagnostic.Test, "RestrictedSenderConnection")]
[OutputType(typeof(ConnectionCheck))]
public sealed class TestRestrictedSenderConnectionCommand : OperationCmdlet
{
    /// <summary>The connections to check; without it, the newest.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public RestrictedSenderConnection[]? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var connection in Chosen(Connection))
        {
            Start(connection, "test-restricted-sender-connection", _ => { });
            Finish();
        }
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) => new ConnectionCheck(row);
}
