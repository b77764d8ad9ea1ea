using System.Management.Automation;

namespace RestrictedSender.Bench;

/// <summary>Reads the properties of a message trace that counting takes, and does nothing with them.</summary>
[Cmdlet(VerbsCommunications.Read, "Trace")]
public sealed class ReadTraceCommand : PSCmdlet
{
    private static readonly string[] Names = ["Received", "SenderAddress", "RecipientAddress", "Status", "MessageTraceId"];

    private readonly object?[] _values = new object?[Names.Length];
    private long _count;

    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [AllowNull]
    public PSObject? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        for (var index = 0; index < Names.Length; index++)
            _values[index] = InputObject!.Properties[Names[index]]?.Value;
        if (_values[0] is not null)
            _count++;
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => WriteObject(_count);
}
