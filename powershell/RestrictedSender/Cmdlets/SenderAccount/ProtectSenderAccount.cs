using System;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Secures accounts, asking for each action. It does nothing that is not named.</summary>
[Cmdlet(VerbsSecurity.Protect, "SenderAccount", DefaultParameterSetName = NamedSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(SenderAccountProtection))]
public sealed class ProtectSenderAccountCommand : EntityCmdlet
{
    /// <summary>Turn off the mailbox's forwarding to the outside.</summary>
    [Parameter]
    public SwitchParameter DisableForwarding { get; set; }

    /// <summary>Turn off the inbox rules that the evidence speaks against.</summary>
    [Parameter]
    public SwitchParameter DisableInboxRule { get; set; }

    /// <summary>End all sessions of the account.</summary>
    [Parameter]
    public SwitchParameter RevokeSession { get; set; }

    /// <summary>Keep the account from signing in.</summary>
    [Parameter]
    public SwitchParameter BlockSignIn { get; set; }

    /// <summary>Give the account a new password, which is handed out once.</summary>
    [Parameter]
    public SwitchParameter ResetPassword { get; set; }

    /// <summary>A comment for the journal. Never taken from the pipeline.</summary>
    [Parameter]
    public string? Reason { get; set; }

    /// <summary>The moment that counts as the block, in UTC unless it says otherwise.</summary>
    [Parameter]
    [MomentTransformation]
    public DateTime? Since { get; set; }

    /// <summary>Do nothing that cannot be written into the journal before.</summary>
    [Parameter]
    public SwitchParameter RequireJournal { get; set; }

    private protected override string OperationName => "protect-sender-account";

    private protected override void BindParameters(Operation operation)
    {
        operation.Bind("DisableForwarding", DisableForwarding.IsPresent);
        operation.Bind("DisableInboxRule", DisableInboxRule.IsPresent);
        operation.Bind("RevokeSession", RevokeSession.IsPresent);
        operation.Bind("BlockSignIn", BlockSignIn.IsPresent);
        operation.Bind("ResetPassword", ResetPassword.IsPresent);
        operation.Bind("Comment", Reason);
        operation.Bind("Since", Since);
        operation.Bind("RequireJournal", RequireJournal.IsPresent);
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) =>
        new SenderAccountProtection(row, connection!);
}
