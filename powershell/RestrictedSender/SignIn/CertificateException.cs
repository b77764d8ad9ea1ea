using System;

namespace RestrictedSender.PowerShell.SignIn;

/// <summary>Why there is no certificate to sign in with. The library makes the error of it.</summary>
/// <param name="name">The name of the error, as docs/errors.md has it.</param>
/// <param name="message">What happened.</param>
internal sealed class CertificateException(string name, string message) : Exception(message)
{
    internal const string NotFound = "CertificateNotFound", Unreadable = "CertificateUnreadable",
        Unusable = "CertificateUnusable";

    /// <summary>The name of the error.</summary>
    internal string Name { get; } = name;
}
