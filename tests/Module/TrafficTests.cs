using System.Globalization;
using System.IO.Compression;
using System.Management.Automation;
using System.Text;

namespace RestrictedSender.Module.Tests;

/// <summary>
/// The same traffic of a practice tenant as files of every shape, through the pipeline and from the service itself: the
/// same answers, and those of the engine that has let it out and blocked.
/// </summary>
public sealed class TrafficTests : Connected
{
    private const string Megan = "megan.bowen@contoso.com", Diego = "diego.siciliani@contoso.com",
        Grady = "grady.archie@contoso.com", Lee = "lee.gu@contoso.com", Campaigns = "campaigns@contoso.com";

    /// <summary>On some days the dates of an export do not tell their order.</summary>
    private const string Options = "-At $at -DateOrder MonthFirst";

    /// <summary>Each shape with an encoding that exports of it come in; the last one is packed.</summary>
    private static readonly (string Shape, string Encoding, bool IsPacked)[] Files =
    [
        ("v2", "utf-8", false), ("v1", "utf-8-bom", false), ("summary", "utf-16le", false), ("extended", "utf-16le-bom", false),
        ("v2", "utf-16le", true),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("traffic ");

    public TrafficTests()
        : base("-Scenario Empty")
    {
    }

    /// <summary>By the address of the sender: what each property of what was measured shows.</summary>
    private sealed class Answers : Dictionary<string, IReadOnlyDictionary<string, string>>
    {
        public IEnumerable<string> Blurred => Keys.Where(sender => this[sender]["CountAccuracy"] != "Exact");
    }

    [Fact]
    public void Made_up_traffic_with_a_takeover_gives_the_same_answers_in_every_shape()
    {
        Tenant.Fill(senders: 40, weeks: 2, seed: 3);
        var live = Measure("Measure-OutboundSending -StartDate $start -At $at");
        Assert.Equal(40, live.Count);
        ExpectTheSame(live);
        ExpectATakeover(live["employee00002@contoso.com"]);
        Assert.NotEmpty(live.Blurred);
    }

    [Fact]
    public void What_the_tenant_has_blocked_is_measured_as_its_engine_has_counted()
    {
        Tenant.Advance(Tenant.Time.Date.AddDays(1).AddHours(10) - Tenant.Time);
        Tenant.Unlimit("Campaigns");
        var tripped = new Dictionary<string, string>();
        for (var message = 0; message < 30; message++)
        {
            // Taken over: 40 strangers at a time. The policy of executives blocks until somebody unblocks.
            Send(Megan, "megan.bowen@contoso.onmicrosoft.com", Customers(message, 40));
            // Beyond what may be sent to on a day, inside and outside.
            Send(Diego, Diego, Customers(message, 20).Concat(Colleagues(message, 30)));
            // To groups within groups, with somebody outside in them.
            Send(Grady, Grady, ["marketing@contoso.com", "patti.fernandez@contoso.com", .. Colleagues(message, 11)]);
            Send(Lee, Lee, ["partners@contoso.com", .. Customers(message, 1)]);
            // Its policy sets no limits, so that only those of the service hold.
            Send(Campaigns, Campaigns, Customers(message, 500));
            Tenant.Advance(TimeSpan.FromSeconds(7));
        }
        var live = Measure("Measure-OutboundSending -StartDate $start -At $at");
        ExpectTheSame(live);
        // The extended report tells members of groups from those who were written to, as the tenant does.
        var exact = Measure($"Measure-OutboundSending -LiteralPath '{Export("extended", "utf-8", false)}' {Options}");
        Assert.Equal([Grady, Lee], live.Blurred.Order());
        var listed = Run("Get-RestrictedSender").Good.ToDictionary(row => row.Text("SenderAddress").Replace("onmicrosoft.", ""));
        Assert.Equal([Campaigns, Diego, Grady, Megan], listed.Keys.Order());
        Assert.Equal(
            ["RecipientsPerDay", "InternalPerHour", "ExternalPerHour", "RecipientRate", ""],
            new[] { Diego, Grady, Megan, Campaigns, Lee }.Select(sender => exact[sender]["TrippedLimit"]));
        foreach (var (sender, entry) in listed)
        {
            var sent = exact[sender];
            Assert.Equal((tripped[sender], Text(entry.Value("RestrictedSince"))), (sent["MessageTraceId"], sent["TrippedAt"]));
            Assert.Equal((entry.Text("BlockType"), "True"), (sent["BlockType"], sent["AgreesWithReason"]));
            Assert.Equal(sent["TrippedLimit"], sent["RestrictedBy"]);
            var figures = sender == Campaigns
                ? entry.Text("RecipientsLast24Hours")
                : $"{(long)entry.Value("InternalRecipientsToday")! + (long)entry.Value("ExternalRecipientsToday")!}";
            Assert.Equal(figures, sent[sender == Campaigns ? "RecipientsLast24Hours" : "RecipientsToday"]);
        }
        ExpectToSendAgain(exact, Diego);
        ExpectToSendAgain(exact, Campaigns);
        Assert.Equal("", exact[Megan]["CanSendAgainAt"]);

        // The last message that goes out is the one that trips.
        void Send(string from, string user, IEnumerable<string> recipients) =>
            tripped[from] = Tenant.Submit(user, from, recipients) ?? tripped[from];
    }

    private static IEnumerable<string> Customers(int message, int count) =>
        Enumerable.Range(0, count).Select(number => $"customer{message}-{number}@fabrikam.example");

    private static IEnumerable<string> Colleagues(int message, int count) =>
        Enumerable.Range(0, count).Select(number => $"colleague{message}-{number}@contoso.com");

    /// <summary>All files and both kinds of rows tell what the service itself has told.</summary>
    private void ExpectTheSame(Answers live)
    {
        foreach (var (shape, encoding, isPacked) in Files)
        {
            var file = Measure($"Measure-OutboundSending -LiteralPath '{Export(shape, encoding, isPacked)}' {Options}");
            Expect(live, file, shape);
        }
        foreach (var shape in new[] { "v2", "v1", "summary", "extended" })
        {
            Engine["rows"] = Rows(shape).ToArray();
            Expect(live, Measure($"$rows | Measure-OutboundSending {Options}"), shape);
        }
        Engine["rows"] = Rows("v2").Select(AsTheCmdletWritesIt).ToArray();
        Expect(live, Measure($"$rows | Measure-OutboundSending {Options}"), "v2");
    }

    /// <summary>
    /// The extended report tells members of groups from recipients and is always exact; in all other shapes the figures
    /// of who writes to groups are the same too, and at least as high.
    /// </summary>
    private static void Expect(Answers live, Answers measured, string shape)
    {
        Assert.Equal(live.Keys.Order(), measured.Keys.Order());
        var blurred = live.Blurred.ToHashSet();
        foreach (var (sender, expected) in live)
        {
            var found = measured[sender];
            if (shape != "extended" || !blurred.Contains(sender))
            {
                Assert.Equal(expected, found);
                continue;
            }
            Assert.Equal("Exact", found["CountAccuracy"]);
            Assert.All(["MessageCount", "FirstSent", "LastSent", "PeakMessagesPerMinute", "Policy"], name => Assert.Equal(expected[name], found[name]));
            Assert.All(
                ["InternalRecipientCount", "ExternalRecipientCount", "PeakRecipientsPerDay", "RecipientsLast24Hours"],
                name => Assert.InRange(long.Parse(found[name], CultureInfo.InvariantCulture), 0, long.Parse(expected[name], CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>More than 500 strangers in an hour, counted here one by one.</summary>
    private void ExpectATakeover(IReadOnlyDictionary<string, string> sender)
    {
        var spam = Rows("summary")
            .Where(row => row.Text("sender_address") == "employee00002@contoso.com")
            .Select(row => (
                At: DateTime.Parse(row.Text("origin_timestamp_utc"), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal),
                Id: Guid.Parse(row.Text("network_message_id")).ToString(),
                Outside: row.Text("recipient_status").Split("@fabrikam.example##").Length + row.Text("recipient_status").Split("@adatum.example##").Length - 2))
            .Select(row => row with { At = row.At.AddTicks(-(row.At.Ticks % TimeSpan.TicksPerSecond)) })
            .OrderBy(row => row.At).ThenBy(row => row.Id, StringComparer.Ordinal)
            .ToList();
        var first = Enumerable.Range(0, spam.Count).First(last =>
            spam.Take(last + 1).Where(row => row.At > spam[last].At.AddHours(-1)).Sum(row => row.Outside) > 500);
        Assert.Equal(
            ("ExternalPerHour", spam[first].Id, Text(spam[first].At)),
            (sender["TrippedLimit"], sender["MessageTraceId"], sender["TrippedAt"]));
    }

    /// <summary>The tenant refuses until the very second, and then no more.</summary>
    private void ExpectToSendAgain(Answers measured, string sender)
    {
        var again = DateTime.Parse(measured[sender]["CanSendAgainAt"], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        Tenant.Advance(again.AddSeconds(-1) - Tenant.Time);
        Assert.Null(Tenant.Submit(sender, sender, ["ann@fabrikam.example"]));
        Tenant.Advance(again - Tenant.Time);
        Assert.NotNull(Tenant.Submit(sender, sender, ["ann@fabrikam.example"]));
    }

    private Answers Measure(string script)
    {
        Engine["at"] = Tenant.Time;
        Engine["start"] = Tenant.Time.AddDays(-15);
        var answers = new Answers();
        foreach (var row in Run(script).Good)
        {
            answers.Add(
                row.Text("SenderAddress"),
                row.Properties.ToDictionary(property => property.Name, property => Text(property.Value)));
        }
        return answers;
    }

    private string Export(string shape, string encoding, bool isPacked)
    {
        var path = Path.Combine(_folder.FullName, $"{shape} {encoding}.csv{(isPacked ? ".gz" : "")}");
        using var file = File.Create(path);
        using Stream stream = isPacked ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write(Tenant.Trace(shape, encoding));
        return path;
    }

    private IReadOnlyList<PSObject> Rows(string shape) =>
        Csv.Import(Encoding.UTF8.GetString(Tenant.Trace(shape, "utf-8")).ReplaceLineEndings("\n").TrimEnd('\n'));

    /// <summary>With types, as Get-MessageTraceV2 returns them.</summary>
    private static PSObject AsTheCmdletWritesIt(PSObject row) => Csv.Bag(
    [
        ("MessageTraceId", Guid.Parse(row.Text("MessageTraceId"))),
        ("Received", DateTime.Parse(row.Text("Received"), CultureInfo.InvariantCulture)),
        ("SenderAddress", row.Text("SenderAddress")),
        ("RecipientAddress", row.Text("RecipientAddress")),
        ("Status", row.Text("Status")),
        ("Size", int.Parse(row.Text("Size"), CultureInfo.InvariantCulture)),
    ]);

    private static string Text(object? value) => value switch
    {
        null => "",
        DateTime moment => moment.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _folder.Delete(recursive: true);
    }
}
