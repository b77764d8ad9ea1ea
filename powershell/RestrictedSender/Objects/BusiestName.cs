using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>A sender or a domain among the busiest.</summary>
public sealed class BusiestName
{
    internal const int Columns = 2;

    internal BusiestName(Row row)
    {
        row.Expect(RowType.Busiest);
        Name = row.Text()!;
        RecipientCount = row.Integer()!.Value;
    }

    /// <summary>An address or a domain.</summary>
    public string Name { get; }

    /// <summary>How many recipients it stands for.</summary>
    public long RecipientCount { get; }

    /// <summary>For tables.</summary>
    public override string ToString() => $"{Name} ({RecipientCount})";
}
