namespace RestrictedSender.Module.Tests;

/// <summary>What Test-RestrictedSenderConnection finds, and that it changes nothing.</summary>
public sealed class ConnectionCheckTests : IDisposable
{
    private readonly Program _program = new();
    private readonly Engine _engine = new();

    [Fact]
    public void A_connection_that_may_do_everything_passes_every_step()
    {
        var (_, tenant) = _engine.Connect();
        var rows = Run("Test-RestrictedSenderConnection").Good;
        Assert.Equal(["NameResolution", "Encryption", "Token", "ReadList", "Unblock", "AlertPolicies"], rows.Texts("Check"));
        Assert.All(rows, row => Assert.Equal("Passed", row.Text("Result")));
        Assert.Empty(tenant.Removals);
        Assert.Contains("7 of the 7 alert policies", rows[5].Text("Detail"));
        Assert.Equal(6, Run("Get-RestrictedSenderConnection | Test-RestrictedSenderConnection").Good.Count);
    }

    [Fact]
    public void Its_requests_are_traced_and_tried_again_as_any_others()
    {
        // In a practice tenant's time, which does not make us wait.
        var (_, tenant) = _engine.Connect();
        tenant.Fault("EXOModuleFile", Tenant.Reply(503, ""));
        var outcome = Run("Test-RestrictedSenderConnection -Verbose");
        Assert.Equal("Passed", outcome.Good[4].Text("Result"));
        Assert.Contains(outcome.Verbose, line => line.Contains("EXOModuleFile") && line.Contains("HTTP 503"));
        Assert.Contains(outcome.Verbose, line => line.Contains("EXOModuleFile") && line.Contains("HTTP 200") && line.Contains("try 2"));
    }

    [Fact]
    public void A_reader_may_read_and_is_told_what_it_takes_to_unblock()
    {
        SignIn("read-only");
        var rows = Run("Test-RestrictedSenderConnection").Good;
        Assert.Equal(["Passed", "NotApplicable", "Passed", "Passed", "Failed", "Warning"], rows.Texts("Result"));
        Assert.EndsWith("Roles: Exchange.ManageAsApp, Global Reader.", rows[2].Text("Detail"));
        Assert.Contains("does not offer Remove-BlockedSenderAddress and Remove-BlockedConnector", rows[4].Text("Detail"));
        Assert.Contains("Security Administrator", rows[4].Text("Detail"));
        Assert.NotEmpty(rows[4].Text("RecommendedAction"));
        Assert.Empty(_program.Tenant.Removals);
    }

    [Fact]
    public void What_the_service_does_not_tell_is_unknown()
    {
        SignIn("full");
        _program.Tenant.Fault("EXOModuleFile", Tenant.Reply(403, ""));
        var row = Run("Test-RestrictedSenderConnection").Good[4];
        Assert.Equal(("Unblock", "Unknown"), (row.Text("Check"), row.Text("Result")));
        Assert.Contains("Organization Management", row.Text("Detail"));
    }

    [Fact]
    public void A_step_that_fails_does_not_hide_the_others()
    {
        SignIn("full");
        _program.Tenant.Fault("Get-BlockedConnector", Tenant.Reply(403, "\0\0\0"));
        var rows = Run("Test-RestrictedSenderConnection").Good;
        Assert.Equal(["Failed", "Passed", "Warning"], rows.Skip(3).Texts("Result"));
        Assert.Contains("Get-BlockedConnector", rows[3].Text("Detail"));
    }

    [Fact]
    public void Security_and_Compliance_that_cannot_be_read_is_a_warning()
    {
        var app = $"{_program.Way} -AppId {_program.Invitation.AppId} -ClientSecret $secret";
        _engine["secret"] = ConnectTests.Secure(_program.Invitation.ClientSecret);
        Assert.Single(Run($"Connect-RestrictedSender {app}").Good);
        var unknown = Run("Test-RestrictedSenderConnection").Good[5];
        Assert.Equal(("AlertPolicies", "Warning"), (unknown.Text("Check"), unknown.Text("Result")));
        Assert.Contains("-ComplianceUri", unknown.Text("Detail"));

        Assert.Single(Run($"Connect-RestrictedSender {app} -ComplianceUri {_program.Invitation.PlainUri}/compliance").Good);
        Assert.Equal("Passed", Run("Test-RestrictedSenderConnection").Good[5].Text("Result"));
        _program.Tenant.Fault("Get-ProtectionAlert", Tenant.Reply(403, "\0\0\0"));
        var refused = Run("Test-RestrictedSenderConnection").Good[5];
        Assert.Equal("Warning", refused.Text("Result"));
        Assert.Contains("may not run Get-ProtectionAlert", refused.Text("Detail"));
        Assert.NotEmpty(refused.Text("RecommendedAction"));
    }

    [Fact]
    public void Without_a_connection_it_says_how_to_connect() =>
        Assert.Equal("RS1001.NotConnected", Run("Test-RestrictedSenderConnection").Error.Id());

    [Theory]
    [InlineData(true, "Passed")]
    [InlineData(false, "Failed")]
    public void An_Exchange_session_has_its_own_way_and_is_looked_at_for_its_cmdlets(bool mayUnblock, string expected)
    {
        var exchange = new ExchangeFunctions(_program);
        _engine["exchange"] = exchange;
        string[] without = mayUnblock ? [] : ["Remove-BlockedConnector"];
        Run(exchange.Import("exchange", "tmpEXO_a", without: without));
        var rows = Run("Test-RestrictedSenderConnection").Good;
        Assert.Equal(["NotApplicable", "NotApplicable", "NotApplicable", "Passed", expected, "Warning"], rows.Texts("Result"));
        Assert.Contains("Connect-IPPSSession", rows[5].Text("Detail"));
        Assert.DoesNotContain(exchange.Bound, call => call.StartsWith("Remove-", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _engine.Dispose();
        _program.Dispose();
    }

    private Outcome Run(string script) => _engine.Run(script);

    private void SignIn(string grant)
    {
        _engine["token"] = _program.Tenant.Token(_program.Invitation.Organization, _program.Tenant.AppWith(grant));
        Assert.Single(Run($"Connect-RestrictedSender {_program.Way} -AccessToken $token").Good);
    }
}
