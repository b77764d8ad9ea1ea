using System;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>A check of a sender's account, or of a connector, with what was seen.</summary>
public sealed class SenderAccountCheck
{
    /// <summary>How many columns a check has within the row of its report.</summary>
    internal const int Columns = 11;

    internal SenderAccountCheck(Row row)
    {
        row.Expect(RowType.SenderAccountCheck);
        Check = row.Name<SenderAccountCheckName>()!.Value;
        Result = row.Name<CheckResult>()!.Value;
        Seen = row.Nested(RowType.SenderAccountFact, SenderAccountFact.Columns)
            .Select(fact => new SenderAccountFact(fact)).ToArray();
        Why = row.Text()!;
        Recommendation = row.Text()!;
        Command = row.Texts();
        Needs = row.Text()!;
        Objects = row.Texts();
        Error = row.Nested(RowType.Error) is { } error
            ? new RestrictedSenderException(new ErrorInfo(error)).ToErrorRecord()
            : null;
        Source = row.Text()!;
        SourceUrl = row.Text()!;
    }

    /// <summary>What was checked.</summary>
    public SenderAccountCheckName Check { get; }

    /// <summary>What came of it; Unknown is never a yes.</summary>
    public CheckResult Result { get; }

    /// <summary>What was seen; why the check was not made, where it was not.</summary>
    public SenderAccountFact[] Seen { get; }

    /// <summary>Why it matters.</summary>
    public string Why { get; }

    /// <summary>What to do about it.</summary>
    public string Recommendation { get; }

    /// <summary>The lines that do it, ready to paste; none where no cmdlet does it.</summary>
    public string[] Command { get; }

    /// <summary>What it is read with, and the permission or role that this takes.</summary>
    public string Needs { get; }

    /// <summary>The identities of the objects that failed it, for example of inbox rules.</summary>
    public string[] Objects { get; }

    /// <summary>Why it is Unknown.</summary>
    public ErrorRecord? Error { get; }

    /// <summary>The document that it follows.</summary>
    public string Source { get; }

    /// <summary>The address of that document.</summary>
    public string SourceUrl { get; }

    /// <summary>The check and its result.</summary>
    /// <returns>For example <c>Forwarding: Failed</c>.</returns>
    public override string ToString() => $"{Check}: {Result}";
}

/// <summary>Something that a check has seen.</summary>
public sealed class SenderAccountFact
{
    /// <summary>How many columns a fact has within the row of its check.</summary>
    internal const int Columns = 3;

    internal SenderAccountFact(Row row)
    {
        row.Expect(RowType.SenderAccountFact);
        Time = row.Moment();
        What = row.Text()!;
        IsSuspicious = row.Bool()!.Value;
    }

    /// <summary>When it happened or was changed, in UTC; nothing where the service does not tell.</summary>
    public DateTime? Time { get; }

    /// <summary>What.</summary>
    public string What { get; }

    /// <summary>Whether it speaks against the sender.</summary>
    public bool IsSuspicious { get; }

    /// <summary>What was seen, with its time.</summary>
    /// <returns>For example <c>The password was changed. (2026-11-23 07:40 UTC)</c>.</returns>
    public override string ToString() => Time is { } time
        ? FormattableString.Invariant($"{What} ({time:yyyy-MM-dd HH:mm} UTC)")
        : What;
}
