namespace RestrictedSender.PowerShell;

/// <summary>What a delivery report says was refused.</summary>
public enum NonDeliveryClass
{
    /// <summary>The sender is restricted: it is in the list of restricted entities.</summary>
    RestrictedSender,

    /// <summary>The connector that the mail came through is restricted.</summary>
    RestrictedConnector,

    /// <summary>The sender has reached the service's limit of recipients in 24 hours.</summary>
    RecipientRateLimit,

    /// <summary>The mailbox has reached its quota of submissions.</summary>
    SubmissionQuota,

    /// <summary>The organization has reached a limit of external recipients.</summary>
    TenantLimit,

    /// <summary>The whole organization is blocked.</summary>
    TenantBlocked,

    /// <summary>The sender is banned by Microsoft's filter, outside the list of restricted entities.</summary>
    BannedSender,

    /// <summary>The IP address that the mail came from is banned.</summary>
    BannedIP,

    /// <summary>The organization's outbound policy does not let mail be forwarded outside.</summary>
    ForwardingBlocked,

    /// <summary>The domain of the sender is not registered with the organization.</summary>
    UnregisteredDomain,

    /// <summary>A limit that passes by itself.</summary>
    TemporaryLimit,

    /// <summary>The recipient's address or mailbox, not the sender.</summary>
    RecipientProblem,

    /// <summary>Refused for another reason; the diagnostic text has it.</summary>
    OtherRefusal,

    /// <summary>It is not a report that a message failed.</summary>
    NotAReport,
}

/// <summary>How sure the class of a delivery report is.</summary>
public enum NonDeliveryConfidence
{
    /// <summary>It rests on a guess.</summary>
    Low,

    /// <summary>Something that would make it sure is missing.</summary>
    Medium,

    /// <summary>What was read says so.</summary>
    High,
}

/// <summary>Whose mail was refused, and by whom.</summary>
public enum NonDeliveryDirection
{
    /// <summary>Ours, by Microsoft, on the way out.</summary>
    RefusedByMicrosoft,

    /// <summary>Ours, by the recipient's side.</summary>
    RefusedByRecipient,

    /// <summary>An outsider's, by our organization.</summary>
    RefusedByUs,

    /// <summary>It cannot be told.</summary>
    Unknown,
}

/// <summary>Who can lift what a delivery report tells.</summary>
public enum NonDeliveryLiftedBy
{
    /// <summary>An admin of the sender's organization.</summary>
    Admin,

    /// <summary>Nobody needs to: it passes.</summary>
    Time,

    /// <summary>Only Microsoft Support.</summary>
    MicrosoftSupport,

    /// <summary>Whoever owns the address, in the delist portal.</summary>
    DelistPortal,

    /// <summary>Microsoft, asked by mail to the delist address that the report names.</summary>
    DelistMail,

    /// <summary>The recipient or the recipient's organization.</summary>
    RecipientOrganization,

    /// <summary>Whoever sends the message, by changing it.</summary>
    Sender,

    /// <summary>It cannot be told.</summary>
    Unknown,
}

/// <summary>What to do next about a delivery report.</summary>
public enum NonDeliveryNextStep
{
    /// <summary>Secure the account as a compromised one, then unblock.</summary>
    SecureThenUnblock,

    /// <summary>Find out whether the connector is abused, then unblock it.</summary>
    CheckConnector,

    /// <summary>It passes by itself.</summary>
    Wait,

    /// <summary>Only Microsoft Support can help.</summary>
    ContactSupport,

    /// <summary>Ask for the removal of the address from the list that bans it.</summary>
    Delist,

    /// <summary>Allow the forwarding in the outbound policy, if it is wanted.</summary>
    ChangeForwardingPolicy,

    /// <summary>Register the domain with the organization.</summary>
    RegisterDomain,

    /// <summary>Change the message or the address that it is sent from.</summary>
    FixMessage,

    /// <summary>Check the recipient's address.</summary>
    CheckRecipient,

    /// <summary>Ask the recipient's organization.</summary>
    AskRecipient,

    /// <summary>Read the diagnostic text: it says what no code does.</summary>
    ReadDiagnostic,

    /// <summary>Nothing: no message failed.</summary>
    Nothing,
}
