using System;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>
/// What a delivery report says about one recipient, with what to do about it; or something that is no report, and why.
/// Times are UTC.
/// </summary>
public sealed class NonDeliveryReport
{
    internal NonDeliveryReport(Row row)
    {
        row.Expect(RowType.NonDeliveryReport);
        Class = row.Name<NonDeliveryClass>()!.Value;
        Confidence = row.Name<NonDeliveryConfidence>()!.Value;
        ConfidenceReason = row.Text()!;
        Direction = row.Name<NonDeliveryDirection>()!.Value;
        EntityType = row.Name<EntityType>();
        IsQuoted = row.Bool()!.Value;
        SenderAddress = row.Text();
        RecipientAddress = row.Text();
        StatusCode = (int?)row.Integer();
        EnhancedStatus = row.Text();
        AntispamCode = row.Integer();
        DiagnosticText = row.Text();
        GeneratingServer = row.Text();
        RemoteServer = row.Text();
        IPAddress = row.Text();
        MessageTraceId = row.Text();
        MessageId = row.Text();
        ReportedAt = row.Moment();
        NextStep = row.Name<NonDeliveryNextStep>()!.Value;
        LiftedBy = row.Name<NonDeliveryLiftedBy>();
        Advice = row.Text();
        DelistUrl = row.Text();
        ForwardText = row.Text();
        Source = row.Text();
        MessageNumber = row.Integer()!.Value;
    }

    /// <summary>What was refused.</summary>
    public NonDeliveryClass Class { get; }

    /// <summary>How sure the class is.</summary>
    public NonDeliveryConfidence Confidence { get; }

    /// <summary>Why it is that sure; for what is no report, why it is none.</summary>
    public string ConfidenceReason { get; }

    /// <summary>Whose mail was refused, and by whom.</summary>
    public NonDeliveryDirection Direction { get; }

    /// <summary>What kind of entity is restricted, where one is. A report about a connector has a sender, too.</summary>
    public EntityType? EntityType { get; }

    /// <summary>Whether it was found within another message, forwarded or quoted.</summary>
    public bool IsQuoted { get; }

    /// <summary>Who sent the message that failed.</summary>
    public string? SenderAddress { get; }

    /// <summary>Whom it failed for.</summary>
    public string? RecipientAddress { get; }

    /// <summary>The reply code, such as 550.</summary>
    public int? StatusCode { get; }

    /// <summary>The enhanced status, such as 5.1.8.</summary>
    public string? EnhancedStatus { get; }

    /// <summary>The code of the service's filter, such as 42004 of AS(42004).</summary>
    public long? AntispamCode { get; }

    /// <summary>The words of the server that refused.</summary>
    public string? DiagnosticText { get; }

    /// <summary>The server that wrote the report.</summary>
    public string? GeneratingServer { get; }

    /// <summary>The server that refused, where it is another one.</summary>
    public string? RemoteServer { get; }

    /// <summary>The IP address that was refused.</summary>
    public string? IPAddress { get; }

    /// <summary>The message trace id of the message that failed.</summary>
    public string? MessageTraceId { get; }

    /// <summary>Its Message-ID, without brackets.</summary>
    public string? MessageId { get; }

    /// <summary>When the report was written.</summary>
    public DateTime? ReportedAt { get; }

    /// <summary>What to do next.</summary>
    public NonDeliveryNextStep NextStep { get; }

    /// <summary>Who can lift it; nothing where there is nothing to lift.</summary>
    public NonDeliveryLiftedBy? LiftedBy { get; }

    /// <summary>What to do, in words.</summary>
    public string? Advice { get; }

    /// <summary>Where to ask for removal: the delist portal, or the address to write to.</summary>
    public string? DelistUrl { get; }

    /// <summary>What to send on, to whom its first line says.</summary>
    public string? ForwardText { get; }

    /// <summary>The file that it is from; nothing where a text was given.</summary>
    public string? Source { get; }

    /// <summary>Which message of the file it is from, counted from 1: an mbox file has many.</summary>
    public long MessageNumber { get; }
}
