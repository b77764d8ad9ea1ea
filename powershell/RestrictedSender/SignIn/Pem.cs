using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace RestrictedSender.PowerShell.SignIn;

/// <summary>
/// The parts of a PEM file that matter here. .NET Framework reads no PEM. Nothing of a key becomes a string, which
/// could not be wiped.
/// </summary>
internal sealed class Pem : IDisposable
{
    private static readonly byte[] Begin = Encoding.ASCII.GetBytes("-----BEGIN "), End = Encoding.ASCII.GetBytes("-----END ");

    private readonly List<(string Label, byte[] Der)> _parts = [];

    /// <summary>The first certificate: that of the app, where a chain follows.</summary>
    internal byte[]? Certificate => Part("CERTIFICATE");

    /// <summary>The key as PKCS #8.</summary>
    internal byte[]? Key => Part("PRIVATE KEY");

    /// <summary>The key as PKCS #1.</summary>
    internal byte[]? RsaKey => Part("RSA PRIVATE KEY");

    /// <summary>Whether the key would need a password.</summary>
    internal bool HasEncryptedKey { get; private set; }

    /// <summary>The parts of a file, or nothing where it is no PEM file.</summary>
    internal static Pem? Of(byte[] content)
    {
        if (IndexOf(content, Begin, 0) < 0)
            return null;
        var pem = new Pem();
        for (var begin = IndexOf(content, Begin, 0); begin >= 0; begin = IndexOf(content, Begin, begin + 1))
        {
            var label = begin + Begin.Length;
            var body = IndexOf(content, Encoding.ASCII.GetBytes("-----"), label);
            var end = body < 0 ? -1 : IndexOf(content, End, body);
            if (end < 0)
                break;
            pem.Add(Encoding.ASCII.GetString(content, label, body - label), content, body + 5, end);
        }
        return pem;
    }

    public void Dispose()
    {
        foreach (var (_, der) in _parts)
            Array.Clear(der, 0, der.Length);
    }

    private void Add(string label, byte[] content, int begin, int end)
    {
        var text = Encoding.ASCII.GetChars(content, begin, end - begin);
        try
        {
            // Keys in the old form of OpenSSL have headers when they are encrypted.
            if (label == "ENCRYPTED PRIVATE KEY" || Array.IndexOf(text, ':') >= 0)
                HasEncryptedKey = true;
            else
                _parts.Add((label, Convert.FromBase64CharArray(text, 0, text.Length)));
        }
        catch (FormatException)
        {
            // What is no base64 is no part; whoever needs it says that it is missing.
        }
        finally
        {
            Array.Clear(text, 0, text.Length);
        }
    }

    private byte[]? Part(string label) => _parts.FirstOrDefault(part => part.Label == label).Der;

    private static int IndexOf(byte[] content, byte[] wanted, int start)
    {
        for (var index = start; index <= content.Length - wanted.Length; index++)
        {
            var length = 0;
            while (length < wanted.Length && content[index + length] == wanted[length])
                length++;
            if (length == wanted.Length)
                return index;
        }
        return -1;
    }
}
