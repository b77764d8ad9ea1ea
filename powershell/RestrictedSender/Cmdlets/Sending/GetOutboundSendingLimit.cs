using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Shows which outbound spam policy applies to senders, and how much it and the service let them send.</summary>
[Cmdlet(VerbsCommon.Get, "OutboundSendingLimit", DefaultParameterSetName = NamedSet)]
[OutputType(typeof(SendingLimit))]
public sealed class GetOutboundSendingLimitCommand : EntityCmdlet
{
    private bool _everything;

    /// <summary>The From address, which selects the policy; without it, the sender's primary address.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString]
    public string? From { get; set; }

    /// <summary>How many licences for Exchange Online the organization has, for its own limit; 0 for a trial.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? LicenseCount { get; set; }

    /// <summary>Reads from the message trace what each sender has used, and what is left.</summary>
    [Parameter]
    public SwitchParameter IncludeUsage { get; set; }

    private protected override string OperationName => "get-outbound-sending-limit";

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        // A pipeline that brings nothing must not show everything, nor must a variable that turned out empty.
        string[] names = [nameof(SenderAddress), nameof(ConnectorId), nameof(InputObject), nameof(From)];
        _everything = !MyInvocation.ExpectingInput && !names.Any(MyInvocation.BoundParameters.ContainsKey);
        if (_everything)
            OperationOn(Connection ?? Default()!);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!_everything)
            base.ProcessRecord();
    }

    private protected override void BindParameters(Operation operation)
    {
        operation.Bind("Everything", _everything);
        operation.Bind("LicenseCount", LicenseCount);
        operation.Bind("IncludeUsage", IncludeUsage.IsPresent);
    }

    private protected override void BindItem(Operation operation) => operation.Bind("From", From);

    private protected override object Read(Row row, RestrictedSenderConnection? connection) => new SendingLimit(row);
}
