using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace RestrictedSender.Module.Tests;

public sealed class FormatTests : Connected
{
    private const int Columns = 120;

    [Theory]
    [InlineData("Get-RestrictedSender", "Sender or connector|BlockType|Since (UTC)|Until (UTC)|NextStep")]
    [InlineData(
        "Test-RestrictedSender ceo@contoso.com, broken, lee@contoso.com, nobody@contoso.com",
        "Asked about|State|Listed as, or why it is unknown")]
    [InlineData(
        "Get-RestrictedSender | Unblock-RestrictedSender -Confirm:$false -PassThru -ErrorAction Ignore",
        "Sender or connector|Outcome|Requested (UTC)|Released (UTC)|Elapsed")]
    [InlineData(
        "Unblock-RestrictedSender ceo@contoso.com -Confirm:$false -Wait",
        "Sender or connector|Outcome|Requested (UTC)|Released (UTC)|Elapsed")]
    [InlineData(
        "Get-OutboundSendingLimit -WarningAction Ignore", "Sender, or for whom|Policy|Ext/h|Int/h|Per day|Action")]
    [InlineData(
        "Get-OutboundSendingLimit ceo@contoso.com, lee.gu@contoso.com -WarningAction Ignore",
        "Sender, or for whom|Policy|Ext/h|Int/h|Per day|Action")]
    [InlineData("Measure-OutboundSending", "Sender|Recipients|Peak 24 h|Limit tripped|Tripped (UTC)|Again (UTC)")]
    [InlineData(
        "Measure-OutboundSending -Summary -LicenseCount 100",
        "Senders|Recipients|Over a limit|External 24 h|Peak|Tenant limit|At (UTC)|Unusable lines")]
    [InlineData("Get-RestrictedSenderConnection", "Organization|Default|Practice|Connected (UTC)|Account")]
    public void A_table_fits_120_columns_and_names_the_practice_tenant(string script, string columns)
    {
        var lines = Show(script);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, Columns));
        // A table has a line of dashes; a list would mean that there is no view.
        Assert.Contains(lines, line => line.StartsWith("--", StringComparison.Ordinal));
        var header = string.Join('\n', lines.TakeWhile(line => !line.StartsWith("--", StringComparison.Ordinal)));
        // What does not fit, the engine leaves out or cuts off.
        Assert.All(columns.Split('|'), column => Assert.Contains(column, header));
        Assert.DoesNotContain(lines, line => line.Contains('\u2026'));
        if (script == "Get-RestrictedSenderConnection")
            Assert.Contains(lines, line => Regex.IsMatch(line, @"^contoso\.onmicrosoft\.com +True +True "));
        else
            Assert.Contains("contoso.onmicrosoft.com (practice tenant)", header);
    }

    [Fact]
    public void Every_entry_is_shown_with_its_name_type_and_next_step()
    {
        var rows = Run("Get-RestrictedSender").Good;
        var shown = Show("Get-RestrictedSender");
        foreach (var row in rows)
        {
            var name = row.Value("SenderAddress") as string ?? row.Text("ConnectorName");
            var line = Assert.Single(shown, line => line.StartsWith(name + " ", StringComparison.Ordinal));
            Assert.Contains($" {row.Text("BlockType")} ", line);
            Assert.EndsWith(" " + row.Text("NextStep"), line);
            var until = (DateTime?)row.Value("RestrictedUntil");
            Assert.Equal(until is null ? 1 : 2, Regex.Matches(line, @"\d{4}-\d\d-\d\d \d\d:\d\d").Count);
        }
    }

    [Fact]
    public void A_release_is_shown_with_its_times()
    {
        var row = Run("$row = Unblock-RestrictedSender ceo@contoso.com -Confirm:$false -Wait; $row").One;
        var released = ((DateTime)row.Value("ReleasedAt")!).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var elapsed = ((TimeSpan)row.Value("Elapsed")!).ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture);
        Assert.Contains(Show("$row"), line => line.Contains($" {released} ") && line.EndsWith(elapsed, StringComparison.Ordinal));
    }

    [Fact]
    public void The_list_of_an_outcome_has_everything()
    {
        // Also what has no value here, so the view is read.
        var list = System.Xml.Linq.XDocument.Load(Path.Combine(Place.Module, "RestrictedSender.Format.ps1xml"))
            .Descendants("View").Single(view => view.Element("Name")!.Value == "UnblockResultList");
        var shown = list.Descendants("ListItem").Select(item => item.ToString()).ToList();
        var properties = Run("Unblock-RestrictedSender ceo@contoso.com -Confirm:$false -PassThru").One.Properties;
        Assert.All(
            properties.Select(property => property.Name).Where(name => name != "EntityType"),
            name => Assert.Contains(shown, item => Regex.IsMatch(item, $@"\b{name}\b")));
    }

    [Fact]
    public void Since_when_is_shown_with_the_age_by_the_clock_of_the_organization()
    {
        Tenant.Advance(TimeSpan.FromDays(30));
        Tenant.Restrict("lee.gu@contoso.com", "ExceedingLimitType=External", temporaryBlock: true);
        // Without the policies, the end of a block for the day is assumed. What is tried again would move the clock.
        Tenant.BreakDown("Get-HostedOutboundSpamFilterPolicy", Tenant.Reply(403));
        var shown = Show("Get-RestrictedSender");
        var now = (DateTime)Run("Get-RestrictedSender lee.gu@contoso.com").One.Value("ListedAt")!;
        Assert.Contains($" {now:yyyy-MM-dd HH:mm} (0 min) ", Line("lee.gu@"));
        Assert.Contains($" {now.AddDays(-36):yyyy-MM-dd HH:mm} (36 d) ", Line("isaiah.langer@"));
        // A question mark tells that the end rests on an assumption.
        Assert.Contains($" {now.AddDays(1):yyyy-MM-dd} 00:00 ? ", Line("lee.gu@"));

        string Line(string name) =>
            Assert.Single(shown, line => line.StartsWith(name, StringComparison.Ordinal));
    }

    [Fact]
    public void A_saved_entry_looks_like_a_live_one()
    {
        Engine["bags"] = Run("Get-RestrictedSender").Good
            .Select(row => PSSerializer.Deserialize(PSSerializer.Serialize(row))).ToArray();
        Assert.Equal(Show("Get-RestrictedSender"), Show("$bags"));
        Assert.Equal(Show("Get-RestrictedSender | Format-List"), Show("$bags | Format-List"));
    }

    [Fact]
    public void A_list_shows_whatever_has_a_value_and_nothing_else()
    {
        var row = Run("Get-RestrictedSender ceo@contoso.com").One;
        var shown = Show("Get-RestrictedSender ceo@contoso.com | Format-List");
        Assert.All(shown, line => Assert.InRange(line.Length, 0, Columns));
        Assert.Contains("contoso.onmicrosoft.com (practice tenant)", string.Join('\n', shown));
        var labels = shown.Select(line => Regex.Match(line, @"^(\w+) +: ").Groups[1].Value).Where(label => label != "");
        var filled = row.Properties.Where(property => property.Value is not null).Select(property => property.Name);
        Assert.Equal(filled.Order(), labels.Order());
        Assert.Contains(shown, line => Regex.IsMatch(line, "^SpamLast24Hours +: [0-9]+$"));
        Assert.Contains(shown, line => Regex.IsMatch(line, "^RestrictedSince +: [0-9-]{10} [0-9:]{8}Z$"));
    }

    [Fact]
    public void A_list_shows_what_this_version_does_not_know()
    {
        Tenant.Restrict("lee.gu@contoso.com", "Moon=full;by hand");
        var shown = Show("""
            $entry = Get-RestrictedSender lee.gu@contoso.com
            $entry.psobject.Properties.Add([psnoteproperty]::new('Tide', 'high'))
            $entry | Format-List
            """);
        Assert.Contains(shown, line => Regex.IsMatch(line, "^UnknownReason +: Moon=full; by hand$"));
        Assert.Contains(shown, line => Regex.IsMatch(line, "^FurtherProperties +: Tide=high$"));
    }

    [Fact]
    public void The_list_of_a_limit_shows_usage_where_it_was_asked_for()
    {
        const string limit = "Get-OutboundSendingLimit lee.gu@contoso.com";
        Assert.DoesNotContain(Show($"{limit} | Format-List"), line => line.StartsWith("Remaining", StringComparison.Ordinal));
        var shown = Show($"{limit} -IncludeUsage | Format-List");
        Assert.Contains(shown, line => Regex.IsMatch(line, "^RemainingExternal +: 500$"));
        Assert.Contains(shown, line => Regex.IsMatch(line, "^UsageAt +: [0-9-]{10} [0-9:]{8}Z$"));
    }

    [Fact]
    public void Why_a_state_is_unknown_is_shown_in_full()
    {
        var row = Run("Test-RestrictedSender nobody@contoso.com").One;
        var message = ((ErrorRecord)row.Value("Error")!).Exception.Message;
        var shown = string.Join('\n', Show("Test-RestrictedSender nobody@contoso.com"));
        Assert.All(message.Split(' '), word => Assert.Contains(word, shown));
    }

    [Fact]
    public void Every_output_type_has_a_table_of_its_own()
    {
        var types = Run("Get-Command -Module RestrictedSender | ForEach-Object { $_.OutputType.Name }").Good
            .Select(name => name.ToString()).Where(name => name != "System.Void").Distinct().ToList();
        var views = System.Xml.Linq.XDocument.Load(Path.Combine(Place.Module, "RestrictedSender.Format.ps1xml"))
            .Descendants("View").Where(view => view.Element("TableControl") is not null)
            .Select(view => view.Element("ViewSelectedBy")!.Element("TypeName")!.Value)
            // The checks of a report and the rules of a sender, which no cmdlet writes.
            .Except(["RestrictedSender.PowerShell.SenderAccountCheck", "RestrictedSender.PowerShell.SendingRule"]);
        Assert.Equal(15, types.Count);
        Assert.Equal(types.Order(), views.Order());
    }

    private IReadOnlyList<string> Show(string script)
    {
        Engine.Host.Clear();
        Assert.Empty(Run($"{script} | Out-Default").Good);
        return [.. Engine.Host.Lines.Select(line => Regex.Replace(line, @"\x1b\[[0-9;]*m", ""))];
    }
}
