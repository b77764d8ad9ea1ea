using System.Globalization;
using System.Management.Automation;
using System.Text;
using System.Xml.Linq;

namespace RestrictedSender.Module.Tests;

/// <summary>The picture that Measure-OutboundSending -PlotPath writes.</summary>
public sealed class PlotTests : IDisposable
{
    private const string Domains = "-AcceptedDomain contoso.com", News = "news@contoso.com", Alex = "alex.wilber@contoso.com";

    private readonly Engine _engine = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plots é ");

    /// <summary>The title of each mark, without those of messages that stand on a line.</summary>
    private static List<string> Marks(XDocument plot) =>
        [.. plot.Descendants().Where(one => $"{one.Attribute("class")?.Value}".StartsWith("mark ", StringComparison.Ordinal))
            .Select(one => one.Elements().Single(part => part.Name.LocalName == "title").Value)
            .Where(title => !title.StartsWith("First", StringComparison.Ordinal))];

    private static List<string> Texts(XDocument plot) =>
        [.. plot.Descendants().Where(one => one.Name.LocalName == "text").Select(one => string.Concat(one.Nodes().OfType<XText>().Select(part => part.Value)))];

    private string In(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>A trace in which each of the senders writes a message to so many people.</summary>
    private string Trace(params (string Sender, DateTime At, int Recipients)[] messages)
    {
        var text = new StringBuilder("Received,SenderAddress,RecipientAddress,Status,MessageTraceId\n");
        foreach (var ((sender, at, recipients), number) in messages.Select((message, number) => (message, number)))
            for (var one = 0; one < recipients; one++)
                text.Append(CultureInfo.InvariantCulture, $"{at:yyyy-MM-ddTHH:mm:ssZ},\"{sender.Replace("\"", "\"\"")}\",r{one}@fabrikam.example,Delivered,{Id(number)}\n");
        var path = In("trace.csv");
        File.WriteAllText(path, text.ToString());
        return path;
    }

    private static Guid Id(int number) => new(number + 1, 0, 0, new byte[8]);

    private static DateTime Time(int hour) => new(2026, 11, 28, hour, 0, 0, DateTimeKind.Utc);

    private string Usual() => Trace((News, Time(9), 5000), (News, Time(10), 5000), (News, Time(11), 100));

    private Outcome Measure(string plot, string more = "") =>
        _engine.Run($"Measure-OutboundSending -LiteralPath '{In("trace.csv")}' {Domains} -PlotPath '{plot}' {more}");

    private XDocument Plotted(string name) => XDocument.Load(In(name), LoadOptions.PreserveWhitespace);

    [Fact]
    public void What_was_measured_is_drawn_beside_the_objects()
    {
        Usual();
        var outcome = Measure(In("plot.svg"));
        Assert.Equal((10_100L, "RecipientRate"), (outcome.One.Value("RecipientCount"), outcome.One.Text("TrippedLimit")));
        Assert.Empty(outcome.Warnings);
        var plot = Plotted("plot.svg");
        Assert.Equal(
            [$"Limit tripped: 2026-11-28 10:00 UTC, RecipientRate by message {Id(1)}",
                "Can send again: 2026-11-29 09:00 UTC, as RecipientRate is counted"],
            Marks(plot));
        var texts = Texts(plot);
        Assert.Contains(News, texts);
        Assert.Contains("Limit 10,000", texts);
        Assert.Contains("Recipients in 24 hours: 10,100 at most, 28 Nov 11:00; limit 10,000, tripped 28 Nov 10:00", texts);
        Assert.Contains("Without a connection, blocks, unblocks and releases are not known.", texts);
        Assert.Equal(["plot.svg", "trace.csv"], _folder.GetFiles().Select(file => file.Name).Order());
    }

    [Fact]
    public void The_block_the_unblock_and_the_release_are_those_of_the_history()
    {
        var (_, tenant) = _engine.Connect();
        // Of a day that is over nothing counts any more.
        tenant.Advance(tenant.Time.Date.AddDays(1) - tenant.Time);
        _engine["since"] = _engine.Run($"(Get-RestrictedSender {Alex} | Where-Object SenderAddress -EQ {Alex}).RestrictedSince").One;
        var outcome = _engine.Run($"Unblock-RestrictedSender {Alex} -Confirm:$false -Wait -PassThru").One;
        Assert.Equal("Released", outcome.Text("Outcome"));
        var told = _engine.Run($"Get-RestrictedSenderHistory {Alex}").Good[^1];
        var measured = _engine.Run($"Measure-OutboundSending -SenderAddress {Alex} -PlotPath '{In("alex.svg")}'");
        Assert.NotNull(measured.One.Value("TrippedLimit"));
        Assert.Empty(measured.Warnings);
        var plot = Plotted("alex.svg");
        static string Minute(object? moment) => $"{(DateTime)moment!:yyyy-MM-dd HH:mm} UTC";
        var marks = Marks(plot);
        Assert.Equal(4, marks.Count);
        Assert.StartsWith($"Limit tripped: {Minute(measured.One.Value("TrippedAt"))}, RecipientsPerDay by message", marks[0]);
        Assert.Equal($"Blocked: {Minute(((PSObject)_engine["since"]!).BaseObject)}", marks[1]);
        Assert.StartsWith($"Unblocked: {Minute(told.Value("RequestedAt"))}, by ", marks[2]);
        Assert.Equal($"Released: {Minute(told.Value("ReleasedAt"))}", marks[3]);
        Assert.Contains(Texts(plot), text => text.StartsWith("Recipients on the day, from midnight UTC", StringComparison.Ordinal));
        Assert.Contains(Texts(plot), text => text.StartsWith("contoso.onmicrosoft.com (practice tenant)", StringComparison.Ordinal));
    }

    [Fact]
    public void A_block_of_the_mailbox_is_shown_for_an_address_that_it_sends_from()
    {
        _engine.Connect();
        var since = (DateTime)_engine.Run("Get-RestrictedSender ceo@contoso.com").One.Value("RestrictedSince")!;
        Trace(("ceo@contoso.com", since.AddHours(-1), 20));
        var measured = _engine.Run($"Measure-OutboundSending -LiteralPath '{In("trace.csv")}' -PlotPath '{In("ceo.svg")}'");
        Assert.Single(measured.Good);
        Assert.Empty(measured.Warnings);
        var plot = Plotted("ceo.svg");
        Assert.Contains(Texts(plot), text => text.Contains("Listed as megan.bowen@contoso.onmicrosoft.com.", StringComparison.Ordinal));
        Assert.Equal([$"Blocked: {since:yyyy-MM-dd HH:mm} UTC"], Marks(plot));
    }

    [Fact]
    public void What_is_still_listed_has_no_release_and_what_cannot_be_read_is_a_warning()
    {
        var (_, tenant) = _engine.Connect();
        tenant.BreakDown("Search-UnifiedAuditLog", Tenant.Reply(403));
        var measured = _engine.Run($"Measure-OutboundSending -SenderAddress {News} -PlotPath '{In("news.svg")}'");
        Assert.Single(measured.Good);
        Assert.Contains("may lack blocks, unblocks and releases", Assert.Single(measured.Warnings));
        var marks = Marks(Plotted("news.svg"));
        Assert.Contains(marks, mark => mark.StartsWith("Blocked: ", StringComparison.Ordinal));
        Assert.DoesNotContain(marks, mark => mark.StartsWith("Released", StringComparison.Ordinal) || mark.StartsWith("Unblocked", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_there_is_replaced_or_kept()
    {
        Usual();
        File.WriteAllText(In("plot.svg"), "kept");
        var refused = Measure(In("plot.svg"), "-NoClobber");
        Assert.Equal("RS6003.PlotExists", refused.Thrown.Id());
        Assert.Equal(ErrorCategory.ResourceExists, refused.Thrown!.CategoryInfo.Category);
        Assert.Empty(refused.Output);
        Assert.Equal("kept", File.ReadAllText(In("plot.svg")));
        Assert.Single(Measure(In("plot.svg")).Good);
        Assert.NotEmpty(Marks(Plotted("plot.svg")));
        Assert.Single(Measure(In("new.svg"), "-NoClobber").Good);
        Assert.NotEmpty(Marks(Plotted("new.svg")));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_refused_before_anything_is_measured()
    {
        Usual();
        foreach (var path in new[] { In(Path.Combine("none", "plot.svg")), _folder.FullName, "env:plot" })
        {
            var refused = Measure(path);
            Assert.Equal("RS6004.PlotUnwritable", refused.Thrown.Id());
            Assert.Empty(refused.Output);
        }
        Assert.Equal(["trace.csv"], _folder.GetFileSystemInfos().Select(file => file.Name));
    }

    [Fact]
    public void A_name_is_taken_as_it_is_and_from_where_the_session_is()
    {
        Usual();
        _engine.Run($"[void] $ExecutionContext.SessionState.Path.SetLocation('{_folder.FullName}')");
        Assert.Single(Measure("ceo [1] & co.svg").Good);
        Assert.NotEmpty(Marks(Plotted("ceo [1] & co.svg")));
    }

    [Fact]
    public void WhatIf_measures_and_draws_nothing()
    {
        Usual();
        Assert.Single(Measure(In("plot.svg"), "-WhatIf").Good);
        Assert.False(File.Exists(In("plot.svg")));
    }

    [Fact]
    public void Of_many_senders_those_who_tripped_a_limit_and_the_busiest_are_drawn()
    {
        Trace([.. Enumerable.Range(0, 14).Select(one => ($"user{one:00}@contoso.com", Time(9), 20 + one)), (News, Time(10), 10_000)]);
        var outcome = Measure(In("plot.svg"));
        Assert.Equal(15, outcome.Good.Count);
        Assert.Contains("12 of 15 senders", Assert.Single(outcome.Warnings));
        var names = Texts(Plotted("plot.svg")).Where(text => text.EndsWith("@contoso.com", StringComparison.Ordinal));
        Assert.Equal([News, .. Enumerable.Range(3, 11).Reverse().Select(one => $"user{one:00}@contoso.com")], names);
        // Whom nobody asked for is neither drawn nor missing.
        Assert.Empty(Measure(In("plot.svg"), $"-SenderAddress user1*").Warnings);
        Assert.DoesNotContain(News, Texts(Plotted("plot.svg")));
    }

    [Fact]
    public void Whatever_an_address_holds_is_text()
    {
        const string hostile = "a</text><script>alert(1)</script>&'@contoso.com";
        Trace((hostile, Time(9), 5));
        Assert.Single(Measure(In("plot.svg")).Good);
        var plot = Plotted("plot.svg");
        Assert.Contains(hostile, Texts(plot));
        Assert.DoesNotContain(plot.Descendants(), one => one.Name.LocalName == "script");
    }

    [Fact]
    public void Of_nobody_there_is_a_picture_that_says_so()
    {
        Usual();
        Assert.Empty(Measure(In("plot.svg"), "-SenderAddress nobody@contoso.com").Good);
        Assert.Contains("Nothing was sent in this time.", Texts(Plotted("plot.svg")));
    }

    [Fact]
    public void The_organization_is_drawn_against_its_own_limit()
    {
        Usual();
        Assert.Single(Measure(In("plot.svg"), "-Summary -LicenseCount 10").Good);
        Assert.Contains("External recipients in 24 hours, groups expanded: 10,100 at most, 28 Nov 11:00; limit 12,006", Texts(Plotted("plot.svg")));
        Assert.Single(Measure(In("plot.svg"), "-Summary").Good);
        Assert.Contains(Texts(Plotted("plot.svg")), text => text.EndsWith("limit not known", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Delete(recursive: true);
    }
}
