using System.Management.Automation;
using System.Security;
using System.Text.RegularExpressions;

namespace RestrictedSender.Module.Tests;

public sealed class ConnectTests(Program program) : IClassFixture<Program>, IDisposable
{
    private readonly Engine _engine = new();

    public static SecureString Secure(string text)
    {
        var secure = new SecureString();
        foreach (var letter in text)
            secure.AppendChar(letter);
        return secure;
    }

    [Fact]
    public void A_sandbox_warns_that_it_is_a_practice_tenant_and_marks_its_connection()
    {
        var outcome = _engine.Run("Connect-RestrictedSender -Sandbox -TimeScale 0");
        var warning = Assert.Single(outcome.Warnings);
        Assert.Contains("contoso.onmicrosoft.com", warning);
        Assert.Contains("practice tenant", warning);
        var connection = Assert.Single(outcome.Good);
        Assert.Equal(true, connection.Value("IsPractice"));
        Assert.Equal(true, connection.Value("IsDefault"));
        Assert.Equal("contoso.onmicrosoft.com", connection.Value("Organization"));
        Assert.StartsWith("http://127.0.0.1:", connection.Text("PracticeUri"));
        Assert.StartsWith("https://", connection.Text("ConnectionUri"));
        Assert.Equal(DateTimeKind.Utc, Assert.IsType<DateTime>(connection.Value("TokenExpires")).Kind);
        Assert.Equal(["Exchange.ManageAsApp", "Exchange Administrator"], (string[])connection.Value("Roles")!);
    }

    [Fact]
    public void An_app_and_its_secret_connect()
    {
        var outcome = Connect($"{program.Way} -AppId {program.Invitation.AppId} -ClientSecret $secret");
        var connection = Assert.Single(outcome.Good);
        Assert.Empty(outcome.Warnings);
        Assert.Equal(program.Invitation.TenantId, connection.Value("TenantId"));
        Assert.Equal(program.Invitation.PlainUri, connection.Value("ConnectionUri"));
        Assert.Contains(program.Invitation.AppId, connection.Text("Account"));
        Assert.Equal(false, connection.Value("IsPractice"));
        Assert.Null(connection.Value("PracticeUri"));
        var rows = _engine.Run("Get-RestrictedSender").Good;
        Assert.Equal(11, rows.Count);
        Assert.All(rows, row => Assert.Equal(false, row.Value("IsPractice")));
    }

    [Fact]
    public void An_organization_can_be_named_by_its_id()
    {
        var way = program.Way.Replace(program.Invitation.Organization, program.Invitation.TenantId);
        var connection = Connect($"{way} -AppId {program.Invitation.AppId} -ClientSecret $secret").One;
        Assert.Equal(program.Invitation.TenantId, connection.Value("Organization"));
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("secure")]
    [InlineData("wrapped")]
    public void An_access_token_connects_as_text_and_as_SecureString(string form)
    {
        var token = program.Tenant.Token(program.Invitation.Organization, program.Tenant.AppWith("full"));
        _engine["token"] = form switch
        {
            "text" => token,
            "secure" => Secure(token),
            _ => PSObject.AsPSObject(Secure(token)),
        };
        var connection = Connect($"{program.Way} -AccessToken $token").One;
        Assert.Equal(program.Invitation.TenantId, connection.Value("TenantId"));
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
    }

    [Fact]
    public void A_token_of_another_type_is_refused()
    {
        var outcome = Connect($"{program.Way} -AccessToken 42");
        Assert.Contains("String or a SecureString", outcome.Error.Exception.Message);
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection").Good);
    }

    [Fact]
    public void A_token_that_expires_later_is_said_to_have_expired()
    {
        // A tenant of its own, whose time can be moved.
        using var other = new Program();
        _engine["token"] = other.Tenant.Token(other.Invitation.Organization, other.Tenant.AppWith("full"));
        Assert.Single(Connect($"{other.Way} -AccessToken $token").Good);
        other.Tenant.Advance(TimeSpan.FromHours(2));
        Assert.Equal("RS2006.TokenExpired", _engine.Run("Get-RestrictedSender -EntityType Mailbox").Error.Id());
    }

    [Fact]
    public void A_failed_connect_leaves_no_connection()
    {
        _engine["wrong"] = Secure("wrong");
        var outcome = Connect($"{program.Way} -AppId {program.Invitation.AppId} -ClientSecret $wrong");
        Assert.Empty(outcome.Output);
        Assert.Equal("RS2001.WrongSecret", outcome.Thrown.Id());
        Assert.Contains(program.Invitation.Organization, outcome.Error.Exception.Message);
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection").Good);
    }

    [Fact]
    public void The_ways_to_connect_do_not_mix() =>
        Assert.Contains(
            "AmbiguousParameterSet",
            Connect("-Sandbox -Organization contoso.com -AccessToken x").Error.FullyQualifiedErrorId);

    [Theory]
    [InlineData("Get-RestrictedSender")]
    [InlineData("Get-RestrictedSender x@contoso.com")]
    [InlineData("Test-RestrictedSender x@contoso.com")]
    [InlineData("'x@contoso.com', 'y@contoso.com' | Test-RestrictedSender")]
    [InlineData("Unblock-RestrictedSender x@contoso.com")]
    [InlineData("'x@contoso.com', 'y@contoso.com' | Unblock-RestrictedSender -WhatIf")]
    [InlineData("@() | Unblock-RestrictedSender")]
    public void Without_a_connection_one_error_names_the_ways_to_connect(string script)
    {
        var outcome = _engine.Run(script);
        Assert.Equal("RS1001.NotConnected", outcome.Thrown.Id());
        Assert.Empty(outcome.Errors);
        var action = outcome.Error.ErrorDetails.RecommendedAction;
        Assert.All(["-ClientSecret", "-AccessToken", "-Sandbox"], way => Assert.Contains(way, action));
    }

