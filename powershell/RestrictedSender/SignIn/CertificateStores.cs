using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RestrictedSender.PowerShell.SignIn;

/// <summary>Finds a certificate by its thumbprint in the personal stores of the account and of the machine.</summary>
internal static class CertificateStores
{
    private const int ThumbprintLength = 40;

    /// <summary>The certificate of that thumbprint; one with a private key where there are several.</summary>
    internal static SigningCertificate Find(string thumbprint)
    {
        // Copied from the dialogs of Windows, a thumbprint has spaces and an invisible mark before it.
        var digits = new string([.. thumbprint.Where(Uri.IsHexDigit)]);
        if (digits.Length != ThumbprintLength)
        {
            throw new CertificateException(
                CertificateException.NotFound,
                $"'{thumbprint}' is no thumbprint: it must have {ThumbprintLength} hexadecimal digits.");
        }
        var searched = new List<string>();
        var found = new[] { StoreLocation.CurrentUser, StoreLocation.LocalMachine }
            .SelectMany(location => In(location, digits, searched))
            .ToList();
        var best = found.Find(certificate => certificate.HasPrivateKey) ?? found.FirstOrDefault();
        foreach (var other in found.Where(other => other != best))
            other.Dispose();
        return best is not null
            ? new SigningCertificate(best, isOurs: true)
            : throw new CertificateException(
                CertificateException.NotFound,
                $"There is no certificate {digits.ToUpperInvariant()}. Searched: {string.Join(", ", searched)}.");
    }

    private static IEnumerable<X509Certificate2> In(StoreLocation location, string thumbprint, List<string> searched)
    {
        var name = $@"Cert:\{location}\My";
        using var store = new X509Store(StoreName.My, location);
        try
        {
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
        }
        catch (CryptographicException error)
        {
            // Unix has no such store of the machine, and a new account has none of its own.
            searched.Add($"{name} (could not be opened: {error.Message.TrimEnd('.')})");
            return [];
        }
        searched.Add(name);
        return store.Certificates.Find(X509FindType.FindByThumbprint, thumbprint, validOnly: false)
            .Cast<X509Certificate2>().ToList();
    }
}
