using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What a status code, or a range of them, means.</summary>
public sealed class NonDeliveryCode
{
    internal NonDeliveryCode(Row row)
    {
        row.Expect(RowType.NonDeliveryCode);
        Code = row.Text()!;
        Text = row.Text()!;
        Class = row.Name<NonDeliveryClass>()!.Value;
        NextStep = row.Name<NonDeliveryNextStep>()!.Value;
        LiftedBy = row.Name<NonDeliveryLiftedBy>()!.Value;
        Advice = row.Text()!;
        DelistUrl = row.Text();
    }

    /// <summary>The code, or the first and the last one of a range.</summary>
    public string Code { get; }

    /// <summary>The text that comes with it, shortened.</summary>
    public string Text { get; }

    /// <summary>What was refused.</summary>
    public NonDeliveryClass Class { get; }

    /// <summary>What to do next.</summary>
    public NonDeliveryNextStep NextStep { get; }

    /// <summary>Who can lift it.</summary>
    public NonDeliveryLiftedBy LiftedBy { get; }

    /// <summary>What to do, in words.</summary>
    public string Advice { get; }

    /// <summary>Where to ask for the removal of an IP address, where there is a page for it.</summary>
    public string? DelistUrl { get; }
}
