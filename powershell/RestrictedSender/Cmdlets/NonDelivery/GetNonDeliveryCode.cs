using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Shows what the status codes of delivery reports mean, and who can lift what they tell.</summary>
[Cmdlet(VerbsCommon.Get, "NonDeliveryCode")]
[OutputType(typeof(NonDeliveryCode))]
public sealed class GetNonDeliveryCodeCommand : OperationCmdlet
{
    private readonly List<string> _codes = [];
    private bool _named;

    /// <summary>Status codes such as 5.7.708, or whole replies that have one; without it, the whole table.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("EnhancedStatus")]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? Code { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _named |= MyInvocation.BoundParameters.ContainsKey(nameof(Code));
        // A report without a code, and something that is no report, have none to show.
        _codes.AddRange((Code ?? []).Where(code => code is not null).Select(code => code!));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // A pipeline that brings nothing must not show everything.
        if ((MyInvocation.ExpectingInput || _named) && _codes.Count == 0)
            return;
        StartAlone("get-non-delivery-code", operation => operation.Add("Code", _codes));
        Finish();
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) => new NonDeliveryCode(row);
}
