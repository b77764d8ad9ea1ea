using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What an entry of the list says beyond its line there.</summary>
internal sealed class Description
{
    private Description(Row row)
    {
        row.Expect(RowType.Description);
        SpamLast24Hours = row.Integer();
        MailLast24Hours = row.Integer();
        SpamPercent = row.Real();
        ClientIP = row.Text();
        AntispamCode = row.Integer();
        LastSpamMessageTraceId = row.Text() is { } id ? new Guid(id) : null;
        LimitType = row.Text();
        InternalRecipientsToday = row.Integer();
        ExternalRecipientsToday = row.Integer();
        RecipientsLast24Hours = row.Integer();
        RecipientRateLimit = row.Integer();
        UnknownReason = row.Named() is { } pairs ? new UnknownReason(pairs) : null;
        StartDate = row.Moment();
        EndDate = row.Moment();
        ExpectedBy = row.Moment();
        Overdue = row.Bool();
        Advice = row.Text()!;
        UserMessage = row.Text()!;
    }

    internal long? SpamLast24Hours { get; }

    internal long? MailLast24Hours { get; }

    internal double? SpamPercent { get; }

    internal string? ClientIP { get; }

    internal long? AntispamCode { get; }

    internal Guid? LastSpamMessageTraceId { get; }

    internal string? LimitType { get; }

    internal long? InternalRecipientsToday { get; }

    internal long? ExternalRecipientsToday { get; }

    internal long? RecipientsLast24Hours { get; }

    internal long? RecipientRateLimit { get; }

    internal UnknownReason? UnknownReason { get; }

    internal DateTime? StartDate { get; }

    internal DateTime? EndDate { get; }

    internal DateTime? ExpectedBy { get; }

    internal bool? Overdue { get; }

    internal string Advice { get; }

    internal string UserMessage { get; }

    /// <summary>Asks the library, which needs no more than what the entry itself says.</summary>
    internal static Description Of(RestrictedSender entry)
    {
        // The entry may have outlived its connection.
        var session = new Session();
        try
        {
            using var operation = new Operation(session, "describe-restriction");
            operation.Bind("EntityType", entry.EntityType.ToString());
            operation.Bind("Reason", entry.Reason);
            operation.Bind("RestrictedSince", entry.RestrictedSince);
            operation.Bind("TemporaryBlock", entry.TemporaryBlock);
            operation.Bind("ExpirationTime", entry.ExpirationTime);
            operation.Bind("ListedAt", entry.ListedAt);
            entry.BindCircumstances(operation);
            operation.Start();
            operation.Step();
            return new Description(operation.Row());
        }
        finally
        {
            session.Close();
        }
    }
}

/// <summary>What of a reason is in none of the figures, in its order. As a text it is one line.</summary>
public sealed class UnknownReason : ReadOnlyCollection<ReasonPart>
{
    internal UnknownReason(KeyValuePair<string, object?>[] pairs)
        : base(Array.ConvertAll(pairs, pair => new ReasonPart(pair.Key, (string)pair.Value!)))
    {
    }

    /// <summary>The parts in one line, as a file shows them.</summary>
    /// <returns>For example <c>Moon=full; by hand</c>.</returns>
    public override string ToString() => string.Join("; ", this);
}

/// <summary>A key and its value in a reason; free text has an empty key.</summary>
public sealed class ReasonPart
{
    internal ReasonPart(string key, string value)
    {
        Key = key;
        Value = value;
    }

    /// <summary>The key; empty for free text.</summary>
    public string Key { get; }

    /// <summary>The value, or the free text.</summary>
    public string Value { get; }

    /// <summary>The key and its value.</summary>
    /// <returns>For example <c>Moon=full</c>.</returns>
    public override string ToString() => Key == "" ? Value : $"{Key}={Value}";
}
