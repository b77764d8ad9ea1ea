using System;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RestrictedSender.PowerShell.SignIn;

/// <summary>Reads an RSA key from PKCS #8 (RFC 5208) or PKCS #1 (RFC 8017); .NET Framework reads neither.</summary>
internal static class RsaKey
{
    private const byte Integer = 0x02, OctetString = 0x04, ObjectIdentifier = 0x06, Sequence = 0x30;

    /// <summary>The identifier of RSA keys, 1.2.840.113549.1.1.1.</summary>
    private static readonly byte[] RsaEncryption = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

    /// <summary>The key that goes with the certificate of a PEM file.</summary>
    internal static RSA Of(Pem pem, X509Certificate2 certificate)
    {
        try
        {
            var key = pem.RsaKey is { } rsa ? Pkcs1(new Der(rsa))
                : pem.Key is { } any ? Pkcs8(new Der(any))
                : throw Unusable("has no private key in its file (or one of another kind than RSA)");
            return MustFit(key, certificate);
        }
        catch (Exception error) when (error is FormatException or CryptographicException)
        {
            throw Unusable($"has a private key that cannot be read: {error.Message.TrimEnd('.')}");
        }

        CertificateException Unusable(string why) =>
            new(CertificateException.Unusable, $"The certificate {certificate.Thumbprint} {why}.");
    }

    private static RSA MustFit(RSA key, X509Certificate2 certificate)
    {
        using var publicKey = certificate.GetRSAPublicKey();
        if (publicKey is not null && publicKey.ExportParameters(false).Modulus.SequenceEqual(key.ExportParameters(false).Modulus))
            return key;
        key.Dispose();
        throw new CryptographicException("it belongs to another certificate");
    }

    private static RSA Pkcs8(Der der)
    {
        var info = der.Enter(Sequence);
        info.Take(Integer);
        if (!info.Enter(Sequence).Take(ObjectIdentifier).SequenceEqual(RsaEncryption))
            throw new FormatException("it is no RSA key");
        var key = info.Take(OctetString);
        try
        {
            return Pkcs1(new Der(key));
        }
        finally
        {
            Array.Clear(key, 0, key.Length);
        }
    }

    private static RSA Pkcs1(Der der)
    {
        var key = der.Enter(Sequence);
        key.Take(Integer);
        var parameters = new RSAParameters { Modulus = key.Number(), Exponent = key.Number() };
        var length = parameters.Modulus.Length;
        var half = (length + 1) / 2;
        parameters.D = key.Number(length);
        parameters.P = key.Number(half);
        parameters.Q = key.Number(half);
        parameters.DP = key.Number(half);
        parameters.DQ = key.Number(half);
        parameters.InverseQ = key.Number(half);
        try
        {
            var rsa = RSA.Create();
            rsa.ImportParameters(parameters);
            return rsa;
        }
        finally
        {
            foreach (var part in new[] { parameters.D, parameters.P, parameters.Q, parameters.DP, parameters.DQ, parameters.InverseQ })
                Array.Clear(part, 0, part.Length);
        }
    }

    /// <summary>Distinguished encoding rules: a tag, a length, the content.</summary>
    private struct Der(byte[] content)
    {
        private readonly byte[] _content = content;
        private int _next = 0;
        private int _end = content.Length;

        internal Der Enter(byte tag)
        {
            var length = Begin(tag);
            var inner = this;
            inner._end = _next + length;
            _next += length;
            return inner;
        }

        internal byte[] Take(byte tag)
        {
            var taken = new byte[Begin(tag)];
            Array.Copy(_content, _next, taken, 0, taken.Length);
            _next += taken.Length;
            return taken;
        }

        /// <summary>An unsigned number, without leading zeros or filled up with them.</summary>
        internal byte[] Number(int length = 0)
        {
            var bytes = Take(Integer);
            var zeros = bytes.TakeWhile(part => part == 0).Count();
            var number = new byte[Math.Max(length, bytes.Length - zeros)];
            Array.Copy(bytes, zeros, number, number.Length - (bytes.Length - zeros), bytes.Length - zeros);
            Array.Clear(bytes, 0, bytes.Length);
            return number;
        }

        private int Begin(byte tag)
        {
            if (Byte() != tag)
                throw new FormatException("it is damaged");
            int length = Byte();
            if (length >= 0x80)
            {
                var count = length - 0x80;
                if (count is 0 or > 3)
                    throw new FormatException("it is damaged");
                for (length = 0; count > 0; count--)
                    length = (length << 8) | Byte();
            }
            return length <= _end - _next ? length : throw new FormatException("it is cut off");
        }

        private byte Byte() => _next < _end ? _content[_next++] : throw new FormatException("it is cut off");
    }
}
