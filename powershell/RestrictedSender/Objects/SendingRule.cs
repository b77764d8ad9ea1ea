using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>A rule that leads to an outbound spam policy, and what became of it for one sender.</summary>
public sealed class SendingRule
{
    /// <summary>How many columns a rule has within the row of a sender's limits.</summary>
    internal const int Columns = 6;

    internal SendingRule(Row row)
    {
        row.Expect(RowType.SendingRule);
        Priority = row.Integer();
        Rule = row.Text()!;
        Policy = row.Text();
        AppliesTo = row.Text()!;
        Result = row.Name<SendingRuleResult>()!.Value;
        Why = row.Text()!;
    }

    /// <summary>The rule's place: the lowest is asked first.</summary>
    public long? Priority { get; }

    /// <summary>The rule's name.</summary>
    public string Rule { get; }

    /// <summary>The policy that it leads to.</summary>
    public string? Policy { get; }

    /// <summary>For whom it is, with Exchange's names of its conditions and exceptions.</summary>
    public string AppliesTo { get; }

    /// <summary>What became of it.</summary>
    public SendingRuleResult Result { get; }

    /// <summary>Why.</summary>
    public string Why { get; }

    /// <summary>The rule and what became of it.</summary>
    /// <returns>For example <c>Executives: DoesNotMatch</c>.</returns>
    public override string ToString() => $"{Rule}: {Result}";
}

/// <summary>What became of a rule.</summary>
public enum SendingRuleResult
{
    /// <summary>It decides.</summary>
    Matches,

    /// <summary>It is for others.</summary>
    DoesNotMatch,

    /// <summary>One before it decides.</summary>
    NotReached,

    /// <summary>It may match: something that it takes could not be read.</summary>
    CannotTell,

    /// <summary>It is disabled.</summary>
    Disabled,
}
