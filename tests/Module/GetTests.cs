using System.Management.Automation;

namespace RestrictedSender.Module.Tests;

public sealed class GetTests : Connected
{
    [Fact]
    public void Everything_is_listed_mailboxes_and_connectors()
    {
        var rows = Run("Get-RestrictedSender").Good;
        Assert.Equal(8, rows.Count(row => row.Text("EntityType") == "Mailbox"));
        Assert.Equal(3, rows.Count(row => row.Text("EntityType") == "Connector"));
        Assert.All(rows, row => Assert.Equal("RestrictedSender.PowerShell.RestrictedSender", row.TypeNames[0]));
    }

    [Theory]
    [InlineData("Mailbox", 8, "Get-BlockedConnector")]
    [InlineData("connector", 3, "Get-BlockedSenderAddress")]
    public void An_entity_type_lists_and_asks_for_nothing_else(string type, int count, string notAsked)
    {
        var before = Tenant.Now;
        var rows = Run($"Get-RestrictedSender -EntityType {type}").Good;
        Assert.Equal(count, rows.Count);
        Assert.All(rows, row => Assert.Equal(type, row.Text("EntityType"), ignoreCase: true));
        Assert.Empty(Tenant.Requests(notAsked, before));
    }

    [Fact]
    public void Addresses_come_out_for_ForEach_Object()
    {
        var rows = Run("Get-RestrictedSender | ForEach-Object SenderAddress").Good;
        var addresses = rows.Select(row => row?.ToString());
        Assert.Contains("megan.bowen@contoso.onmicrosoft.com", addresses);
        Assert.Contains("scanner@print.contoso.com", addresses);
    }

    [Fact]
    public void A_mailbox_has_what_the_service_says_and_what_it_means()
    {
        var row = Run("Get-RestrictedSender adele.vance@contoso.com").One;
        Assert.Equal("adele.vance@contoso.com", row.Value("SenderAddress"));
        Assert.Equal("Mailbox", row.Text("EntityType"));
        Assert.Equal("Spam", row.Text("BlockType"));
        Assert.StartsWith("OutboundSpamLast24Hours=", row.Text("Reason"));
        Assert.Matches(
            @"^\d+ of \d+ messages in 24 hours judged spam \(\d+%\), sent from 203\.0\.113\.45$",
            row.Text("Summary"));
        var created = Assert.IsType<DateTime>(row.Value("CreatedDatetime"));
        Assert.Equal(DateTimeKind.Utc, created.Kind);
        Assert.Equal(TimeSpan.FromMinutes(25), Assert.IsType<DateTime>(Connection.Value("ConnectedAt")) - created);
        Assert.Equal(created, row.Value("RestrictedSince"));
        Assert.IsType<DateTime>(row.Value("ChangedDatetime"));
        Assert.Equal(false, row.Value("TemporaryBlock"));
        Assert.Equal(Connection.Value("Organization"), row.Value("Organization"));
        Assert.Equal(Connection.Value("TenantId"), row.Value("TenantId"));
        Assert.Equal(true, row.Value("IsPractice"));
        Assert.Equal("https://security.microsoft.com/restrictedentities", row.Value("PortalUrl"));
        Assert.All(
            ["ConnectorId", "ConnectorName", "CreatedTime", "ExpirationTime"],
            name => Assert.Null(row.Value(name)));
    }

    [Fact]
    public void A_connector_has_what_the_service_says_and_what_it_means()
    {
        var row = Assert.Single(
            Run("Get-RestrictedSender -EntityType Connector | Where-Object ConnectorName -like 'On-premises*'").Good);
        Assert.IsType<Guid>(row.Value("ConnectorId"));
        Assert.Equal("Connector", row.Text("BlockType"));
        var created = Assert.IsType<DateTime>(row.Value("CreatedTime"));
        Assert.Equal(created, row.Value("RestrictedSince"));
        Assert.Equal(created.AddDays(7), row.Value("ExpirationTime"));
        Assert.Equal(Connection.Value("TenantId"), row.Value("TenantId"));
        Assert.All(
            ["SenderAddress", "CreatedDatetime", "ChangedDatetime", "TemporaryBlock"],
            name => Assert.Null(row.Value(name)));
    }

    [Theory]
    [InlineData("adele.vance@contoso.com", "Spam")]
    [InlineData("news@contoso.com", "PolicyLimit")]
    [InlineData("johanna.lorenz@contoso.com", "RecipientRate")]
    [InlineData("o''brien@contoso.com", "Unknown")]
    public void Every_class_of_reason_has_its_block_type_and_summary(string address, string blockType)
    {
        var row = Run($"Get-RestrictedSender '{address}'").Good[0];
        Assert.Equal(blockType, row.Text("BlockType"));
        Assert.NotEmpty(row.Text("Summary"));
    }

