namespace RestrictedSender.PowerShell;

/// <summary>What kind of entity is restricted.</summary>
public enum EntityType
{
    /// <summary>A sender, listed by an address.</summary>
    Mailbox,

    /// <summary>A mail connector, listed by its id.</summary>
    Connector,
}

/// <summary>Why an entity is restricted.</summary>
public enum BlockType
{
    /// <summary>Outgoing mail was judged to be spam.</summary>
    Spam,

    /// <summary>A limit of the organization's outbound spam policy was exceeded.</summary>
    PolicyLimit,

    /// <summary>The service's own recipient rate limit was exceeded.</summary>
    RecipientRate,

    /// <summary>The entity is a connector.</summary>
    Connector,

    /// <summary>A reason that this version does not know; see the property Reason.</summary>
    Unknown,
}

/// <summary>What to do next about a restriction.</summary>
public enum NextStep
{
    /// <summary>Secure the account as a compromised one, then unblock.</summary>
    SecureThenUnblock,

    /// <summary>Find out whether the connector is abused, then unblock.</summary>
    CheckConnector,

    /// <summary>It ends by itself, or is about to.</summary>
    Wait,

    /// <summary>Find out what exceeded the limit and change it, then unblock.</summary>
    FixSenderThenUnblock,

    /// <summary>Only Microsoft Support can help.</summary>
    ContactSupport,

    /// <summary>Unblock: the evidence says that the account is safe.</summary>
    Unblock,
}

/// <summary>What the end of a restriction is told by.</summary>
public enum RestrictedUntilBasis
{
    /// <summary>The service names it, or its documented limits set it.</summary>
    Service,

    /// <summary>The organization's outbound spam policy sets it.</summary>
    Policy,

    /// <summary>It rests on an assumption of this module.</summary>
    Assumed,
}

/// <summary>Whether an entity is restricted.</summary>
public enum SenderStateValue
{
    /// <summary>It is listed.</summary>
    Restricted,

    /// <summary>The list was read to its end and does not hold it.</summary>
    NotRestricted,

    /// <summary>It could not be told; the property Error says why.</summary>
    Unknown,
}

/// <summary>What came of an unblock, or of waiting for one.</summary>
public enum UnblockOutcome
{
    /// <summary>The service took the unblock; the entry will leave the list, or too few looks have missed it so far.</summary>
    Removing,

    /// <summary>The entry has left the list: several looks agree.</summary>
    Released,

    /// <summary>It has, and a message to somebody outside was delivered afterwards.</summary>
    Proven,

    /// <summary>It was waited for, and it is still in the list.</summary>
    StillListed,

    /// <summary>It had left the list, and a newer restriction is there.</summary>
    Returned,

    /// <summary>It was not in the list.</summary>
    NotListed,

    /// <summary>It failed; the error beside it says why.</summary>
    Failed,
}

/// <summary>How sure to be that a sender can send again.</summary>
public enum ReleaseProof
{
    /// <summary>It has left the list.</summary>
    List,

    /// <summary>A message of it to somebody outside was delivered afterwards.</summary>
    Sent,
}

/// <summary>What happened to an entity.</summary>
public enum HistoryEventName
{
    /// <summary>The service restricted it (audit log).</summary>
    Listed,

    /// <summary>It left the list (audit log).</summary>
    Delisted,

    /// <summary>An admin unblocked it (audit log).</summary>
    Unblocked,

    /// <summary>An unblock was about to be sent (journal).</summary>
    Requested,

    /// <summary>The service took the unblock (journal).</summary>
    Answered,

    /// <summary>It was seen to have left the list (journal).</summary>
    Released,

    /// <summary>A message of it to somebody outside was delivered after the release (journal).</summary>
    Proven,

    /// <summary>It was seen in the list again (journal).</summary>
    Returned,

    /// <summary>An unblock failed, or nobody knows what came of it (journal).</summary>
    Failed,

    /// <summary>An action that secures the account was about to be sent (journal).</summary>
    ActionRequested,

    /// <summary>The service took it (journal).</summary>
    ActionTaken,

    /// <summary>It failed, or nobody knows what came of it (journal).</summary>
    ActionFailed,
}

/// <summary>Who tells what happened.</summary>
public enum HistorySource
{
    /// <summary>The service's audit log.</summary>
    AuditLog,

    /// <summary>The journal of this module.</summary>
    Journal,
}
