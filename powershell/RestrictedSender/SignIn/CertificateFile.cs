using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RestrictedSender.PowerShell.SignIn;

/// <summary>Reads a certificate with its key from a file: PFX, or PEM with the certificate and its key.</summary>
internal static class CertificateFile
{
    private const int WrongPassword = unchecked((int)0x80070056);

    /// <summary>Keeps the key off the disk; netstandard does not know it, every .NET that runs this does.</summary>
    private const X509KeyStorageFlags EphemeralKeySet = (X509KeyStorageFlags)32;

    /// <summary>The certificate in the file of that full path.</summary>
    internal static SigningCertificate Read(string path, SecureString? password)
    {
        var content = Content(path);
        try
        {
            return Pem.Of(content) is { } pem ? FromPem(path, pem) : FromPfx(path, content, password);
        }
        finally
        {
            Array.Clear(content, 0, content.Length);
        }
    }

    /// <summary>The certificate that the variables of Microsoft's libraries name, unless they have a secret.</summary>
    internal static SigningCertificate? OfEnvironment()
    {
        if (Variable("AZURE_CLIENT_SECRET") is not null || Variable("AZURE_CLIENT_CERTIFICATE_PATH") is not { } path)
            return null;
        using var password = new SecureString();
        foreach (var letter in Variable("AZURE_CLIENT_CERTIFICATE_PASSWORD") ?? "")
            password.AppendChar(letter);
        return Read(path, password.Length == 0 ? null : password);

        static string? Variable(string name) =>
            Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
    }

    private static byte[] Content(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateException(CertificateException.NotFound, $"There is no file {path}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, $"cannot be read: {error.Message}");
        }
    }

    private static SigningCertificate FromPfx(string path, byte[] content, SecureString? password)
    {
        // macOS keeps every key in a keychain.
        var flags = RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? X509KeyStorageFlags.DefaultKeySet : EphemeralKeySet;
        X509Certificate2 certificate;
        try
        {
            certificate = new X509Certificate2(content, password, flags);
        }
        catch (CryptographicException error) when (error.HResult == WrongPassword)
        {
            throw Unreadable(path, password is null
                ? "has a password: give it with -CertificatePassword"
                : "has another password than -CertificatePassword");
        }
        catch (CryptographicException error)
        {
            throw Unreadable(path, $"is no certificate with its key: {error.Message}");
        }
        return new SigningCertificate(certificate, isOurs: true);
    }

    private static SigningCertificate FromPem(string path, Pem pem)
    {
        using (pem)
        {
            if (pem.Certificate is null)
                throw Unreadable(path, "has no certificate in it");
            if (pem.HasEncryptedKey)
                throw Unreadable(path, "has an encrypted key: make a PFX file of it (openssl pkcs12 -export)");
            X509Certificate2 certificate;
            try
            {
                certificate = new X509Certificate2(pem.Certificate);
            }
            catch (CryptographicException error)
            {
                throw Unreadable(path, $"has no certificate that can be read: {error.Message}");
            }
            try
            {
                return new SigningCertificate(certificate, isOurs: true, RsaKey.Of(pem, certificate));
            }
            catch
            {
                certificate.Dispose();
                throw;
            }
        }
    }

    private static CertificateException Unreadable(string path, string why) =>
        new(CertificateException.Unreadable, $"The file {path} {why.TrimEnd('.')}.");
}
