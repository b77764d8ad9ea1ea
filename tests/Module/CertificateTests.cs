using System.Management.Automation;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RestrictedSender.Module.Tests;

/// <summary>Certificates made for the tests, and the files they are in.</summary>
internal static class Made
{
    private static readonly Lazy<X509Certificate2> Usual = new(() => Certificate());

    /// <summary>A certificate with an RSA key, valid since yesterday.</summary>
    public static X509Certificate2 Good => Usual.Value;

    public static X509Certificate2 Certificate(int fromDays = -1, int untilDays = 30, string name = "CN=Tests")
    {
        using var key = RSA.Create(2048);
        return Signed(new(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), fromDays, untilDays);
    }

    public static X509Certificate2 Elliptic()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Signed(new("CN=Tests", key, HashAlgorithmName.SHA256), -1, 30);
    }

    public static X509Certificate2 WithoutKey() => X509CertificateLoader.LoadCertificate(Good.RawData);

    /// <summary>A file that goes with the tests.</summary>
    public static string File(string name, byte[] content)
    {
        var path = Path.Combine(Place.Journals, $"{Guid.NewGuid()}-{name}");
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public static string File(string name, string content) => File(name, System.Text.Encoding.ASCII.GetBytes(content));

    public static string Pem(X509Certificate2 certificate, bool pkcs1 = false)
    {
        using var key = certificate.GetRSAPrivateKey()!;
        var text = pkcs1 ? key.ExportRSAPrivateKeyPem() : key.ExportPkcs8PrivateKeyPem();
        return $"Bag Attributes\n    friendlyName: tests\n{certificate.ExportCertificatePem()}\n{text}\n";
    }

    private static X509Certificate2 Signed(CertificateRequest request, int fromDays, int untilDays) =>
        request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(untilDays));
}

