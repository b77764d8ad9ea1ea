using System;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>
/// An entry of an organization's list of restricted entities: everything that the service says, under its names, and
/// what it means. Times are UTC.
/// </summary>
/// <remarks>
/// A list is read for its lines. What an entry says beyond its line is asked for once, when the first of those
/// properties is read; it needs no connection any more.
/// </remarks>
public sealed class RestrictedSender : RestrictedEntity
{
    private Description? _description;

    private RestrictedSender(ref Row row, RestrictedSenderConnection connection)
        : base(connection)
    {
        row.Expect(RowType.RestrictedSender);
        EntityType = row.Name<EntityType>()!.Value;
        SenderAddress = row.Text();
        ConnectorId = row.Text() is { } id ? new Guid(id) : null;
        ConnectorName = row.Text();
        PrimarySmtpAddress = row.Text();
        BlockType = row.Name<BlockType>()!.Value;
        Summary = row.Text()!;
        RestrictedSince = row.Moment();
        RestrictedUntil = row.Moment();
        RestrictedUntilBasis = row.Name<RestrictedUntilBasis>();
        NextStep = row.Name<NextStep>()!.Value;
        Reason = row.Text()!;
        CreatedDatetime = row.Moment();
        ChangedDatetime = row.Moment();
        TemporaryBlock = row.Bool();
        CreatedTime = row.Moment();
        ExpirationTime = row.Moment();
        OutboundPolicy = row.Text();
        ActionWhenThresholdReached = row.Text();
        PolicyChanged = row.Moment();
        UnblockRequestedAt = row.Moment();
        UnblockCount = row.Integer();
        UnblockRefused = row.Bool();
        Evidence = row.Name<SenderAccountVerdict>();
        Organization = row.Text()!;
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
        ListedAt = row.Moment()!.Value;
        PortalUrl = row.Text()!;
        MfaUrl = row.Text();
        PasswordUrl = row.Text();
    }

    /// <summary>Mailbox or Connector.</summary>
    public EntityType EntityType { get; }

    /// <summary>The address that a sender is listed by: a mailbox's user principal name, else an SMTP address.</summary>
    public string? SenderAddress { get; }

    /// <summary>The id that a connector is listed by.</summary>
    public Guid? ConnectorId { get; }

    /// <summary>A connector's name.</summary>
    public string? ConnectorName { get; }

    /// <summary>A sender's primary address, where the directory was asked: when entries are named.</summary>
    public string? PrimarySmtpAddress { get; }

    /// <summary>The class of the reason.</summary>
    public BlockType BlockType { get; }

    /// <summary>One line that says why.</summary>
    public string Summary { get; }

    /// <summary>When the entry was made.</summary>
    public DateTime? RestrictedSince { get; }

    /// <summary>When it ends by itself at the latest; nothing when it does not, or nobody can tell.</summary>
    public DateTime? RestrictedUntil { get; }

    /// <summary>How that is known.</summary>
    public RestrictedUntilBasis? RestrictedUntilBasis { get; }

    /// <summary>What to do next; Advice says more.</summary>
    public NextStep NextStep { get; }

    /// <summary>The service's own reason.</summary>
    public string Reason { get; }

    /// <summary>The service's CreatedDatetime of a sender.</summary>
    public DateTime? CreatedDatetime { get; }

    /// <summary>The service's ChangedDatetime of a sender.</summary>
    public DateTime? ChangedDatetime { get; }

    /// <summary>The service's TemporaryBlock of a sender.</summary>
    public bool? TemporaryBlock { get; }

    /// <summary>The service's CreatedTime of a connector.</summary>
    public DateTime? CreatedTime { get; }

    /// <summary>The service's ExpirationTime of a connector.</summary>
    public DateTime? ExpirationTime { get; }

    /// <summary>
    /// The outbound spam policy that applies to a sender over its limit; nothing where several may apply, or where it
    /// could not be told.
    /// </summary>
    public string? OutboundPolicy { get; }

    /// <summary>What that policy does: Alert, BlockUserForToday or BlockUser.</summary>
    public string? ActionWhenThresholdReached { get; }

    /// <summary>When that policy, or a rule that says for whom policies are, was last changed.</summary>
    public DateTime? PolicyChanged { get; }

    /// <summary>When the service took the last unblock that is known of.</summary>
    public DateTime? UnblockRequestedAt { get; }

    /// <summary>How many unblocks are known of; nothing where none is.</summary>
    public long? UnblockCount { get; }

    /// <summary>Whether the service has refused the last one because there had been too many.</summary>
    public bool? UnblockRefused { get; }

    /// <summary>What Test-SenderAccount has said of it over this connection; nothing where it was not asked.</summary>
    public SenderAccountVerdict? Evidence { get; }

    /// <summary>The organization, as it was named when connecting.</summary>
    public string Organization { get; }

    /// <summary>The organization's id.</summary>
    public string? TenantId { get; }

    /// <summary>Whether it is the entry of a practice tenant.</summary>
    public bool IsPractice { get; }

