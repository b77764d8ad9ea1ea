using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What Unblock-RestrictedSender and Wait-RestrictedSender share: a wait, and what came of it.</summary>
public abstract class ReleaseCmdlet : EntityCmdlet
{
    /// <summary>Seconds to wait at most, all entities together; 0 is one look.</summary>
    [Parameter]
    public int? TimeoutSec { get; set; }

    /// <summary>Seconds from the first look to the second; later pauses grow.</summary>
    [Parameter]
    public int? PollIntervalSec { get; set; }

    private protected override void BindParameters(Operation operation)
    {
        operation.Bind("TimeoutSec", TimeoutSec);
        operation.Bind("PollIntervalSec", PollIntervalSec);
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) =>
        new UnblockResult(row, connection!);
}
