using System.Security.Cryptography.X509Certificates;

namespace RestrictedSender.Module.Tests;

/// <summary>Variables of the process, put back afterwards. Tests that set some do not run beside each other.</summary>
internal sealed class Variables : IDisposable
{
    /// <summary>The collection of such tests.</summary>
    public const string Collection = "Variables of the process";

    private readonly Dictionary<string, string?> _before = [];

    public Variables(params (string Name, string? Value)[] variables)
    {
        foreach (var (name, value) in variables)
        {
            // The last one of a name counts, the first tells what was before.
            _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    public void Dispose()
    {
        foreach (var (name, value) in _before)
            Environment.SetEnvironmentVariable(name, value);
    }
}

/// <summary>The ways to sign in that are neither a secret, a certificate nor a token given.</summary>
[Collection(Variables.Collection)]
public sealed class SignInTests(Program program) : IClassFixture<Program>, IDisposable
{
    private readonly Engine _engine = new();

    private Invitation Invitation => program.Invitation;

    private string WithoutOrganization => program.Way.Replace($"-Organization {Invitation.Organization} ", "");

    [Fact]
    public void The_managed_identity_of_an_app_service_connects_without_any_proxy()
    {
        using var proxy = new SystemProxy(SystemProxy.WantsSignIn);
        using var variables = AppService();
        var connection = Connect($"{program.Way} -ManagedIdentity").One;
        Assert.Equal("Managed identity", connection.Value("Account"));
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
        Assert.Null(proxy.Asked);
    }

    [Fact]
    public void Another_managed_identity_is_named_by_its_client_id()
    {
        using var variables = AppService();
        var app = program.Tenant.AppWith("no-directory-role").AppId;
        var outcome = Connect($"{program.Way} -ManagedIdentity -ManagedIdentityAccountId {app}");
        Assert.Equal("RS2008.NoRole", outcome.Thrown.Id());
    }

    [Fact]
    public void A_key_file_of_Azure_Arc_outside_of_its_folder_is_not_read()
    {
        using var variables = new Variables(
            ("IDENTITY_ENDPOINT", $"{Invitation.PlainUri}/metadata/identity/oauth2/token"), ("IDENTITY_HEADER", null));
        var file = Made.File("planted.key", "a2V5");
        program.Tenant.ArcKey(file, "a2V5");
        var outcome = Connect($"{program.Way} -ManagedIdentity");
        Assert.Equal("RS2017.ManagedIdentityUnavailable", outcome.Thrown.Id());
        Assert.Contains("it was not read", outcome.Error.Exception.Message);
    }

    [Fact]
    public void A_code_for_another_device_is_shown_without_asking_for_details()
    {
        program.Tenant.NextDeviceCode("approve");
        var outcome = Connect($"{WithoutOrganization} -Device");
        Assert.Contains("enter the code", Assert.Single(outcome.Warnings));
        var connection = outcome.One;
        Assert.Equal("admin@contoso.onmicrosoft.com", connection.Value("Account"));
        Assert.Equal("contoso.onmicrosoft.com", connection.Value("Organization"));
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
    }

    [Fact]
    public void Waiting_for_somebody_to_sign_in_can_be_stopped()
    {
        using var shell = _engine.Prepare($"Connect-RestrictedSender {WithoutOrganization} -Device");
        var before = program.Tenant.Now;
        var running = shell.BeginInvoke();
        var limit = DateTime.UtcNow + Engine.Limit;
        while (!program.Tenant.Requests(before).Any(request => request.IsToken))
            Assert.True(DateTime.UtcNow < limit, "Nobody asks.");
        shell.Stop();
        Assert.True(running.AsyncWaitHandle.WaitOne(Engine.Limit));
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection").Good);
    }

    [Fact]
    public void A_person_signs_in_in_the_browser()
    {
        using var browser = new FileBrowser();
        using var shell = _engine.Prepare($"Connect-RestrictedSender {WithoutOrganization} -UserPrincipalName anne.weiler@contoso.com");
        var running = shell.BeginInvoke();
        Assert.Contains("You can close this window", FileBrowser.Visit(browser.Opened));
        var connection = Assert.Single(shell.EndInvoke(running));
        Assert.Empty(shell.Streams.Error);
        Assert.Empty(shell.Streams.Warning);
        Assert.Equal("anne.weiler@contoso.com", connection.Value("Account"));
        Assert.Equal("contoso.com", connection.Value("Organization"));
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
    }

    [Fact]
    public void Where_no_browser_opens_the_address_is_shown()
    {
        using var none = new Variables(("BROWSER", Path.Combine(Path.GetTempPath(), "no such browser")));
        using var shell = _engine.Prepare($"Connect-RestrictedSender {program.Way} -UserPrincipalName anne.weiler@contoso.com");
        var running = shell.BeginInvoke();
        var warning = Shown(shell);
        Assert.Contains("-Device", warning);
        FileBrowser.Visit(Address(warning));
        Assert.Equal("anne.weiler@contoso.com", Assert.Single(shell.EndInvoke(running)).Value("Account"));
    }

    [Fact]
    public void Without_a_desktop_no_browser_is_looked_for()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var none = new Variables(("BROWSER", null), ("DISPLAY", null), ("WAYLAND_DISPLAY", null));
        using var shell = _engine.Prepare($"Connect-RestrictedSender {program.Way} -UserPrincipalName anne.weiler@contoso.com");
        shell.BeginInvoke();
        Assert.Contains("no desktop", Shown(shell));
        shell.Stop();
    }

    [Fact]
    public void Waiting_for_the_browser_can_be_stopped()
    {
        using var none = new Variables(("BROWSER", Path.Combine(Path.GetTempPath(), "no such browser")));
        using var shell = _engine.Prepare($"Connect-RestrictedSender {program.Way} -UserPrincipalName anne.weiler@contoso.com");
        var running = shell.BeginInvoke();
        var page = Address(Shown(shell));
        shell.Stop();
        Assert.True(running.AsyncWaitHandle.WaitOne(Engine.Limit));
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection").Good);
        Assert.Throws<HttpRequestException>(() => FileBrowser.Visit(page));
    }

    [Fact]
    public void A_partner_connects_to_a_customer()
    {
        program.Tenant.NextDeviceCode("approve");
        var connection = Connect($"{WithoutOrganization} -Device -DelegatedOrganization contoso.com").One;
        Assert.Equal("contoso.com", connection.Value("Organization"));
    }

    [Theory]
    [InlineData("-EnvironmentVariable")]
    [InlineData("-Environment")]
    public void Variables_connect_by_a_secret(string name)
    {
        using var variables = Azure(("AZURE_CLIENT_SECRET", Invitation.ClientSecret));
        var connection = Connect($"{WithoutOrganization} {name}").One;
        Assert.Equal(Invitation.TenantId, connection.Value("Organization"));
        Assert.Equal($"App {Invitation.AppId}", connection.Value("Account"));
    }

    [Fact]
    public void Variables_connect_by_a_certificate()
    {
        program.Tenant.Register(Invitation.AppId, Made.Good);
        var file = Made.File("app.pfx", Made.Good.Export(X509ContentType.Pkcs12, "password"));
        using (Azure(("AZURE_CLIENT_CERTIFICATE_PATH", file), ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "password")))
            Assert.Single(Connect($"{WithoutOrganization} -Environment").Good);
        using (Azure(("AZURE_CLIENT_CERTIFICATE_PATH", file)))
            Assert.Equal("RS2011.CertificateUnreadable", Connect($"{WithoutOrganization} -Environment").Thrown.Id());
    }