/// <summary>Signing in with a certificate, wherever it comes from.</summary>
public sealed class CertificateTests : IClassFixture<CertificateTests.Registered>, IDisposable
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly Engine _engine = new();
    private readonly Program _program;

    public CertificateTests(Registered registered) => _program = registered.Program;

    /// <summary>A practice tenant whose app has a certificate.</summary>
    public sealed class Registered : IDisposable
    {
        public Registered() => Program.Tenant.Register(Program.Invitation.AppId, Made.Good);

        public Program Program { get; } = new();

        public void Dispose() => Program.Dispose();
    }

    [Fact]
    public void A_certificate_connects_and_signs_in_again_when_the_token_is_refused()
    {
        _engine["certificate"] = Made.Good;
        var connection = Connect("-Certificate $certificate").One;
        Assert.Equal($"App {_program.Invitation.AppId}", connection.Value("Account"));
        var before = _program.Tenant.Now;
        _program.Tenant.Fault("Get-BlockedSenderAddress", Tenant.Reply(401));
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
        Assert.Equal(200, Assert.Single(_program.Tenant.Requests(before), request => request.IsToken).Status);
        _engine.Run("Disconnect-RestrictedSender");
        // What the admin gave stays the admin's.
        using var key = Made.Good.GetRSAPrivateKey();
        Assert.NotNull(key);
    }

    [Fact]
    public void Both_commands_of_a_pipeline_can_sign()
    {
        _engine["certificate"] = Made.Good;
        Assert.Single(Connect("-Certificate $certificate").Good);
        var before = _program.Tenant.Now;
        _program.Tenant.Fault("Get-BlockedSenderAddress", Tenant.Reply(401));
        _program.Tenant.Fault("Remove-BlockedSenderAddress", Tenant.Reply(401));
        var outcome = _engine.Run(
            "Get-RestrictedSender | Where-Object SenderAddress -eq news@contoso.com"
            + " | Unblock-RestrictedSender -Confirm:$false -PassThru -WarningAction Ignore");
        Assert.Equal("news@contoso.com", Assert.Single(outcome.Good).Value("SenderAddress"));
        Assert.Equal(2, _program.Tenant.Requests(before).Count(request => request.IsToken));
    }

    [Theory]
    [InlineData("secret")]
    [InlineData(null)]
    public void A_PFX_file_connects(string? password)
    {
        _engine["file"] = Made.File("app.pfx", Made.Good.Export(X509ContentType.Pkcs12, password));
        _engine["password"] = password is null ? null : ConnectTests.Secure(password);
        var way = password is null ? "" : "-CertificatePassword $password";
        Assert.Single(Connect($"-CertificateFilePath $file {way}").Good);
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_PEM_file_connects(bool pkcs1)
    {
        _engine["file"] = Made.File("app.pem", Made.Pem(Made.Good, pkcs1));
        Assert.Single(Connect("-CertificateFilePath $file").Good);
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
    }

    [Fact]
    public void A_file_is_found_from_the_location_of_the_session()
    {
        var file = Made.File("app.pem", Made.Pem(Made.Good));
        _engine.Run($"[void] $ExecutionContext.SessionState.Path.SetLocation('{Path.GetDirectoryName(file)}')");
        Assert.Single(Connect($"-CertificateFilePath ./{Path.GetFileName(file)}").Good);
    }

    [Fact]
    public void A_thumbprint_is_found_in_the_store_of_the_account()
    {
        using var store = new X509Store(StoreName.My, StoreLocation.CurrentUser, OpenFlags.ReadWrite);
        // As a PFX, so that the key goes into the store with it.
        using var imported = X509CertificateLoader.LoadPkcs12(
            Made.Good.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.PersistKeySet);
        store.Add(imported);
        try
        {
            var thumbprint = Made.Good.Thumbprint.ToLowerInvariant();
            // As the dialog of Windows gives it: an invisible mark, and spaces.
            _engine["thumbprint"] = "\u200e" + string.Join(' ', thumbprint.Chunk(2).Select(pair => new string(pair)));
            Assert.Single(Connect("-CertificateThumbprint $thumbprint").Good);
            Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
        }
        finally
        {
            store.Remove(imported);
        }
    }

    [Theory]
    [InlineData(true, "RS256")]
    [InlineData(false, "PS256")]
    public void The_key_decides_how_is_signed(bool isOld, string algorithm)
    {
        // .NET's class for the keys of old Windows providers; on no system can it do PSS.
        using var old = new RSACryptoServiceProvider(2048);
        using RSA key = isOld ? old : RSA.Create(old.ExportParameters(true));
        var made = Activator.CreateInstance(SigningCertificate, Any, null, [Made.Good, false, key], null)!;
        var chosen = (string)SigningCertificate.GetProperty("Algorithm", Any)!.GetValue(made)!;
        Assert.Equal(algorithm, chosen);
        var signature = (string)SigningCertificate.GetMethod("Sign", Any)!.Invoke(made, [chosen, "a.b"])!;
        var padding = isOld ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss;
        using var publicKey = RSA.Create(old.ExportParameters(false));
        Assert.True(publicKey.VerifyData("a.b"u8, Convert.FromBase64String(signature), HashAlgorithmName.SHA256, padding));
    }

    public static TheoryData<string, string, string> Unfit => new()
    {
        { "-CertificateThumbprint 83213AEAC56D61C97AEE5C1528F4AC5EBA7321C1", "RS2010.CertificateNotFound", @"Cert:\CurrentUser\My" },
        { "-CertificateThumbprint 83213AEAC56D61C97AEE5C1528F4AC5EBA7321C1", "RS2010.CertificateNotFound", @"Cert:\LocalMachine\My" },
        { "-CertificateThumbprint 83213", "RS2010.CertificateNotFound", "40 hexadecimal digits" },
        { "-CertificateFilePath ./nowhere.pfx", "RS2010.CertificateNotFound", "nowhere.pfx" },
        { "-CertificateFilePath $locked", "RS2011.CertificateUnreadable", "has a password" },
        { "-CertificateFilePath $locked -CertificatePassword $wrong", "RS2011.CertificateUnreadable", "another password" },
        { "-CertificateFilePath $text", "RS2011.CertificateUnreadable", "no certificate" },
        { "-CertificateFilePath $keyOnly", "RS2011.CertificateUnreadable", "no certificate in it" },
        { "-CertificateFilePath $encrypted", "RS2011.CertificateUnreadable", "encrypted key" },
        { "-CertificateFilePath $folder", "RS2011.CertificateUnreadable", "cannot be read" },
        { "-CertificateFilePath $publicPem", "RS2012.CertificateUnusable", "no private key" },
        { "-CertificateFilePath $mixed", "RS2012.CertificateUnusable", "another certificate" },
        { "-CertificateFilePath $cut", "RS2012.CertificateUnusable", "cut off" },
        { "-CertificateFilePath $ellipticPem", "RS2012.CertificateUnusable", "no RSA key" },
        { "-Certificate $public", "RS2012.CertificateUnusable", "no private key" },
        { "-Certificate $elliptic", "RS2012.CertificateUnusable", "RSA only" },
        { "-Certificate $expired", "RS2013.CertificateExpired", "expired on" },
        { "-Certificate $other", "RS2014.CertificateRefused", "AADSTS700027" },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void What_does_not_fit_is_told_before_anything_is_sent(string way, string id, string says)
    {
        using var other = Made.Certificate();
        var pem = Made.Pem(Made.Good);
        var key = pem[pem.IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)..];
        _engine["locked"] = Made.File("locked.pfx", Made.Good.Export(X509ContentType.Pkcs12, "right"));
        _engine["wrong"] = ConnectTests.Secure("wrong");
        _engine["text"] = Made.File("text.pfx", "no certificate at all");
        _engine["keyOnly"] = Made.File("key.pem", key);
        using (var rsa = Made.Good.GetRSAPrivateKey()!)
        {
            var encrypted = rsa.ExportEncryptedPkcs8PrivateKeyPem(
                "right", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
            _engine["encrypted"] = Made.File("encrypted.pem", Made.Good.ExportCertificatePem() + "\n" + encrypted);
            var der = rsa.ExportRSAPrivateKey();
            _engine["cut"] = Made.File(
                "cut.pem", Made.Good.ExportCertificatePem() + "\n" + new string(PemEncoding.Write("RSA PRIVATE KEY", der[..^9])));
        }
        _engine["folder"] = Place.Journals;
        _engine["publicPem"] = Made.File("public.pem", Made.Good.ExportCertificatePem());
        _engine["mixed"] = Made.File("mixed.pem", other.ExportCertificatePem() + "\n" + key);
        using var elliptic = Made.Elliptic();
        using (var ec = elliptic.GetECDsaPrivateKey()!)
            _engine["ellipticPem"] = Made.File("ec.pem", Made.Good.ExportCertificatePem() + "\n" + ec.ExportPkcs8PrivateKeyPem());
        _engine["public"] = Made.WithoutKey();
        _engine["elliptic"] = elliptic;
        using var expired = Made.Certificate(fromDays: -30, untilDays: -1);
        _engine["expired"] = expired;
        _engine["other"] = other;
        var before = _program.Tenant.Requests().Count;

        var outcome = Connect(way);
        Assert.Equal(id, outcome.Thrown.Id());
        Assert.Contains(says, outcome.Error.Exception.Message);
        Assert.Equal(_program.Invitation.Organization, outcome.Error.TargetObject);
        Assert.Equal(id.StartsWith("RS2014", StringComparison.Ordinal) ? 1 : 0, _program.Tenant.Requests().Count - before);
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection").Good);
    }

    public void Dispose() => _engine.Dispose();

    private Type SigningCertificate =>
        ((CmdletInfo)_engine.Run("Get-Command Connect-RestrictedSender").One.BaseObject).ImplementingType.Assembly
            .GetType("RestrictedSender.PowerShell.SignIn.SigningCertificate", throwOnError: true)!;

    private Outcome Connect(string way) =>
        _engine.Run($"Connect-RestrictedSender {_program.Way} -AppId {_program.Invitation.AppId} {way}");
}
