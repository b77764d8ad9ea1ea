using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What of a connection is checked, in the order in which a request needs it.</summary>
public enum ConnectionCheckName
{
    /// <summary>The endpoints' host names can be resolved.</summary>
    NameResolution,

    /// <summary>The endpoints answer, encrypted by somebody whom this machine trusts.</summary>
    Encryption,

    /// <summary>There is a token.</summary>
    Token,

    /// <summary>The lists of restricted senders and connectors can be read.</summary>
    ReadList,

    /// <summary>The account or app may unblock senders and connectors.</summary>
    Unblock,

    /// <summary>The alert policies that tell admins of a restriction can be read, at Security and Compliance.</summary>
    AlertPolicies,
}

/// <summary>What came of a check.</summary>
public enum CheckResult
{
    /// <summary>It works.</summary>
    Passed,

    /// <summary>It does not.</summary>
    Failed,

    /// <summary>It does not, and nothing that the connection is made for needs it.</summary>
    Warning,

    /// <summary>It could not be told.</summary>
    Unknown,

    /// <summary>It makes no sense here.</summary>
    NotApplicable,
}

/// <summary>A step of a connection that was checked.</summary>
public sealed class ConnectionCheck
{
    internal ConnectionCheck(Row row)
    {
        row.Expect(RowType.ConnectionCheck);
        Organization = row.Text()!;
        Check = row.Name<ConnectionCheckName>()!.Value;
        Result = row.Name<CheckResult>()!.Value;
        Detail = row.Text()!;
        RecommendedAction = row.Text();
    }

    /// <summary>The organization of the connection.</summary>
    public string Organization { get; }

    /// <summary>What was checked.</summary>
    public ConnectionCheckName Check { get; }

    /// <summary>What came of it.</summary>
    public CheckResult Result { get; }

    /// <summary>How it is known, or what is wrong.</summary>
    public string Detail { get; }

    /// <summary>What to do about it.</summary>
    public string? RecommendedAction { get; }

    /// <summary>The check and its result.</summary>
    /// <returns>For example <c>Token: Passed</c>.</returns>
    public override string ToString() => $"{Check}: {Result}";
}
