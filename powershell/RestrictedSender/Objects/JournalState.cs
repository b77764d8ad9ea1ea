using System;
using System.Linq;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What there is to say of a journal after its chain was followed. Times are UTC.</summary>
public sealed class JournalState
{
    internal JournalState(Row row)
    {
        row.Expect(RowType.Journal);
        Path = row.Text()!;
        IsIntact = row.Bool()!.Value;
        FromTheBeginning = row.Bool()!.Value;
        Files = row.Integer()!.Value;
        Lines = row.Integer()!.Value;
        UnknownLines = row.Integer()!.Value;
        CoversFrom = row.Moment();
        CoversUntil = row.Moment();
        Head = row.Text()!;
        Breaks = row.Nested(RowType.JournalBreak, JournalBreak.Columns).Select(inner => new JournalBreak(inner)).ToArray();
        TornBytes = row.Integer()!.Value;
        SetAside = row.Texts();
    }

    /// <summary>The folder or file that was verified.</summary>
    public string Path { get; }

    /// <summary>Whether the chain holds from the first line that is here to the last.</summary>
    public bool IsIntact { get; }

    /// <summary>Whether the journal's very first line is here. It is not where older files are kept elsewhere.</summary>
    public bool FromTheBeginning { get; }

    /// <summary>How many files there are.</summary>
    public long Files { get; }

    /// <summary>How many whole lines they have.</summary>
    public long Lines { get; }

    /// <summary>How many of these lines this version cannot read, probably of a later version.</summary>
    public long UnknownLines { get; }

    /// <summary>The time of the first event.</summary>
    public DateTime? CoversFrom { get; }

    /// <summary>The time of the last event.</summary>
    public DateTime? CoversUntil { get; }

    /// <summary>The hash of the last line. Kept elsewhere, it shows later whether lines are missing at the end.</summary>
    public string Head { get; }

    /// <summary>Where the chain does not hold, the first 100 places.</summary>
    public JournalBreak[] Breaks { get; }

    /// <summary>The bytes that an interrupted writer left at the end. The next writer sets them aside.</summary>
    public long TornBytes { get; }

    /// <summary>The files with what interrupted writers had left.</summary>
    public string[] SetAside { get; }
}

/// <summary>A place where the chain of a journal does not hold.</summary>
public sealed class JournalBreak
{
    internal const int Columns = 3;

    internal JournalBreak(Row row)
    {
        row.Expect(RowType.JournalBreak);
        File = row.Text()!;
        Line = row.Integer()!.Value;
        Why = row.Text()!;
    }

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Its line, counted from 1.</summary>
    public long Line { get; }

    /// <summary>What is wrong there.</summary>
    public string Why { get; }

    /// <summary>File, line and what is wrong.</summary>
    /// <returns>One line of text.</returns>
    public override string ToString() => $"{File}, line {Line}: {Why}";
}