    /// <summary>When it was read from the list, by the organization's clock. What to do was decided then.</summary>
    public DateTime ListedAt { get; }

    /// <summary>The portal page that shows the list.</summary>
    public string PortalUrl { get; }

    /// <summary>The portal page that sets up multi-factor authentication; nothing for a connector.</summary>
    public string? MfaUrl { get; }

    /// <summary>The portal page that resets a password; nothing for a connector.</summary>
    public string? PasswordUrl { get; }

    /// <summary>Messages of the last 24 hours that were judged spam.</summary>
    public long? SpamLast24Hours => Described().SpamLast24Hours;

    /// <summary>All messages of the last 24 hours.</summary>
    public long? MailLast24Hours => Described().MailLast24Hours;

    /// <summary>The share of spam in percent.</summary>
    public double? SpamPercent => Described().SpamPercent;

    /// <summary>Where the mail was submitted from.</summary>
    public string? ClientIP => Described().ClientIP;

    /// <summary>The number of the antispam rule.</summary>
    public long? AntispamCode => Described().AntispamCode;

    /// <summary>The last message that was judged spam, as the message trace knows it.</summary>
    /// <remarks>Not MessageTraceId: Get-MessageTraceV2 would bind that and show this one message only.</remarks>
    public Guid? LastSpamMessageTraceId => Described().LastSpamMessageTraceId;

    /// <summary>Which limit of the outbound spam policy was exceeded, in the service's words.</summary>
    public string? LimitType => Described().LimitType;

    /// <summary>Recipients inside the organization on the day of the block.</summary>
    public long? InternalRecipientsToday => Described().InternalRecipientsToday;

    /// <summary>Recipients outside the organization on the day of the block.</summary>
    public long? ExternalRecipientsToday => Described().ExternalRecipientsToday;

    /// <summary>Recipients of the last 24 hours.</summary>
    public long? RecipientsLast24Hours => Described().RecipientsLast24Hours;

    /// <summary>The service's limit of recipients in 24 hours.</summary>
    public long? RecipientRateLimit => Described().RecipientRateLimit;

    /// <summary>What of the reason is in none of the figures; nothing when all is.</summary>
    public UnknownReason? UnknownReason => Described().UnknownReason;

    /// <summary>Where the mail around the block begins, for Get-MessageTraceV2; nothing out of the trace's reach.</summary>
    public DateTime? StartDate => Described().StartDate;

    /// <summary>Where the mail around the block ends, for Get-MessageTraceV2.</summary>
    public DateTime? EndDate => Described().EndDate;

    /// <summary>When an unblock that is on its way usually has taken effect; nothing when none is known of.</summary>
    public DateTime? ExpectedBy => Described().ExpectedBy;

    /// <summary>Whether such an unblock has taken longer than the documented maximum of 24 hours.</summary>
    public bool? Overdue => Described().Overdue;

    /// <summary>What to do and why, with the figures of this case.</summary>
    public string Advice => Described().Advice;

    /// <summary>What to tell whoever is blocked, in plain words.</summary>
    public string UserMessage => Described().UserMessage;

    /// <summary>Reads a row. Whatever else the service said becomes note properties under its own names.</summary>
    internal static object Read(Row row, RestrictedSenderConnection connection)
    {
        var entry = new RestrictedSender(ref row, connection);
        if (row.Named() is not { } others)
            return entry;
        var extended = PSObject.AsPSObject(entry);
        foreach (var other in others)
            extended.Properties.Add(new PSNoteProperty(other.Key, other.Value));
        return extended;
    }

    /// <inheritdoc/>
    internal override void Bind(Operation operation)
    {
        operation.Bind("SenderAddress", SenderAddress);
        operation.Bind("ConnectorId", ConnectorId?.ToString());
        operation.Bind("TenantId", TenantId);
        operation.Bind("Listed", true);
        operation.Bind("Reason", Reason);
        operation.Bind("RestrictedSince", RestrictedSince);
        operation.Bind("ConnectorName", ConnectorName);
        operation.Bind("TemporaryBlock", TemporaryBlock);
        operation.Bind("ExpirationTime", ExpirationTime);
        BindCircumstances(operation);
    }

    /// <summary>Binds what is known besides the list.</summary>
    internal void BindCircumstances(Operation operation)
    {
        operation.Bind("OutboundPolicy", OutboundPolicy);
        operation.Bind("ActionWhenThresholdReached", ActionWhenThresholdReached);
        operation.Bind("PolicyChanged", PolicyChanged);
        operation.Bind("UnblockRequestedAt", UnblockRequestedAt);
        operation.Bind("UnblockCount", UnblockCount);
        operation.Bind("UnblockRefused", UnblockRefused);
        operation.Bind("Evidence", Evidence?.ToString());
    }

    private Description Described() => _description ??= Description.Of(this);

    /// <summary>The address or the id.</summary>
    /// <returns>The key that the service lists the entity by.</returns>
    public override string ToString() => SenderAddress ?? ConnectorId?.ToString() ?? "";
}