    [Fact]
    public void Variables_connect_by_another_identity_provider()
    {
        program.Tenant.Trust(Invitation.AppId, "of.another.provider");
        using var variables = Azure(("AZURE_FEDERATED_TOKEN_FILE", Made.File("token", "of.another.provider\n")));
        Assert.Single(Connect($"{WithoutOrganization} -Environment").Good);
    }

    [Fact]
    public void Variables_are_not_looked_at_unless_asked_for()
    {
        using var variables = Azure(("AZURE_CLIENT_SECRET", Invitation.ClientSecret));
        var token = program.Tenant.Token(Invitation.Organization, program.Tenant.AppWith("full"));
        Assert.Equal("Access token", Connect($"{program.Way} -AccessToken {token}").One.Value("Account"));
        using var file = new Variables(
            ("AZURE_CLIENT_SECRET", null), ("AZURE_CLIENT_CERTIFICATE_PATH", "nowhere.pfx"));
        Assert.Equal("Access token", Connect($"{program.Way} -AccessToken {token}").One.Value("Account"));
        Assert.Equal("RS1001.NotConnected", _engine.Run("Disconnect-RestrictedSender; Get-RestrictedSender").Thrown.Id());
    }

    [Theory]
    [InlineData("-ManagedIdentity -Device")]
    [InlineData("-Device -AppId x")]
    [InlineData("-Device -UserPrincipalName x@contoso.com")]
    [InlineData("-UserPrincipalName x@contoso.com -ClientSecret $null")]
    [InlineData("-EnvironmentVariable -AccessToken x")]
    [InlineData("-CertificateThumbprint x -CertificateFilePath x")]
    [InlineData("-CertificatePassword $null")]
    [InlineData("-DelegatedOrganization x -AccessToken x")]
    public void The_ways_to_sign_in_do_not_mix(string way)
    {
        var error = Connect($"-Organization contoso.com {way}").Error;
        Assert.Matches("AmbiguousParameterSet|ParameterArgumentValidation", error.FullyQualifiedErrorId);
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>What somebody reads while the cmdlet waits.</summary>
    private static string Shown(System.Management.Automation.PowerShell shell)
    {
        var limit = DateTime.UtcNow + Engine.Limit;
        while (shell.Streams.Warning.Count == 0)
            Assert.True(DateTime.UtcNow < limit, "Nothing is shown.");
        return Assert.Single(shell.Streams.Warning).Message;
    }

    private static string Address(string warning) =>
        warning.Split(' ').Single(word => word.StartsWith("http", StringComparison.Ordinal));

    private Variables AppService() => new(
        ("IDENTITY_ENDPOINT", $"{Invitation.PlainUri}/msi/token"),
        ("IDENTITY_HEADER", program.Tenant.IdentityHeader));

    /// <summary>The variables of Microsoft's libraries, as they are given and no others.</summary>
    private Variables Azure(params (string Name, string? Value)[] more) => new([
        ("AZURE_TENANT_ID", Invitation.TenantId),
        ("AZURE_CLIENT_ID", Invitation.AppId),
        ("AZURE_CLIENT_SECRET", null),
        ("AZURE_CLIENT_CERTIFICATE_PATH", null),
        ("AZURE_CLIENT_CERTIFICATE_PASSWORD", null),
        ("AZURE_FEDERATED_TOKEN_FILE", null),
        .. more]);

    private Outcome Connect(string parameters) => _engine.Run($"Connect-RestrictedSender {parameters}");
}
