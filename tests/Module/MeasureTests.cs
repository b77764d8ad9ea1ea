using System.IO.Compression;
using System.Management.Automation;
using System.Text;

namespace RestrictedSender.Module.Tests;

/// <summary>Measure-OutboundSending: the same trace in each of its shapes, through the pipeline and from the service.</summary>
public sealed class MeasureTests : IDisposable
{
    private const string Domains = "-AcceptedDomain contoso.com, contoso.onmicrosoft.com";

    private readonly Engine _engine = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("trace é ");

    public static TheoryData<string> Shapes => ["rows.csv", "summary.csv", "extended.csv", "utf16.csv", "packed.csv.gz"];

    /// <summary>5,000 recipients at 09:00, 2,500 at 10:00 and 2,500 at 11:00: the example of the documentation.</summary>
    private static IEnumerable<(DateTime At, Guid Message, string Recipient)> Sent()
    {
        var day = new DateTime(2026, 11, 28, 0, 0, 0, DateTimeKind.Utc);
        foreach (var (hour, messages) in new[] { (9, 10), (10, 5), (11, 5) })
            for (var message = 0; message < messages; message++)
                for (var recipient = 0; recipient < 500; recipient++)
                    yield return (day.AddHours(hour), new Guid(hour, 0, (short)message, new byte[8]), $"c{message}-{recipient}@fabrikam.example");
    }

