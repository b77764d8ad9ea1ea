using System;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;
using RestrictedSender.PowerShell.SignIn;

namespace RestrictedSender.PowerShell;

/// <summary>Waits until unblocked senders and connectors have left the list or, with -Proof, until mail flows again.</summary>
[Cmdlet(VerbsLifecycle.Wait, "RestrictedSender", DefaultParameterSetName = NamedSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(UnblockResult))]
public sealed class WaitRestrictedSenderCommand : ReleaseCmdlet
{
    /// <summary>When the unblock was sent, in UTC unless it says otherwise.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [MomentTransformation]
    [AllowNull]
    public DateTime? RequestedAt { get; set; }

    /// <summary>What to wait for: that it has left the list, or that a message to somebody outside was delivered.</summary>
    [Parameter]
    public ReleaseProof Proof { get; set; }

    /// <summary>An address outside that one test message is sent to when the sender is released, asking before.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TestRecipient { get; set; }

    /// <summary>The mail server that takes the test message: host or host:port, 587 without one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SmtpServer { get; set; }

    /// <summary>Who signs in to that server, and may send as the sender.</summary>
    [Parameter]
    [ValidateNotNull]
    [Credential]
    public PSCredential? Credential { get; set; }

    private protected override string OperationName => "wait-restricted-sender";

    private protected override void BindParameters(Operation operation)
    {
        base.BindParameters(operation);
        operation.Bind("ProveSent", Proof == ReleaseProof.Sent);
        operation.Bind("TestRecipient", TestRecipient);
        operation.Bind("SmtpServer", SmtpServer);
        operation.Bind("UserName", Credential?.UserName);
        operation.Bind("Password", Credential?.Password);
        if (TestRecipient is not null)
            operation.Add("TrustedRoot", CertificateStores.TrustedRoots());
    }

    private protected override void BindItem(Operation operation) => operation.Bind("RequestedAt", RequestedAt);
}
