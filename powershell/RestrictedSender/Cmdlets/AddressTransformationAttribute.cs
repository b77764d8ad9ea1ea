using System;

namespace RestrictedSender.PowerShell;

/// <summary>
/// Takes an address for an address and nothing else: an object without an address would become a wrong one.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AddressTransformationAttribute : TextTransformationAttribute
{
    private protected override string What => "an address";

    private protected override string? Other(object item) => item switch
    {
        System.Net.Mail.MailAddress address => address.Address,
        // What some Exchange sessions return for an address keeps its text in ToString.
        _ when item.GetType().Name == "SmtpAddress" => item.ToString(),
        _ => null,
    };
}