    [Fact]
    public void An_unknown_reason_is_shown_as_it_is()
    {
        Tenant.Restrict("joni.sherman@contoso.com", "Moon=full;by hand");
        var row = Run("Get-RestrictedSender joni.sherman@contoso.com").One;
        Assert.Equal("Moon=full;by hand", row.Text("Reason"));
        Assert.Equal("Unknown", row.Text("BlockType"));
        Assert.Contains("Moon=full;by hand", row.Text("Summary"));
    }

    [Theory]
    [InlineData("megan.bowen@contoso.onmicrosoft.com")]
    [InlineData("Megan.Bowen@CONTOSO.com")]
    [InlineData("ceo@contoso.com")]
    public void A_principal_name_a_primary_address_and_an_alias_find_the_listed_key(string typed)
    {
        var row = Run($"Get-RestrictedSender {typed}").One;
        Assert.Equal("megan.bowen@contoso.onmicrosoft.com", row.Value("SenderAddress"));
    }

    [Fact]
    public void Case_does_not_matter()
    {
        var row = Run("Get-RestrictedSender JOHANNA.LORENZ@CONTOSO.COM").One;
        Assert.Equal("Johanna.Lorenz@Contoso.com", row.Value("SenderAddress"));
    }

    [Fact]
    public void A_person_listed_twice_comes_twice_the_named_key_first() =>
        Assert.Equal(
            ["news@contoso.com", "alex.wilber@contoso.com"],
            Run("Get-RestrictedSender news@contoso.com").Good.Texts("SenderAddress"));

    [Theory]
    [InlineData("*@contoso.onmicrosoft.com", 1)]
    [InlineData("*@CONTOSO.COM", 6)]
    [InlineData("?dele.vance@*", 1)]
    [InlineData("[a-b]*", 2)]
    [InlineData("*", 8)]
    public void Patterns_list_what_fits(string pattern, int count) =>
        Assert.Equal(count, Run($"Get-RestrictedSender '{pattern}'").Good.Count);

    [Fact]
    public void A_pattern_that_fits_nothing_is_no_error() =>
        Assert.Empty(Run("Get-RestrictedSender *@fabrikam.com").Good);

    [Fact]
    public void An_exact_name_that_is_not_listed_is_an_error_that_names_the_keys_and_the_rest_goes_on()
    {
        var outcome = Run("Get-RestrictedSender diego@contoso.com, adele.vance@contoso.com");
        Assert.Null(outcome.Thrown);
        Assert.Equal("RS4001.NotListed", outcome.Error.Id());
        Assert.Equal("diego@contoso.com", outcome.Error.TargetObject);
        Assert.Contains("not listed under this key", outcome.Error.Exception.Message);
        Assert.Contains("diego@contoso.com, diego.siciliani@contoso.com", outcome.Error.Exception.Message);
        Assert.Contains(Connection.Text("Organization"), outcome.Error.Exception.Message);
        Assert.Equal("adele.vance@contoso.com", Assert.Single(outcome.Output).Value("SenderAddress"));
    }

    [Fact]
    public void An_address_that_nobody_has_is_an_error_of_its_own() =>
        Assert.Equal("RS4002.UnknownAddress", Run("Get-RestrictedSender nobody@contoso.com").Error.Id());

    [Fact]
    public void A_listed_address_that_the_directory_does_not_know_is_found() =>
        Assert.Single(Run("Get-RestrictedSender scanner@print.contoso.com").Good);

    [Fact]
    public void A_connector_is_found_by_its_id()
    {
        var found = Run("""
            $all = Get-RestrictedSender -EntityType Connector
            Get-RestrictedSender -ConnectorId $all[1].ConnectorId
            """).Good;
        Assert.Equal("Fabrikam newsletter service", Assert.Single(found).Value("ConnectorName"));
    }

    [Fact]
    public void Another_connector_is_not_listed() =>
        Assert.Equal("RS4001.NotListed", Run($"Get-RestrictedSender -ConnectorId {Guid.NewGuid()}").Error.Id());

    [Theory]
    [InlineData("Get-RestrictedSender $null")]
    [InlineData("Get-RestrictedSender ''")]
    [InlineData("Get-RestrictedSender @()")]
    [InlineData("Get-RestrictedSender -SenderAddress $null")]
    [InlineData("Get-RestrictedSender -ConnectorId $null")]
    [InlineData("Get-RestrictedSender -ConnectorId ''")]
    [InlineData("$null | Get-RestrictedSender")]
    [InlineData("'' | Get-RestrictedSender")]
    [InlineData("$gone = @{}; Get-RestrictedSender $gone.Address")]
    [InlineData("$splat = @{ SenderAddress = $null }; Get-RestrictedSender @splat")]
    [InlineData("[pscustomobject]@{ SenderAddress = $null; ConnectorId = '' } | Get-RestrictedSender")]
    [InlineData("[pscustomobject]@{ Name = 'x' } | Get-RestrictedSender")]
    public void What_turned_out_empty_never_lists_everything(string script)
    {
        var outcome = Run(script);
        Assert.Empty(outcome.Output);
        Assert.NotNull(outcome.Error);
    }

