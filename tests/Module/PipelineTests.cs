using System.Management.Automation;

namespace RestrictedSender.Module.Tests;

public sealed class PipelineTests : Connected
{
    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public void A_mixed_list_goes_through_CSV_and_back_into_WhatIf(string? nothing)
    {
        ThroughCsv(nothing);
        Assert.Empty(Run("$rows | Unblock-RestrictedSender -WhatIf").Good);
        Assert.Equal(11, Engine.Host.Lines.Count(line => line.StartsWith("What if: ", StringComparison.Ordinal)));
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void A_mixed_list_goes_through_CSV_and_back_into_a_real_unblock()
    {
        ThroughCsv("");
        var outcome = Run("$rows | Unblock-RestrictedSender -Confirm:$false -PassThru");
        Assert.Equal("RS4004.UnblockLimitReached", outcome.Error.Id());
        Assert.Equal("isaiah.langer@contoso.com", outcome.Error.TargetObject);
        Assert.Equal(10, outcome.Output.Count(row => row.Text("Outcome") == "Removing"));
        Assert.Equal(11, Tenant.Removals.Count);
        Assert.All(Tenant.Removals, removal => Assert.Null(removal.Parameter("Reason")));
    }

    [Fact]
    public void Deserialized_entries_are_unblocked_like_live_ones()
    {
        Engine["bags"] = Run("Get-RestrictedSender").Good
            .Select(row => PSSerializer.Deserialize(PSSerializer.Serialize(row)))
            .ToArray();
        Assert.Equal(
            "Deserialized.RestrictedSender.PowerShell.RestrictedSender",
            ((object[])Engine["bags"]!).Cast<PSObject>().First().TypeNames[0]);
        var outcome = Run("$bags | Unblock-RestrictedSender -Confirm:$false -PassThru");
        Assert.Equal("RS4004.UnblockLimitReached", outcome.Error.Id());
        Assert.Equal(10, outcome.Output.Count(row => row.Text("Outcome") == "Removing"));
        Assert.All(Tenant.Removals, removal => Assert.Null(removal.Parameter("Reason")));
    }

    [Fact]
    public void What_the_Exchange_cmdlets_return_is_unblocked()
    {
        Engine["rows"] = new[]
        {
            Deserialized(
                "Microsoft.Exchange.Hygiene.Data.BlockedSender",
                ("SenderAddress", "adele.vance@contoso.com"),
                ("Reason", "OutboundSpamLast24Hours=1"),
                ("TemporaryBlock", false)),
            Deserialized(
                "Microsoft.Exchange.Data.Directory.Management.Mailbox",
                ("Name", "Megan"),
                ("UserPrincipalName", "megan.bowen@contoso.onmicrosoft.com"),
                ("PrimarySmtpAddress", "megan.bowen@contoso.com")),
        };
        Assert.Equal(2, Run("$rows | Unblock-RestrictedSender -Confirm:$false -PassThru").Good.Count);
        Assert.Equal(
            ["adele.vance@contoso.com", "megan.bowen@contoso.onmicrosoft.com"],
            Tenant.Removals.Select(removal => removal.Parameter("SenderAddress")));
        Assert.All(Tenant.Removals, removal => Assert.Null(removal.Parameter("Reason")));
    }

    [Fact]
    public void Results_and_states_name_entities_too()
    {
        var rows = Run("""
            Get-RestrictedSender -EntityType Connector | Unblock-RestrictedSender -Confirm:$false -PassThru |
                Test-RestrictedSender | Get-RestrictedSender
            """).Good;
        Assert.Equal(3, rows.Count);
    }

    [Fact]
    public void A_row_of_another_organization_is_refused_and_the_rest_goes_on()
    {
        var foreign = Guid.NewGuid().ToString();
        Engine["rows"] = new[]
        {
            Csv.Bag([("SenderAddress", "adele.vance@contoso.com"), ("TenantId", foreign)]),
            Csv.Bag([("SenderAddress", "ceo@contoso.com"), ("TenantId", Connection.Value("TenantId"))]),
            Csv.Bag([("SenderAddress", "news@contoso.com"), ("TenantId", "")]),
        };
        var outcome = Run("$rows | Unblock-RestrictedSender -Confirm:$false");
        Assert.Equal("RS1010.WrongOrganization", outcome.Error.Id());
        Assert.Contains(foreign, outcome.Error.Exception.Message);
        Assert.Equal(
            ["megan.bowen@contoso.onmicrosoft.com", "news@contoso.com"],
            Tenant.Removals.Select(removal => removal.Parameter("SenderAddress")));
    }

    [Fact]
    public void Both_columns_filled_is_an_error()
    {
        var outcome = Run("""
            [pscustomobject]@{ SenderAddress = 'ceo@contoso.com'; ConnectorId = [guid]::NewGuid() } |
                Unblock-RestrictedSender -Confirm:$false
            """);
        Assert.Equal("RS1009.BothNamed", outcome.Error.Id());
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void Rows_stream_one_by_one()
    {
        // The first object's answer is there before the second one comes.
        var rows = Run("""
            $answers = [Collections.Generic.List[object]]::new()
            & { 'ceo@contoso.com'; $answers.Count; 'news@contoso.com' } |
                ForEach-Object { if ($_ -is [int]) { $seen = $_ } else { $_ } } |
                Test-RestrictedSender | ForEach-Object { $answers.Add($_) }
            $seen, $answers.Count
            """).Good;
        Assert.Equal(2, rows[1].BaseObject);
        Assert.Equal(1, rows[0].BaseObject);
    }

    private static PSObject Deserialized(string type, params (string, object?)[] properties)
    {
        var bag = Csv.Bag(properties);
        bag.TypeNames.Insert(0, "Deserialized." + type);
        return bag;
    }

    private void ThroughCsv(string? nothing)
    {
        var text = Csv.Export(Run("Get-RestrictedSender").Good);
        Engine["rows"] = Csv.Import(text, nothing).ToArray();
    }
}

public sealed class TwoTenantTests : IDisposable
{
    private readonly Engine _engine = new();
    private readonly Tenant _first, _second;

    public TwoTenantTests()
    {
        (var connection, _first) = _engine.Connect("-Seed 1");
        _engine["one"] = connection;
        (connection, _second) = _engine.Connect("-Seed 2");
        _engine["two"] = connection;
    }

    [Fact]
    public void Both_are_asked_when_both_are_named()
    {
        Assert.Equal(22, _engine.Run("Get-RestrictedSender -Connection $one, $two").Good.Count);
        var states = _engine.Run("Test-RestrictedSender ceo@contoso.com -Connection $one, $two").Good;
        Assert.Equal([Id("one"), Id("two")], states.Texts("TenantId"));
    }

    [Fact]
    public void One_that_cannot_be_read_does_not_hide_the_other()
    {
        _first.BreakDown("Get-BlockedSenderAddress", "drop");
        _first.BreakDown("Get-BlockedConnector", "drop");
        var outcome = _engine.Run("Get-RestrictedSender -Connection $one, $two");
        Assert.Null(outcome.Thrown);
        Assert.Equal("RS3005.ConnectionLost", outcome.Error.Id());
        Assert.Equal(11, outcome.Output.Count);
    }

    [Fact]
    public void Objects_are_unblocked_where_they_come_from()
    {
        _engine.Run("Get-RestrictedSender ceo@contoso.com -Connection $one | Unblock-RestrictedSender -Confirm:$false");
        Assert.Single(_first.Removals);
        Assert.Empty(_second.Removals);
        _engine.Run("""
            Get-RestrictedSender news@contoso.com -Connection $one, $two | Unblock-RestrictedSender -Confirm:$false
            """);
        Assert.Equal(3, _first.Removals.Count);
        Assert.Equal(2, _second.Removals.Count);
    }

    [Theory]
    [InlineData("Get-RestrictedSender ceo@contoso.com -Connection $one | Unblock-RestrictedSender -Connection $two")]
    [InlineData("[pscustomobject]@{ SenderAddress = 'x@y.z'; TenantId = $one.TenantId } | Unblock-RestrictedSender")]
    [InlineData("Unblock-RestrictedSender ceo@contoso.com -TenantId $one.TenantId")]
    public void An_entry_of_another_organization_is_refused(string script)
    {
        var outcome = _engine.Run(script + " -Confirm:$false");
        Assert.Equal("RS1010.WrongOrganization", outcome.Error.Id());
        Assert.Empty(_first.Removals);
        Assert.Empty(_second.Removals);
    }

    [Fact]
    public void A_connection_that_is_named_is_the_one_that_is_used()
    {
        _engine.Run("Unblock-RestrictedSender ceo@contoso.com -Connection $one -Confirm:$false");
        Assert.Single(_first.Removals);
        Assert.Empty(_second.Removals);
    }

    public void Dispose() => _engine.Dispose();

    private string Id(string name) => ((PSObject)_engine[name]!).Text("TenantId");
}
