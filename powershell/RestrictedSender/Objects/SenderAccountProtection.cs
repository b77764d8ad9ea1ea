using System;
using System.Collections.Specialized;
using System.Security;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>An action that secures an account: what was done, and what was there before. Times are UTC.</summary>
public sealed class SenderAccountProtection : RestrictedEntity
{
    internal SenderAccountProtection(Row row, RestrictedSenderConnection connection)
        : base(connection)
    {
        row.Expect(RowType.SenderAccountProtection);
        SenderAddress = row.Text()!;
        Account = row.Text();
        Action = row.Name<ProtectiveAction>()!.Value;
        Object = row.Text();
        Changed = row.Bool()!.Value;
        Detail = row.Text()!;
        Before = new OrderedDictionary();
        foreach (var pair in row.Named() ?? [])
            Before[pair.Key] = pair.Value;
        Undo = row.Text();
        Password = row.Secret();
        Time = row.Moment()!.Value;
        RequestId = row.Text();
        Organization = row.Text()!;
        TenantId = row.Text();
        IsPractice = row.Bool()!.Value;
    }

    /// <summary>The sender.</summary>
    public string SenderAddress { get; }

    /// <summary>The user principal name of its account.</summary>
    public string? Account { get; }

    /// <summary>What was done.</summary>
    public ProtectiveAction Action { get; }

    /// <summary>To what, for example the name of an inbox rule; nothing for the account or mailbox itself.</summary>
    public string? Object { get; }

    /// <summary>Whether anything was changed; it is not where it was so already.</summary>
    public bool Changed { get; }

    /// <summary>What was done, or why nothing had to be.</summary>
    public string Detail { get; }

    /// <summary>What was there before, as names and values.</summary>
    public OrderedDictionary Before { get; }

    /// <summary>The line that undoes it, ready to paste; nothing where it cannot be undone.</summary>
    public string? Undo { get; }

    /// <summary>The new password, which is nowhere else.</summary>
    public SecureString? Password { get; }

    /// <summary>When the service took it.</summary>
    public DateTime Time { get; }

    /// <summary>The service's id of the request.</summary>
    public string? RequestId { get; }

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
        operation.Bind("TenantId", TenantId);
    }

    /// <summary>What was done.</summary>
    /// <returns>The sentence of <see cref="Detail"/>.</returns>
    public override string ToString() => Detail;
}
