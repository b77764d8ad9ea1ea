namespace RestrictedSender.PowerShell;

/// <summary>A limit to outgoing mail.</summary>
public enum SendingLimitName
{
    /// <summary>Recipients of one message.</summary>
    RecipientsPerMessage,

    /// <summary>Messages of a user in a minute.</summary>
    MessagesPerMinute,

    /// <summary>External recipients of a user in an hour, set by an outbound spam policy.</summary>
    ExternalPerHour,

    /// <summary>Internal recipients of a user in an hour, set by an outbound spam policy.</summary>
    InternalPerHour,

    /// <summary>Recipients of a user on a day of UTC, set by an outbound spam policy.</summary>
    RecipientsPerDay,

    /// <summary>Recipients of a user in 24 hours, set by the service.</summary>
    RecipientRate,

    /// <summary>External recipients of the organization in 24 hours.</summary>
    TenantExternal,

    /// <summary>External recipients of mail from the onmicrosoft.com domain in 24 hours.</summary>
    InitialDomain,
}

/// <summary>How exactly recipients could be counted.</summary>
public enum CountAccuracy
{
    /// <summary>There are no messages to groups, or it is known who their members are.</summary>
    Exact,

    /// <summary>
    /// Who stands beside a group in the trace may be its member, who does not count: the figures are the most that it
    /// can be. The tripped limit is the same without them.
    /// </summary>
    AtMost,

    /// <summary>Without those who may be members, another limit or none is tripped.</summary>
    Doubtful,
}

/// <summary>What stands first in a date that does not begin with the year.</summary>
public enum DateOrder
{
    /// <summary>11/28/2026.</summary>
    MonthFirst,

    /// <summary>28/11/2026.</summary>
    DayFirst,
}

/// <summary>The hour that limits per hour mean, which the service does not say.</summary>
public enum SendingHour
{
    /// <summary>The last 60 minutes.</summary>
    Rolling,

    /// <summary>From the full hour, UTC.</summary>
    Clock,
}