    private string Write(string name)
    {
        var text = new StringBuilder();
        const string rows = "\"MessageTraceId\",\"Received\",\"SenderAddress\",\"RecipientAddress\",\"Subject\",\"Status\"";
        var shape = name is "summary.csv" or "extended.csv" ? name : "rows.csv";
        text.AppendLine(shape switch
        {
            "summary.csv" => "origin_timestamp_utc,sender_address,recipient_status,message_subject,network_message_id",
            "extended.csv" => "date_time_utc,source,event_id,network_message_id,recipient_address,related_recipient_address,sender_address",
            _ => rows,
        });
        foreach (var message in Sent().GroupBy(row => row.Message))
        {
            var (at, id) = (message.First().At, message.Key.ToString("n"));
            var all = message.Select(row => row.Recipient).ToArray();
            if (shape == "summary.csv")
                text.AppendLine($"{at:s}Z,news@contoso.com,\"{string.Join(";", all.Select(one => one + "##Receive, Send"))}\",\"News, again\",{id}");
            else if (shape == "extended.csv")
                text.AppendLine($"{at:s}Z,STOREDRIVER,RECEIVE,{id},{string.Join(";", all)},,news@contoso.com")
                    .AppendLine($"{at.AddSeconds(2):s}Z,SMTP,SEND,{id},{string.Join(";", all)},,news@contoso.com");
            else
                foreach (var one in all)
                    text.AppendLine($"\"{message.Key}\",\"{at:M'/'d'/'yyyy h:mm:ss tt}\",\"News@contoso.com\",\"{one}\",\"News, \"\"again\"\"\",\"Delivered\"");
        }
        var path = Path.Combine(_folder.FullName, name);
        using var file = File.Create(path);
        using Stream stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        using var writer = new StreamWriter(stream, name == "utf16.csv" ? new UnicodeEncoding(false, false) : new UTF8Encoding(false));
        writer.Write(text);
        return path;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_shape_of_a_file_tells_the_same(string name)
    {
        var outcome = _engine.Run($"Measure-OutboundSending -LiteralPath '{Write(name)}' {Domains}");
        Assert.Empty(outcome.Warnings);
        Expect(outcome.One);
    }

    [Fact]
    public void Rows_that_come_through_the_pipeline_tell_the_same()
    {
        _engine["rows"] = Sent().Select(row =>
        {
            var one = new PSObject();
            one.Properties.Add(new PSNoteProperty("Received", row.At));
            one.Properties.Add(new PSNoteProperty("SenderAddress", "news@contoso.com"));
            one.Properties.Add(new PSNoteProperty("RecipientAddress", row.Recipient));
            one.Properties.Add(new PSNoteProperty("Status", "Delivered"));
            one.Properties.Add(new PSNoteProperty("MessageTraceId", row.Message));
            return one;
        }).ToArray();
        Expect(_engine.Run($"$rows | Measure-OutboundSending {Domains}").One);
        // Rows that come twice count once.
        Expect(_engine.Run($"$rows + $rows | Measure-OutboundSending {Domains}").One);
    }

    [Fact]
    public void Values_of_every_kind_come_through_the_pipeline()
    {
        var noon = new DateTime(2026, 11, 28, 12, 0, 0, DateTimeKind.Utc);
        object?[] moments = [noon, noon.ToLocalTime(), DateTime.SpecifyKind(noon, DateTimeKind.Unspecified), "2026-11-28T12:00:00Z", null];
        _engine["rows"] = moments.Select((moment, number) => Csv.Bag(
        [
            ("Received", moment),
            ("SenderAddress", "J\u00fcrgen@contoso.com"),
            ("RecipientAddress", PSObject.AsPSObject($"kund\u0119-{number}@fabrikam.example")),
            // Quotation marks within end nothing.
            ("Status", "Deliv\",\"ered"),
            ("MessageTraceId", number % 2 == 0 ? new Guid(7, 0, 0, new byte[8]) : "{00000007-0000-0000-0000-000000000000}"),
        ])).ToArray();
        var outcome = _engine.Run($"$rows | Measure-OutboundSending {Domains}");
        var sending = Assert.Single(outcome.Output);
        Assert.Equal("j\u00fcrgen@contoso.com", sending.Value("SenderAddress"));
        Assert.Equal((1L, 4L), (sending.Value("MessageCount"), sending.Value("ExternalRecipientCount")));
        Assert.Equal((noon, noon), (sending.Value("FirstSent"), sending.Value("LastSent")));
        Assert.Contains("1 of 5 lines could not be used: they have no time", Assert.Single(outcome.Warnings));
    }

    [Theory]
    [InlineData("summary.csv", "extended.csv", "rows.csv")]
    [InlineData("extended.csv", "summary.csv", "rows.csv")]
    [InlineData("rows.csv", "extended.csv", "summary.csv")]
    public void Rows_of_several_shapes_come_through_one_pipeline(params string[] shapes)
    {
        // Each shape has a third of the messages.
        _engine["rows"] = shapes.SelectMany((shape, part) =>
        {
            var rows = Csv.Import(File.ReadAllText(Write(shape)).ReplaceLineEndings("\n").TrimEnd('\n'));
            var id = shape == "rows.csv" ? "MessageTraceId" : "network_message_id";
            var messages = rows.Select(row => row.Text(id)).Distinct().Where((_, number) => number % shapes.Length == part).ToHashSet();
            return rows.Where(row => messages.Contains(row.Text(id)));
        }).ToArray();
        var outcome = _engine.Run($"$rows | Measure-OutboundSending {Domains} -DateOrder MonthFirst");
        Assert.Empty(outcome.Warnings);
        Expect(outcome.One);
    }

    /// <summary>Nothing more goes out when 10,000 recipients are used, until the first 5,000 leave the window.</summary>
    private static void Expect(PSObject sending)
    {
        Assert.Equal("news@contoso.com", sending.Value("SenderAddress"));
        Assert.Equal((20L, 10_000L), (sending.Value("MessageCount"), sending.Value("ExternalRecipientCount")));
        Assert.Equal("RecipientRate", sending.Value("TrippedLimit")!.ToString());
        Assert.Equal(new Guid(11, 0, 4, new byte[8]).ToString(), sending.Value("MessageTraceId"));
        Assert.Equal(new DateTime(2026, 11, 28, 11, 0, 0, DateTimeKind.Utc), sending.Value("At"));
        Assert.Equal(new DateTime(2026, 11, 29, 9, 0, 0, DateTimeKind.Utc), sending.Value("CanSendAgainAt"));
        Assert.Equal((10L, 5000L, 10_000L), (sending.Value("PeakMessagesPerMinute"), sending.Value("PeakExternalPerHour"), sending.Value("PeakRecipientsPer24Hours")));
        Assert.Equal(0L, sending.Value("RemainingExternal"));
    }

    [Fact]
    public void Another_moment_is_looked_from()
    {
        var sending = _engine.Run($"Measure-OutboundSending -LiteralPath '{Write("rows.csv")}' {Domains} -At 2026-11-28T10:30:00Z").One;
        Assert.Equal(7500L, sending.Value("RecipientsLast24Hours"));
        Assert.Equal(2500L, sending.Value("RemainingExternal"));
        Assert.Null(sending.Value("TrippedLimit"));
        Assert.Equal("RecipientRate", sending.Value("ForecastLimit")!.ToString());
        Assert.Equal(new DateTime(2026, 11, 28, 11, 30, 0, DateTimeKind.Utc), sending.Value("ForecastAt"));
    }

    [Fact]
    public void The_organization_is_summed_up()
    {
        var path = Write("rows.csv");
        File.AppendAllText(path, "\"cut\",\"off\"\n");
        var outcome = _engine.Run($"Measure-OutboundSending '{Path.Combine(_folder.FullName, "*.csv")}' {Domains} -Summary -LicenseCount 10");
        var summary = outcome.One;
        Assert.Equal((1L, 20L, 10_000L), (summary.Value("SenderCount"), summary.Value("MessageCount"), summary.Value("ExternalLast24Hours")));
        Assert.Equal(12_006L, summary.Value("TenantExternal"));
        Assert.Equal("fabrikam.example (10000)", ((object[])summary.Value("TopDomains")!).Single().ToString());
        Assert.Equal("news@contoso.com (10000)", ((object[])summary.Value("TopSenders")!).Single().ToString());
        var unusable = PSObject.AsPSObject(((object[])summary.Value("Unusable")!).Single());
        Assert.Equal((1L, 10_002L, path), (unusable.Value("Count"), unusable.Value("Line"), unusable.Value("Path")));
        Assert.Contains($"The first is line 10002 of {path}.", Assert.Single(outcome.Warnings));
    }

    [Fact]
    public void The_service_is_asked_by_the_policies_and_the_list()
    {
        _engine.Connect();
        var sending = _engine.Run("Measure-OutboundSending -SenderAddress news@contoso.com -StartDate @(Get-RestrictedSender news@contoso.com)[0].RestrictedSince.AddDays(-2)").One;
        Assert.Equal("contoso.onmicrosoft.com", sending.Value("Organization"));
        Assert.NotNull(sending.Value("Policy"));
        Assert.NotNull(sending.Value("BlockType"));
        Assert.True((long)sending.Value("RecipientCount")! > 0);
    }

    [Fact]
    public void Who_is_inside_must_be_known()
    {
        var error = _engine.Run($"Measure-OutboundSending -LiteralPath '{Write("rows.csv")}'").Thrown;
        Assert.Equal("RS6002.AcceptedDomainsUnknown", error.Id());
        Assert.Contains("-AcceptedDomain", error!.ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void One_file_that_cannot_be_read_hides_no_other()
    {
        var good = Write("rows.csv");
        var bad = Path.Combine(_folder.FullName, "notes.csv");
        File.WriteAllText(bad, "a,b\n1,2\n");
        var outcome = _engine.Run($"Measure-OutboundSending -LiteralPath '{bad}', '{good}' {Domains}");
        Expect(Assert.Single(outcome.Output));
        Assert.Equal("RS6001.TraceUnreadable", outcome.Errors.Single().Id());
        Assert.Equal("RS6001.TraceUnreadable", _engine.Run($"Measure-OutboundSending -LiteralPath '{bad}' {Domains}").Thrown.Id());
    }

    [Fact]
    public void Objects_of_something_else_are_refused_and_none_brings_none()
    {
        var error = _engine.Run($"[pscustomobject]@{{ Name = 'x' }} | Measure-OutboundSending {Domains}").Thrown;
        Assert.Equal("RS6001.TraceUnreadable", error.Id());
        // A number has no properties at all.
        Assert.Equal("RS6001.TraceUnreadable", _engine.Run($"5 | Measure-OutboundSending {Domains}").Thrown.Id());
        Assert.Empty(_engine.Run($"$null | Measure-OutboundSending {Domains}").Good);
        Assert.Empty(_engine.Run($"@() | Measure-OutboundSending {Domains}").Good);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Delete(recursive: true);
    }
}
