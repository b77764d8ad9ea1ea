using System;
using System.Collections.Specialized;
using System.Linq;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>
/// How much a sender may send, or whomever one rule is for. What cannot be told is nothing, and Warnings says why.
/// </summary>
public sealed class SendingLimit
{
    internal SendingLimit(Row row)
    {
        row.Expect(RowType.SendingLimit);
        SenderAddress = row.Text();
        From = row.Text();
        Policy = row.Text();
        Rule = row.Text();
        Priority = row.Integer();
        State = row.Text();
        AppliesTo = row.Text();
        Why = row.Text();
        MayApply = row.Texts();
        ActionWhenThresholdReached = row.Text();
        ExternalPerHour = row.Integer();
        InternalPerHour = row.Integer();
        RecipientsPerDay = row.Integer();
        RecipientRate = row.Integer()!.Value;
        MessagesPerMinute = row.Integer()!.Value;
        RecipientsPerMessage = row.Integer()!.Value;
        InitialDomain = row.Integer();
        TenantExternal = row.Integer();
        Source = new OrderedDictionary();
        foreach (var pair in row.Named() ?? [])
            Source[pair.Key] = pair.Value;
        Rules = row.Nested(RowType.SendingRule, SendingRule.Columns).Select(rule => new SendingRule(rule)).ToArray();
        UsageAt = row.Moment();
        MessagesLastMinute = row.Integer();
        ExternalThisHour = row.Integer();
        InternalThisHour = row.Integer();
        RecipientsToday = row.Integer();
        RecipientsLast24Hours = row.Integer();
        CountAccuracy = row.Name<CountAccuracy>();
        RemainingExternal = row.Integer();
        RemainingInternal = row.Integer();
        TrippedLimit = row.Name<SendingLimitName>();
        TrippedAt = row.Moment();
        RestrictedBy = row.Name<SendingLimitName>();
        CanSendAgainAt = row.Moment();
        Warnings = row.Texts();
        Organization = row.Text()!;
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>Who signs in to send, and is counted; nothing where a rule is shown, or only -From was given.</summary>
    public string? SenderAddress { get; }

    /// <summary>The From address, which selects the policy; nothing where a rule is shown.</summary>
    public string? From { get; }

    /// <summary>The outbound spam policy; nothing where it cannot be told.</summary>
    public string? Policy { get; }

    /// <summary>The rule that leads to it; nothing for the default policy.</summary>
    public string? Rule { get; }

    /// <summary>The rule's place: the lowest is asked first.</summary>
    public long? Priority { get; }

    /// <summary>Enabled or Disabled, where a rule leads to the policy.</summary>
    public string? State { get; }

    /// <summary>For whom the rule is, with Exchange's names of its conditions and exceptions.</summary>
    public string? AppliesTo { get; }

    /// <summary>Why this policy applies, or why that cannot be told; nothing where a rule is shown.</summary>
    public string? Why { get; }

    /// <summary>The policies that may apply, where it cannot be told which does.</summary>
    public string[] MayApply { get; }

    /// <summary>What happens to whoever exceeds a limit of the policy.</summary>
    public string? ActionWhenThresholdReached { get; }

    /// <summary>External recipients of a user in an hour.</summary>
    public long? ExternalPerHour { get; }

    /// <summary>Internal recipients of a user in an hour.</summary>
    public long? InternalPerHour { get; }

    /// <summary>Recipients of a user on a day, UTC.</summary>
    public long? RecipientsPerDay { get; }

    /// <summary>Recipients of a user in any 24 hours.</summary>
    public long RecipientRate { get; }

    /// <summary>Messages of a user in a minute; what comes faster waits.</summary>
    public long MessagesPerMinute { get; }

    /// <summary>Recipients of one message, where the mailbox has no limit of its own.</summary>
    public long RecipientsPerMessage { get; }

    /// <summary>
    /// External recipients of the organization in any 24 hours, of mail from its onmicrosoft.com domain; nothing for mail
    /// from another.
    /// </summary>
    public long? InitialDomain { get; }

    /// <summary>External recipients of the organization in any 24 hours; nothing without -LicenseCount.</summary>
    public long? TenantExternal { get; }

    /// <summary>
    /// Where each limit that is known comes from, by the name of its property: Policy, ServiceDefault, Service or Tenant.
    /// </summary>
    public OrderedDictionary Source { get; }

    /// <summary>All rules in their order, each with what became of it; none where a rule is shown.</summary>
    public SendingRule[] Rules { get; }

    /// <summary>
    /// With -IncludeUsage: the moment that what follows is as of, UTC. Without it, or where the trace could not be read,
    /// this and what follows is nothing.
    /// </summary>
    public DateTime? UsageAt { get; }

    /// <summary>Messages of the last minute.</summary>
    public long? MessagesLastMinute { get; }

    /// <summary>External recipients of the last 60 minutes.</summary>
    public long? ExternalThisHour { get; }

    /// <summary>Internal recipients of the last 60 minutes.</summary>
    public long? InternalThisHour { get; }

    /// <summary>Recipients of the day, UTC.</summary>
    public long? RecipientsToday { get; }

    /// <summary>Recipients of the last 24 hours.</summary>
    public long? RecipientsLast24Hours { get; }

    /// <summary>Whether messages to groups blur these figures.</summary>
    public CountAccuracy? CountAccuracy { get; }

    /// <summary>How many more external recipients may be written to; nothing where the policy is not known.</summary>
    public long? RemainingExternal { get; }

    /// <summary>How many more internal recipients may be written to; nothing where the policy is not known.</summary>
    public long? RemainingInternal { get; }

    /// <summary>The limit that was tripped first in the last two days; nothing where none was.</summary>
    public SendingLimitName? TrippedLimit { get; }

    /// <summary>When it was, UTC.</summary>
    public DateTime? TrippedAt { get; }

    /// <summary>The limit by which nothing goes out, as counted; nothing where mail goes out.</summary>
    public SendingLimitName? RestrictedBy { get; }

    /// <summary>From when mail goes out again, UTC; nothing where it does, or only after an unblock.</summary>
    public DateTime? CanSendAgainAt { get; }

    /// <summary>What to know of the policy and the rule, and of what could not be told.</summary>
    public string[] Warnings { get; }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; }

    /// <summary>The organization's id.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is a practice tenant.</summary>
    public bool IsPractice { get; }

    /// <summary>The sender, or for whom the rule is, and the policy.</summary>
    /// <returns>For example <c>megan.bowen@contoso.com: Executives</c>.</returns>
    public override string ToString() =>
        $"{SenderAddress ?? From ?? AppliesTo}: {Policy ?? string.Join(" or ", MayApply)}";
}
