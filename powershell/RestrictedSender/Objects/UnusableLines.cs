using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Lines of a trace that could not be used, for one reason.</summary>
public sealed class UnusableLines
{
    internal const int Columns = 4;

    internal UnusableLines(Row row)
    {
        row.Expect(RowType.UnusableLines);
        Why = row.Text()!;
        Count = row.Integer()!.Value;
        Path = row.Text();
        Line = row.Integer()!.Value;
    }

    /// <summary>Why, as a part of a sentence: they ….</summary>
    public string Why { get; }

    /// <summary>How many.</summary>
    public long Count { get; }

    /// <summary>The file where the first of them stands; nothing where it came through the pipeline.</summary>
    public string? Path { get; }

    /// <summary>Its line, or which object of the pipeline it was, counted from 1.</summary>
    public long Line { get; }

    /// <summary>For tables.</summary>
    public override string ToString() => $"{Count} {Why}";
}
