using System;
using System.Linq;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>The evidence about one sender or connector. Times are UTC.</summary>
public sealed class SenderAccountReport : RestrictedEntity
{
    internal SenderAccountReport(Row row, RestrictedSenderConnection connection)
        : base(connection)
    {
        row.Expect(RowType.SenderAccountReport);
        EntityType = row.Name<EntityType>()!.Value;
        SenderAddress = row.Text();
        ConnectorId = row.Text();
        ConnectorName = row.Text();
        Named = row.Text()!;
        Account = row.Text();
        RecipientTypeDetails = row.Text();
        Verdict = row.Name<SenderAccountVerdict>()!.Value;
        Summary = row.Text()!;
        LooksLike = row.Name<LooksLike>()!.Value;
        LooksLikeBecause = row.Texts();
        Checks = row.Nested(RowType.SenderAccountCheck, SenderAccountCheck.Columns)
            .Select(check => new SenderAccountCheck(check)).ToArray();
        Unseen = row.Texts();
        BlockType = row.Name<BlockType>();
        Since = row.Moment()!.Value;
        SinceBasis = row.Name<SinceBasis>()!.Value;
        NewSince = row.Moment()!.Value;
        TestedAt = row.Moment()!.Value;
        Organization = row.Text()!;
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>Mailbox or Connector.</summary>
    public EntityType EntityType { get; }

    /// <summary>The address that a sender is listed by; what was named, where it is not listed.</summary>
    public string? SenderAddress { get; }

    /// <summary>The connector's id.</summary>
    public string? ConnectorId { get; }

    /// <summary>The connector's name, where it is known.</summary>
    public string? ConnectorName { get; }

    /// <summary>The address or id as it was typed.</summary>
    public string Named { get; }

    /// <summary>The user principal name of the account behind the sender, where one is known.</summary>
    public string? Account { get; }

    /// <summary>What the directory says the sender is, such as UserMailbox; nothing where it knows nobody.</summary>
    public string? RecipientTypeDetails { get; }

    /// <summary>Whether it is safe.</summary>
    public SenderAccountVerdict Verdict { get; }

    /// <summary>One line that says why.</summary>
    public string Summary { get; }

    /// <summary>What lies behind the restriction, by all that was seen.</summary>
    public LooksLike LooksLike { get; }

    /// <summary>What speaks for that.</summary>
    public string[] LooksLikeBecause { get; }

    /// <summary>The checks, each with what was seen.</summary>
    public SenderAccountCheck[] Checks { get; }

    /// <summary>What could not be seen, with the permission that it takes.</summary>
    public string[] Unseen { get; }

    /// <summary>The class of the restriction; nothing where it is not listed.</summary>
    public BlockType? BlockType { get; }

    /// <summary>The moment that counts as the block.</summary>
    public DateTime Since { get; }

    /// <summary>Where that moment comes from.</summary>
    public SinceBasis SinceBasis { get; }

    /// <summary>What was changed since this moment, some days before the block, counts as new.</summary>
    public DateTime NewSince { get; }

    /// <summary>When it was checked, by the organization's clock.</summary>
    public DateTime TestedAt { get; }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; }

    /// <summary>The organization's id.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is a practice tenant.</summary>
    public bool IsPractice { get; }

    /// <inheritdoc/>
    internal override void Bind(Operation operation)
    {
        operation.Bind("SenderAddress", SenderAddress);
        operation.Bind("ConnectorId", ConnectorId);
        operation.Bind("TenantId", TenantId);
        operation.Bind("ConnectorName", ConnectorName);
    }

    /// <summary>The sender or connector and the verdict.</summary>
    /// <returns>For example <c>adele.vance@contoso.com: NotSafe</c>.</returns>
    public override string ToString() => $"{SenderAddress ?? ConnectorName ?? ConnectorId}: {Verdict}";
}
