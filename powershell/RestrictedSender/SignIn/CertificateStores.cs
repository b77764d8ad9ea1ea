using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RestrictedSender.PowerShell.SignIn;

/// <summary>The stores of certificates of the account and of the machine.</summary>
internal static class CertificateStores
{
    private const int ThumbprintLength = 40;

    /// <summary>The certificate of that thumbprint in the personal stores; one with a private key where there are several.</summary>
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

    /// <summary>The certificates of those whom this machine and this account trust to vouch for servers, in base64.</summary>
    internal static IEnumerable<string> TrustedRoots()
    {
        foreach (var location in new[] { StoreLocation.LocalMachine, StoreLocation.CurrentUser })
        {
            using var store = new X509Store(StoreName.Root, location);
            try
            {
                store.Open(OpenFlags.ReadOnly);
            }
            catch (CryptographicException)
            {
                // Where there is no such store, it vouches for nobody.
                continue;
            }
            foreach (var certificate in store.Certificates)
            {
                using (certificate)
                    yield return Convert.ToBase64String(certificate.RawData);
            }
        }
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
