using System;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Waits until unblocked senders and connectors have left the list, changing nothing.</summary>
[Cmdlet(VerbsLifecycle.Wait, "RestrictedSender", DefaultParameterSetName = NamedSet)]
[OutputType(typeof(UnblockResult))]
public sealed class WaitRestrictedSenderCommand : ReleaseCmdlet
{
    /// <summary>When the unblock was sent, in UTC unless it says otherwise.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [MomentTransformation]
    [AllowNull]
    public DateTime? RequestedAt { get; set; }

    private protected override string OperationName => "wait-restricted-sender";

    private protected override void BindItem(Operation operation) => operation.Bind("RequestedAt", RequestedAt);
}
