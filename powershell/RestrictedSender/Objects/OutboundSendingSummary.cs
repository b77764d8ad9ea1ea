using System;
using System.Linq;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What the organization has sent, against its limits. Times are UTC.</summary>
public sealed class OutboundSendingSummary
{
    internal OutboundSendingSummary(Row row)
    {
        row.Expect(RowType.OutboundSendingSummary);
        At = row.Moment()!.Value;
        FirstSent = row.Moment();
        LastSent = row.Moment();
        SenderCount = row.Integer()!.Value;
        MessageCount = row.Integer()!.Value;
        RecipientCount = row.Integer()!.Value;
        SendersOverLimit = row.Integer()!.Value;
        ExternalLast24Hours = row.Integer()!.Value;
        PeakExternalPer24Hours = row.Integer()!.Value;
        PeakExternalPer24HoursAt = row.Moment();
        TenantExternal = row.Integer();
        InitialDomainLast24Hours = row.Integer()!.Value;
        PeakInitialDomainPer24Hours = row.Integer()!.Value;
        PeakInitialDomainPer24HoursAt = row.Moment();
        InitialDomain = row.Integer()!.Value;
        TopSenders = row.Nested(RowType.Busiest, BusiestName.Columns).Select(one => new BusiestName(one)).ToArray();
        TopDomains = row.Nested(RowType.Busiest, BusiestName.Columns).Select(one => new BusiestName(one)).ToArray();
        Lines = row.Integer()!.Value;
        Inbound = row.Integer()!.Value;
        System = row.Integer()!.Value;
        OtherEvents = row.Integer()!.Value;
        Duplicates = row.Integer()!.Value;
        Unusable = row.Nested(RowType.UnusableLines, UnusableLines.Columns)
            .Select(lines => new UnusableLines(lines)).ToArray();
        Organization = row.Text();
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>The moment that is looked from; the following are as of then.</summary>
    public DateTime At { get; }

    /// <summary>When the first message was sent.</summary>
    public DateTime? FirstSent { get; }

    /// <summary>When the last one was.</summary>
    public DateTime? LastSent { get; }

    /// <summary>How many have sent anything.</summary>
    public long SenderCount { get; }

    /// <summary>How many messages.</summary>
    public long MessageCount { get; }

    /// <summary>To how many recipients; a group of the organization counts once.</summary>
    public long RecipientCount { get; }

    /// <summary>How many have tripped a limit.</summary>
    public long SendersOverLimit { get; }

    /// <summary>External recipients of the last 24 hours, after groups are expanded.</summary>
    public long ExternalLast24Hours { get; }

    /// <summary>The most of them in any 24 hours.</summary>
    public long PeakExternalPer24Hours { get; }

    /// <summary>When that was reached.</summary>
    public DateTime? PeakExternalPer24HoursAt { get; }

    /// <summary>The organization's limit of them, where -LicenseCount was given.</summary>
    public long? TenantExternal { get; }

    /// <summary>The same for mail from the onmicrosoft.com domain.</summary>
    public long InitialDomainLast24Hours { get; }

    /// <summary>The most of them in any 24 hours.</summary>
    public long PeakInitialDomainPer24Hours { get; }

    /// <summary>When that was reached.</summary>
    public DateTime? PeakInitialDomainPer24HoursAt { get; }

    /// <summary>The limit of them.</summary>
    public long InitialDomain { get; }

    /// <summary>Who has written to the most recipients.</summary>
    public BusiestName[] TopSenders { get; }

    /// <summary>The external domains that were written to most.</summary>
    public BusiestName[] TopDomains { get; }

    /// <summary>How many lines the trace has.</summary>
    public long Lines { get; }

    /// <summary>How many of them are about mail from outside.</summary>
    public long Inbound { get; }

    /// <summary>How many of them are about mail of the service itself.</summary>
    public long System { get; }

    /// <summary>How many of them are about what follows the sending.</summary>
    public long OtherEvents { get; }

    /// <summary>How many rows were there already.</summary>
    public long Duplicates { get; }

    /// <summary>The lines that could not be used.</summary>
    public UnusableLines[] Unusable { get; }

    /// <summary>The organization, where one was asked.</summary>
    public string? Organization { get; }

    /// <summary>Its id, where it is known.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is that of a practice tenant.</summary>
    public bool IsPractice { get; }
}