    [Fact]
    public void Without_a_connection_there_is_none_to_show() =>
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection; Disconnect-RestrictedSender").Good);

    [Fact]
    public void The_same_seed_is_the_same_tenant()
    {
        var ids = new[] { 1, 1, 2 }
            .Select(seed => _engine.Connect($"-Seed {seed}").Connection.Text("TenantId"))
            .ToList();
        Assert.Equal(ids[0], ids[1]);
        Assert.NotEqual(ids[1], ids[2]);
    }

    [Fact]
    public void A_connection_counts_its_requests_and_those_that_were_repeated()
    {
        var (connection, tenant) = _engine.Connect();
        Assert.Equal((2L, 0L), (connection.Value("Requests"), connection.Value("Retries")));
        tenant.Fault("Get-BlockedConnector", "drop", times: 2);
        var verbose = _engine.Run("Get-RestrictedSender -EntityType Connector -Verbose").Verbose;
        Assert.Contains(verbose, text => Regex.IsMatch(text, @"^Get-BlockedConnector in \S+: POST HTTP 200 .*, try 3$"));
        connection = _engine.Run("Get-RestrictedSenderConnection").One;
        Assert.Equal((5L, 2L), (connection.Value("Requests"), connection.Value("Retries")));
        Assert.Equal(5, tenant.Requests().Count);
    }

    [Fact]
    public void The_newest_connection_is_the_default_until_it_is_closed()
    {
        _engine["one"] = _engine.Connect("-Seed 1").Connection;
        _engine["two"] = _engine.Connect("-Seed 2").Connection;
        Assert.Equal(("False", "True"), Defaults());
        Assert.Equal(Id("two"), TenantOfRows("Get-RestrictedSender"));
        Assert.Equal(Id("one"), TenantOfRows("Get-RestrictedSender -Connection $one"));
        Assert.Equal(2, _engine.Run("Get-RestrictedSenderConnection").Good.Count);
        _engine.Run("Disconnect-RestrictedSender $two -Verbose");
        Assert.Equal(("True", "False"), Defaults());
        Assert.Equal(Id("one"), TenantOfRows("Get-RestrictedSender"));
        Assert.True((bool)_engine.Run("$two.IsClosed").Good[0].BaseObject);
        Assert.Equal("RS1002.Disconnected", _engine.Run("Get-RestrictedSender -Connection $two").Error.Id());

        (string, string) Defaults() => (Property("one", "IsDefault"), Property("two", "IsDefault"));
        string Id(string name) => Property(name, "TenantId");
        string Property(string name, string property) => ((PSObject)_engine[name]!).Text(property);
        string TenantOfRows(string script) => Assert.Single(_engine.Run(script).Good.Texts("TenantId").Distinct());
    }

    [Fact]
    public void Disconnect_takes_connections_from_the_pipeline_and_closes_all_without_any()
    {
        for (var count = 0; count < 3; count++)
            _engine.Connect("-Scenario Empty");
        _engine.Run("(Get-RestrictedSenderConnection)[0] | Disconnect-RestrictedSender");
        Assert.Equal(2, _engine.Run("Get-RestrictedSenderConnection").Good.Count);
        Assert.Empty(_engine.Run("Disconnect-RestrictedSender").Good);
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection").Good);
        Assert.Equal("RS1001.NotConnected", _engine.Run("Get-RestrictedSender").Error.Id());
    }

    [Fact]
    public void A_practice_tenant_ends_with_its_connection()
    {
        var (_, tenant) = _engine.Connect();
        _engine.Run("Disconnect-RestrictedSender");
        var limit = DateTime.UtcNow + Engine.Limit;
        while (Answers())
            Assert.True(DateTime.UtcNow < limit, "The practice tenant still answers.");

        bool Answers()
        {
            try
            {
                return tenant.Requests() is not null;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void Removing_the_module_closes_its_connections()
    {
        var (connection, _) = _engine.Connect();
        _engine.Run("Remove-Module RestrictedSender");
        Assert.Equal(true, connection.Value("IsClosed"));
        _engine["manifest"] = Place.Manifest;
        _engine.Run("Import-Module $manifest");
        Assert.Empty(_engine.Run("Get-RestrictedSenderConnection").Good);
    }

    [Fact]
    public void A_connection_shows_when_its_token_expires_and_renews_it_before()
    {
        var (connection, tenant) = _engine.Connect();
        var expires = Assert.IsType<DateTime>(connection.Value("TokenExpires"));
        Assert.Equal(TimeSpan.FromSeconds(3599), expires - (DateTime)connection.Value("ConnectedAt")!);
        tenant.Advance(TimeSpan.FromMinutes(56));
        var before = tenant.Now;
        Assert.Single(_engine.Run("Test-RestrictedSender ceo@contoso.com").Good);
        Assert.Single(tenant.Requests(before), request => request.IsToken);
        Assert.DoesNotContain(tenant.Requests(before), request => request.Status == 401);
        var later = _engine.Run("Get-RestrictedSenderConnection").One.Value("TokenExpires");
        Assert.Equal(expires.AddMinutes(56), later);
    }

    public void Dispose() => _engine.Dispose();

    private Outcome Connect(string parameters)
    {
        _engine["secret"] = Secure(program.Invitation.ClientSecret);
        return _engine.Run($"Connect-RestrictedSender {parameters}");
    }
}
