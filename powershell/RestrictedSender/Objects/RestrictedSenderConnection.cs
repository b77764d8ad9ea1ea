using System;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>A connection to one organization. Times are UTC.</summary>
public sealed class RestrictedSenderConnection
{
    internal RestrictedSenderConnection(Session session, ExchangeSession? exchange, Row row)
    {
        Session = session;
        Exchange = exchange;
        Update(row);
    }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; private set; } = "";

    /// <summary>The organization's id, where the token tells it.</summary>
    public string? TenantId { get; private set; }

    /// <summary>Who is signed in.</summary>
    public string Account { get; private set; } = "";

    /// <summary>Which Microsoft cloud it is.</summary>
    public string ExchangeEnvironmentName { get; private set; } = "";

    /// <summary>The endpoint of Exchange.</summary>
    public string ConnectionUri { get; private set; } = "";

    /// <summary>Whether it is a practice tenant.</summary>
    public bool IsPractice { get; private set; }

    /// <summary>A practice tenant's plain HTTP address: its request log is at <c>/sandbox/requests</c>.</summary>
    public string? PracticeUri { get; private set; }

    /// <summary>Where a practice tenant takes mail by SMTP, with STARTTLS: address and port.</summary>
    public string? PracticeSmtpAddress { get; private set; }

    /// <summary>When the connection was made.</summary>
    public DateTime ConnectedAt { get; private set; }

    /// <summary>When the token in hand expires, where that is known. The module renews it before.</summary>
    public DateTime? TokenExpires { get; private set; }

    /// <summary>The app roles and directory roles that the token in hand tells of; the service decides what they allow.</summary>
    public string[] Roles { get; private set; } = [];

    /// <summary>The folder of all journals; a practice tenant's is temporary. Nothing where there is no place for it.</summary>
    public string? JournalPath { get; private set; }

    /// <summary>How many requests were sent so far, to Exchange and for tokens.</summary>
    public long? Requests { get; private set; }

    /// <summary>How many of them repeated one that had failed.</summary>
    public long? Retries { get; private set; }

    /// <summary>Whether cmdlets without -Connection use it.</summary>
    public bool IsDefault { get; internal set; }

    /// <summary>Whether it was disconnected.</summary>
    public bool IsClosed => Session.IsClosed;

    internal Session Session { get; }

    /// <summary>The Exchange session that it goes through, where it has no token of its own.</summary>
    internal ExchangeSession? Exchange { get; }

    /// <summary>Whether a cmdlet made it that found no other connection.</summary>
    internal bool IsAutomatic { get; set; }

    internal void Update(Row row)
    {
        row.Expect(RowType.Connection);
        Organization = row.Text()!;
        TenantId = row.Text();
        Account = row.Text()!;
        ExchangeEnvironmentName = row.Text()!;
        ConnectionUri = row.Text()!;
        IsPractice = row.Bool()!.Value;
        PracticeUri = row.Text();
        PracticeSmtpAddress = row.Text();
        ConnectedAt = row.Moment()!.Value;
        TokenExpires = row.Moment();
        Roles = row.Texts();
        JournalPath = row.Text();
        Requests = row.Integer();
        Retries = row.Integer();
    }

    /// <summary>The organization.</summary>
    /// <returns>The organization, as it was named when connecting.</returns>
    public override string ToString() => Organization;
}
