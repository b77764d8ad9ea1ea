namespace RestrictedSender.PowerShell;

/// <summary>Whether an account, or a connector, is safe.</summary>
public enum SenderAccountVerdict
{
    /// <summary>Every check that applies and decides has passed.</summary>
    Safe,

    /// <summary>One of them has failed.</summary>
    NotSafe,

    /// <summary>None has failed, but one could not be made.</summary>
    CannotTell,
}

/// <summary>What lies behind a restriction.</summary>
public enum LooksLike
{
    /// <summary>Somebody else uses the account.</summary>
    Takeover,

    /// <summary>A device, an application or a mail server on premises sends in its name.</summary>
    RelayOrDevice,

    /// <summary>A job that runs at fixed times has outgrown a limit.</summary>
    ScheduledJob,

    /// <summary>A person has sent a mailing that is larger than a limit.</summary>
    BulkSender,

    /// <summary>Nothing speaks clearly for any of these.</summary>
    Unclear,
}

/// <summary>Where the moment of the block comes from.</summary>
public enum SinceBasis
{
    /// <summary>The list says since when it is restricted.</summary>
    Listed,

    /// <summary>-Since named it.</summary>
    Given,

    /// <summary>It is not restricted, or the list does not say since when: some days ago are assumed.</summary>
    Assumed,
}

/// <summary>What is checked of a sender's account, or of a connector.</summary>
public enum SenderAccountCheckName
{
    /// <summary>The password was changed after the block.</summary>
    PasswordChanged,

    /// <summary>The sessions were revoked after the block.</summary>
    SessionsRevoked,

    /// <summary>Whether the account may sign in. It informs and decides nothing.</summary>
    SignInState,

    /// <summary>There is a second step at sign-in, and none was added lately.</summary>
    AuthenticationMethods,

    /// <summary>No mail is forwarded to the outside.</summary>
    Forwarding,

    /// <summary>No inbox rule sends mail outside, deletes it or hides it.</summary>
    InboxRules,

    /// <summary>No sweep rule moves mail away.</summary>
    SweepRules,

    /// <summary>Nobody unexpected has full access to the mailbox.</summary>
    FullAccess,

    /// <summary>Nobody unexpected may send as the account, or on its behalf.</summary>
    SendAs,

    /// <summary>No app was given access to the mail lately.</summary>
    AppConsents,

    /// <summary>The account has no administrative role.</summary>
    AdminRoles,

    /// <summary>Microsoft Entra sees no risk in the account.</summary>
    UserRisk,

    /// <summary>Which old protocols are on. It informs and decides nothing.</summary>
    Protocols,

    /// <summary>What the mailbox does is recorded.</summary>
    MailboxAudit,

    /// <summary>The mail came from where it always comes from.</summary>
    SentFrom,

    /// <summary>Nobody has changed the connector lately.</summary>
    ConnectorChanges,

    /// <summary>The connector takes mail only from who proves to be yours.</summary>
    ConnectorIdentity,

    /// <summary>What was relayed through the connector is yours.</summary>
    ConnectorRelayed,

    /// <summary>No mail flow rule was changed lately.</summary>
    TransportRules,

    /// <summary>No (other) connector was changed lately.</summary>
    Connectors,
}

/// <summary>An action that secures an account.</summary>
public enum ProtectiveAction
{
    /// <summary>The account cannot sign in.</summary>
    BlockSignIn,

    /// <summary>The account has a new password.</summary>
    ResetPassword,

    /// <summary>All sessions of the account have ended.</summary>
    RevokeSession,

    /// <summary>The mailbox forwards nothing to the outside.</summary>
    DisableForwarding,

    /// <summary>An inbox rule is off.</summary>
    DisableInboxRule,
}
