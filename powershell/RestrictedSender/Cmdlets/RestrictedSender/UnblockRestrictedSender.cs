using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Unblocks senders and connectors, asking for each.</summary>
[Cmdlet(VerbsSecurity.Unblock, "RestrictedSender", DefaultParameterSetName = NamedSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(UnblockResult))]
public sealed class UnblockRestrictedSenderCommand : ReleaseCmdlet
{
    /// <summary>A comment about the unblock, for the service's records. Never taken from the pipeline.</summary>
    [Parameter]
    public string? Reason { get; set; }

    /// <summary>Unblock every listed address of a person, asking for each.</summary>
    [Parameter]
    public SwitchParameter IncludeAliases { get; set; }

    /// <summary>Wait, when the input has ended, until all of them have left the list.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>Hand over an object that says what came of each.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Unblock nothing that cannot be written into the journal before.</summary>
    [Parameter]
    public SwitchParameter RequireJournal { get; set; }

    /// <summary>Check each sender before asking, and refuse whoever is not known to be safe.</summary>
    [Parameter]
    public SwitchParameter RequireEvidence { get; set; }

    /// <summary>Why to unblock whoever the evidence does not say to be safe; it is kept in the journal.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Override { get; set; }

    private protected override string OperationName => "unblock-restricted-sender";

    private protected override void BindParameters(Operation operation)
    {
        base.BindParameters(operation);
        operation.Bind("Comment", Reason);
        operation.Bind("IncludeAliases", IncludeAliases.IsPresent);
        operation.Bind("Wait", Wait.IsPresent);
        operation.Bind("PassThru", PassThru.IsPresent);
        operation.Bind("RequireJournal", RequireJournal.IsPresent);
        operation.Bind("RequireEvidence", RequireEvidence.IsPresent);
        operation.Bind("Override", Override);
    }
}
