using System.Management.Automation;
using System.Text.RegularExpressions;

namespace RestrictedSender.Module.Tests;

public sealed class FormatTests : Connected
{
    private const int Columns = 120;

    [Theory]
    [InlineData("Get-RestrictedSender", "Sender or connector|BlockType|Since (UTC)|Summary")]
    [InlineData(
        "Test-RestrictedSender ceo@contoso.com, broken, lee@contoso.com, nobody@contoso.com",
        "Asked about|State|Listed as, or why it is unknown")]
    [InlineData(
        "Get-RestrictedSender | Unblock-RestrictedSender -Confirm:$false -PassThru -ErrorAction Ignore",
        "Sender or connector|Outcome|Requested (UTC)|Request id")]
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
    public void Every_entry_is_shown_with_its_name_type_and_summary()
    {
        var rows = Run("Get-RestrictedSender").Good;
        var shown = string.Join('\n', Show("Get-RestrictedSender"));
        foreach (var row in rows)
        {
            Assert.Contains(row.Value("SenderAddress") as string ?? row.Text("ConnectorName"), shown);
            Assert.Contains(row.Text("BlockType"), shown);
            Assert.Contains(row.Text("Summary").Split(' ')[0], shown);
        }
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
            .Select(view => view.Element("ViewSelectedBy")!.Element("TypeName")!.Value);
        Assert.Equal(7, types.Count);
        Assert.Equal(types.Order(), views.Order());
    }

    private IReadOnlyList<string> Show(string script)
    {
        Engine.Host.Clear();
        Assert.Empty(Run($"{script} | Out-Default").Good);
        return [.. Engine.Host.Lines.Select(line => Regex.Replace(line, @"\x1b\[[0-9;]*m", ""))];
    }
}
