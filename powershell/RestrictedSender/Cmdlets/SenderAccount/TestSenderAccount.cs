using System;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Gathers the evidence whether accounts and connectors are safe, changing nothing.</summary>
[Cmdlet(VerbsDiagnostic.Test, "SenderAccount", DefaultParameterSetName = NamedSet)]
[OutputType(typeof(SenderAccountReport))]
public sealed class TestSenderAccountCommand : EntityCmdlet
{
    /// <summary>Which checks to make; all without it. A verdict of fewer is never Safe.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public SenderAccountCheckName[]? Check { get; set; }

    /// <summary>The moment that counts as the block, in UTC unless it says otherwise.</summary>
    [Parameter]
    [MomentTransformation]
    public DateTime? Since { get; set; }

    private protected override string OperationName => "test-sender-account";

    private protected override void BindParameters(Operation operation)
    {
        operation.Add("Check", Check?.Select(check => check.ToString()));
        operation.Bind("Since", Since);
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) =>
        new SenderAccountReport(row, connection!);
}
