using System.Management.Automation;

namespace RestrictedSender.Module.Tests;

public sealed class TestTests : Connected
{
    [Theory]
    [InlineData("megan.bowen@contoso.onmicrosoft.com")]
    [InlineData("MEGAN.BOWEN@contoso.com")]
    [InlineData("ceo@contoso.com")]
    public void Whoever_is_listed_is_restricted_under_the_listed_key(string typed)
    {
        var row = Run($"Test-RestrictedSender {typed}").One;
        Assert.Equal("Restricted", row.Text("State"));
        Assert.Equal("megan.bowen@contoso.onmicrosoft.com", row.Value("Key"));
        Assert.Equal(typed, row.Value("SenderAddress"));
        Assert.Equal("Mailbox", row.Text("EntityType"));
        Assert.Null(row.Value("Error"));
    }

    [Fact]
    public void Whoever_is_known_and_not_listed_is_not_restricted_and_the_asked_keys_are_shown()
    {
        var row = Run("Test-RestrictedSender diego@contoso.com").One;
        Assert.Equal("NotRestricted", row.Text("State"));
        Assert.Null(row.Value("Key"));
        Assert.Equal(
            ["diego@contoso.com", "diego.siciliani@contoso.com"],
            Assert.IsType<string[]>(row.Value("Checked")));
        Assert.Null(row.Value("Error"));
    }

    [Fact]
    public void Whoever_nobody_knows_is_Unknown_since_it_may_be_a_typing_error()
    {
        var row = Run("Test-RestrictedSender nobody@contoso.com").One;
        Assert.Equal("Unknown", row.Text("State"));
        Assert.Equal("RS4002.UnknownAddress", Assert.IsType<ErrorRecord>(row.Value("Error")).Id());
    }

    [Fact]
    public void Connectors_are_asked_about_by_id()
    {
        var rows = Run($$"""
            $listed = (Get-RestrictedSender -EntityType Connector)[0].ConnectorId
            Test-RestrictedSender -ConnectorId $listed, {{Guid.NewGuid()}}
            """).Good;
        Assert.Equal(["Restricted", "NotRestricted"], rows.Texts("State"));
        Assert.Equal(rows[0].Value("ConnectorId"), rows[0].Value("Key"));
        Assert.All(rows, row => Assert.Equal("Connector", row.Text("EntityType")));
    }

    [Fact]
    public void Every_input_has_exactly_one_answer_with_its_organization()
    {
        var rows = Run("""
            'ceo@contoso.com', 'broken', $null, 'lee@contoso.com', '*@contoso.com' | Test-RestrictedSender
            """).Good;
        Assert.Equal(["Restricted", "Unknown", "Unknown", "NotRestricted", "Unknown"], rows.Texts("State"));
        Assert.Equal(
            ["no error", "RS1006.InvalidAddress", "RS1008.NothingNamed", "no error", "RS1012.PatternNotAllowed"],
            rows.Select(row => ((ErrorRecord?)row.Value("Error")).Id()));
        Assert.All(rows, row => Assert.Equal(Connection.Value("Organization"), row.Value("Organization")));
        Assert.All(rows, row => Assert.Equal(Connection.Value("TenantId"), row.Value("TenantId")));
        Assert.All(rows, row => Assert.Equal(true, row.Value("IsPractice")));
    }

    [Fact]
    public void Entries_of_the_list_can_be_asked_about()
    {
        var rows = Run("Get-RestrictedSender | Test-RestrictedSender").Good;
        Assert.Equal(11, rows.Count);
        Assert.All(rows, row => Assert.Equal("Restricted", row.Text("State")));
    }

    public static TheoryData<string, string, string> ReadsThatFail => new()
    {
        { "Get-BlockedSenderAddress", "drop", "RS3005.ConnectionLost" },
        { "Get-BlockedSenderAddress", "503", "RS3010.ServiceUnavailable" },
        { "Get-BlockedSenderAddress", "403", "RS2008.NoRole" },
        { "Get-BlockedSenderAddress", "not-json", "RS3007.ResponseUnreadable" },
        { "Get-BlockedSenderAddress", "truncate", "RS3005.ConnectionLost" },
        // Not listed under the typed key; whether under another is then not known.
        { "Get-Recipient", "drop", "RS3005.ConnectionLost" },
        { "Get-Recipient", "503", "RS3010.ServiceUnavailable" },
        { "Get-Recipient", "403", "RS2008.NoRole" },
        { "Get-Recipient", "not-json", "RS3007.ResponseUnreadable" },
        { "Get-Recipient", "truncate", "RS3005.ConnectionLost" },
    };

    [Theory]
    [MemberData(nameof(ReadsThatFail))]
    public void A_read_that_fails_is_Unknown_whatever_ErrorAction_is(string cmdlet, string fault, string id)
    {
        foreach (var action in Enum.GetNames<ActionPreference>().Except(["Suspend", "Break"]))
        {
            object kind = int.TryParse(fault, out var status) ? Tenant.Reply(status, "\0\0\0\0") : fault;
            Tenant.BreakDown(cmdlet, kind);
            var outcome = Run($"Test-RestrictedSender lee@contoso.com -ErrorAction {action}");
            Assert.Null(outcome.Thrown);
            Assert.Empty(outcome.Errors);
            var row = Assert.Single(outcome.Output);
            Assert.Equal((action, "Unknown"), (action, row.Text("State")));
            Assert.Equal(id, Assert.IsType<ErrorRecord>(row.Value("Error")).Id());
            // The fault is over: the same question has an answer again.
            Tenant.Heal();
            Assert.Equal("NotRestricted", Run("Test-RestrictedSender lee@contoso.com").One.Text("State"));
        }
    }

    [Fact]
    public void Whoever_is_listed_as_typed_is_restricted_even_if_the_directory_cannot_be_read()
    {
        Tenant.BreakDown("Get-Recipient", "drop");
        Assert.Equal("Restricted", Run("Test-RestrictedSender adele.vance@contoso.com").One.Text("State"));
    }

    [Fact]
    public void A_failed_read_is_tried_again_for_the_next_input()
    {
        Tenant.Fault("Get-BlockedSenderAddress", "drop", times: 6);
        var rows = Run("'lee@contoso.com', 'lee@contoso.com' | Test-RestrictedSender").Good;
        Assert.Equal(["Unknown", "NotRestricted"], rows.Texts("State"));
    }
}