    [Theory]
    [InlineData("@() | Get-RestrictedSender")]
    [InlineData("& { } | Get-RestrictedSender")]
    public void An_empty_pipeline_lists_nothing(string script)
    {
        var before = Tenant.Now;
        Assert.Empty(Run(script).Good);
        Assert.Empty(Tenant.Requests(before));
    }

    [Fact]
    public void Objects_with_the_property_name_what_to_list()
    {
        var rows = Run("""
            [pscustomobject]@{ UserPrincipalName = 'ceo@contoso.com' },
            [pscustomobject]@{ PrimarySmtpAddress = 'adele.vance@contoso.com'; Reason = 'x' } | Get-RestrictedSender
            """).Good;
        Assert.Equal(
            ["megan.bowen@contoso.onmicrosoft.com", "adele.vance@contoso.com"], rows.Texts("SenderAddress"));
    }

    [Fact]
    public void A_list_that_is_read_for_many_names_is_read_once()
    {
        var before = Tenant.Now;
        Run("'adele.vance@contoso.com', 'ceo@contoso.com', '*' | Get-RestrictedSender");
        Assert.Single(Tenant.Requests("Get-BlockedSenderAddress", before));
    }

    [Fact]
    public void A_half_that_cannot_be_read_does_not_hide_the_other()
    {
        Tenant.Fault("Get-BlockedConnector", Tenant.Reply(403, "\0\0\0"));
        var outcome = Run("Get-RestrictedSender");
        Assert.Equal(8, outcome.Output.Count);
        Assert.Equal("RS2008.NoRole", outcome.Error.Id());
        Assert.Contains("connectors could not be listed", outcome.Error.Exception.Message);
    }

    [Fact]
    public void A_list_that_breaks_off_is_an_error()
    {
        Tenant.BreakDown("Get-BlockedSenderAddress", "drop");
        Assert.Equal("RS3005.ConnectionLost", Run("Get-RestrictedSender -EntityType Mailbox").Error.Id());
    }

    [Fact]
    public void Neither_ErrorAction_nor_anything_else_goes_with_the_reading()
    {
        var before = Tenant.Now;
        Run("Get-RestrictedSender -ErrorAction Stop -Verbose");
        var requests = Tenant.Requests(before);
        Assert.Equal(
            ["Get-BlockedConnector", "Get-BlockedSenderAddress", "Get-HostedOutboundSpamFilterPolicy",
            "Get-HostedOutboundSpamFilterRule", "Get-Recipient", "Get-UnifiedGroupLinks"],
            requests.Select(request => request.Cmdlet).Distinct().Order());
        Assert.All(requests, request =>
            Assert.Matches(Parameters(request.Cmdlet!), request.Parameters.ToString()));

        static string Parameters(string cmdlet) => cmdlet switch
        {
            "Get-Recipient" => "^{\"Identity\":\"[^\"]+\"}$",
            "Get-UnifiedGroupLinks" =>
                "^{\"Identity\":\"[^\"]+\",\"LinkType\":\"Members\",\"ResultSize\":\"Unlimited\"}$",
            _ => "^{}$",
        };
    }
}

public sealed class GetTestsOfAnEmptyTenant() : Connected("-Scenario Empty")
{
    [Fact]
    public void Nobody_restricted_is_nothing_and_no_error() => Assert.Empty(Run("Get-RestrictedSender").Good);
}

public sealed class GetTestsOfALargeTenant() : Connected("-Scenario Large")
{
    [Fact]
    public void Every_page_is_read()
    {
        var before = Tenant.Now;
        var outcome = Run("Get-RestrictedSender");
        Assert.Equal(10_200, outcome.Good.Count);
        Assert.Equal(10_200, outcome.Output.Select(row => row.ToString()).Distinct().Count());
        Assert.Equal(10, Tenant.Requests("Get-BlockedSenderAddress", before).Count);
        Assert.Contains(outcome.Progress, record => record.Activity.EndsWith(Connection.Text("Organization")));
        Assert.Equal(ProgressRecordType.Completed, outcome.Progress[^1].RecordType);
    }

    [Fact]
    public void A_list_that_breaks_off_between_two_pages_hands_over_what_came_and_is_an_error()
    {
        Tenant.BreakDown("Get-BlockedSenderAddress", "drop", skip: 2);
        var outcome = Run("Get-RestrictedSender -EntityType Mailbox");
        Assert.Equal("RS3005.ConnectionLost", outcome.Thrown.Id());
        Assert.Equal(2000, outcome.Output.Count);
    }

    [Fact]
    public void A_list_that_breaks_off_between_two_pages_tells_nothing_about_anybody()
    {
        Tenant.BreakDown("Get-BlockedSenderAddress", "drop", skip: 2);
        var row = Run("Test-RestrictedSender lee@contoso.com").One;
        Assert.Equal("Unknown", row.Text("State"));
    }

    [Fact]
    public void Who_is_listed_on_the_last_page_is_restricted() =>
        Assert.Equal("Restricted", Run("Test-RestrictedSender employee10000@contoso.com").One.Text("State"));
}
