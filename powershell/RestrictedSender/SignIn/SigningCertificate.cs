using System;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell.SignIn;

/// <summary>
/// A certificate and its private key, which signs here and never leaves. It lives as long as its connection: every
/// renewal of the token needs a signature.
/// </summary>
internal sealed class SigningCertificate : IDisposable
{
    private const string RsaEncryption = "1.2.840.113549.1.1.1";

    private readonly X509Certificate2 _certificate;
    private readonly bool _isOurs;
    private readonly RSA _key;

    /// <summary>A certificate with its key.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="key">The key, where it is not within the certificate; it is disposed with this.</param>
    /// <param name="isOurs">Whether the module loaded the certificate, and so has to let it go.</param>
    internal SigningCertificate(X509Certificate2 certificate, bool isOurs, RSA? key = null)
    {
        _certificate = certificate;
        _isOurs = isOurs;
        try
        {
            _key = key ?? PrivateKey(certificate);
        }
        catch
        {
            if (isOurs)
                certificate.Dispose();
            throw;
        }
    }

    /// <summary>Old Windows providers know no PSS, nor do .NET's classes for them.</summary>
    private string Algorithm => _key is RSACryptoServiceProvider ? "RS256" : "PS256";

    /// <summary>Tells the library what it may know of the certificate.</summary>
    internal void Bind(Operation operation)
    {
        operation.Bind("Certificate", Convert.ToBase64String(_certificate.RawData));
        operation.Bind("CertificateAlgorithm", Algorithm);
        operation.Bind("CertificateNotBefore", _certificate.NotBefore);
        operation.Bind("CertificateNotAfter", _certificate.NotAfter);
    }

    /// <summary>The signature of an ASCII text, in base64.</summary>
    internal string Sign(string algorithm, string input)
    {
        var padding = algorithm == "RS256" ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss;
        // Operations of several runspaces may want to sign, and a key works for one at a time.
        lock (_key)
            return Convert.ToBase64String(
                _key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, padding));
    }

    public void Dispose()
    {
        _key.Dispose();
        if (_isOurs)
            _certificate.Dispose();
    }

    private static RSA PrivateKey(X509Certificate2 certificate)
    {
        if (certificate.PublicKey.Oid.Value != RsaEncryption)
            throw Unusable(certificate, $"has a key of type {certificate.PublicKey.Oid.FriendlyName}; Microsoft takes RSA only");
        if (!certificate.HasPrivateKey)
            throw Unusable(certificate, "has no private key here: only its public part was imported");
        try
        {
            return certificate.GetRSAPrivateKey() ?? throw Unusable(certificate, "has a private key that is no RSA key");
        }
        catch (CryptographicException error)
        {
            throw Unusable(certificate, $"has a private key that this account cannot use: {error.Message.TrimEnd('.')}");
        }
    }

    private static CertificateException Unusable(X509Certificate2 certificate, string why) => new(
        CertificateException.Unusable,
        string.Format(CultureInfo.InvariantCulture, "The certificate {0} {1}.", certificate.Thumbprint, why));
}
