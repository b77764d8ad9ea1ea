using System.Text;
using System.Text.Json;

namespace RestrictedSender.Module.Tests;

/// <summary>The history from exports of the audit log, from the journal, and from the service.</summary>
[Collection(RealJournalTests.Collection)]
public sealed class HistoryTests : IDisposable
{
    private const string Megan = "megan.bowen@contoso.com", Service = "service@contoso.com";
    private const string Spam = "OutboundSpamLast24Hours=842;OutboundMailLast24Hours=1203;OutboundSpamPercent=70;";

    private readonly Engine _engine = new();
    private readonly Folder _folder = new();
    private Tenant? _tenant;

    private string Export => _folder.Write("audit.csv", Csv(
        [Hygiene("2026-11-02T08:00:00", "Listed", Megan, Spam),
        Unblock("2026-11-02T09:00:00", Megan, "adele@contoso.com", "Ticket 4711"),
        Hygiene("2026-11-02T10:30:00", "Delisted", Megan),
        .. Enumerable.Range(0, 4).Select(week =>
            Hygiene($"2026-11-{2 + (7 * week):00}T08:00:00", "Listed", Service, "RecipientRateLimitExceeded"))]));

    [Fact]
    public void Each_event_comes_with_what_belongs_to_it()
    {
        var rows = Good($"Get-RestrictedSenderHistory megan.bowen@contoso.com -Path '{Export}'");
        Assert.Equal(["Listed", "Unblocked", "Delisted"], rows.Texts("Event"));
        Assert.All(rows, row =>
        {
            Assert.Equal((Megan, "Mailbox", "AuditLog"), (row.Text("SenderAddress"), row.Text("EntityType"), row.Text("Source")));
            Assert.Equal(Utc(8, 0), row.Value("RestrictedSince"));
            Assert.Equal(Utc(9, 0), row.Value("RequestedAt"));
            Assert.Equal(Utc(10, 30), row.Value("ReleasedAt"));
            Assert.Equal(TimeSpan.FromMinutes(90), row.Value("TimeToRelease"));
            Assert.Equal("adele@contoso.com", row.Text("UnblockedBy"));
            Assert.Null(row.Value("Complete"));
        });
        Assert.Equal("Spam", rows[0].Text("BlockType"));
        Assert.Equal(Spam, rows[0].Text("Reason"));
        Assert.Equal("842 of 1,203 messages in 24 hours judged spam (70%)", rows[0].Text("Summary"));
        Assert.Equal("Ticket 4711", rows[1].Text("Comment"));
    }

    [Fact]
    public void A_summary_finds_the_scheduled_job()
    {
        var rows = Good($"Get-RestrictedSenderHistory -Path '{Export}' -Summary");
        Assert.Equal([Service, Megan], rows.Texts("SenderAddress"));
        Assert.Equal([4L, 1L], rows.Select(row => row.Value("TimesRestricted")));
        Assert.Equal("every Monday 08:00 UTC: looks like a scheduled job", rows[0].Text("Pattern"));
        Assert.Equal("RecipientRate", rows[0].Text("LastBlockType"));
        Assert.Equal(TimeSpan.FromMinutes(90), rows[1].Value("MedianTimeToRelease"));
        Assert.Equal(TimeSpan.FromMinutes(150), rows[1].Value("MedianTimeRestricted"));
        Assert.Null(rows[0].Value("MedianTimeToRelease"));
    }

    [Theory]
    [InlineData("megan*", 3)]
    [InlineData("MEGAN.BOWEN@contoso.com, nobody@contoso.com", 3)]
    [InlineData("-StartDate ([datetime] '2026-11-09T00:00:00Z')", 3)]
    [InlineData("-EndDate ([datetime] '2026-11-02T09:00:00Z')", 3)]
    [InlineData("-ConnectorId 5a2e8b1c-0000-4000-8000-00000000000a", 0)]
    [InlineData("", 7)]
    public void Only_what_is_asked_for_is_shown(string asked, int count) =>
        Assert.Equal(count, Good($"Get-RestrictedSenderHistory {asked} -Path '{Export}'").Count);

    [Fact]
    public void Several_files_are_taken_from_the_pipeline_and_what_is_in_both_is_told_once()
    {
        _folder.Write("copy.csv", File.ReadAllText(Export));
        Assert.Equal(7, Good($"Get-RestrictedSenderHistory -Path '{_folder.Name}/*.csv'").Count);
        _engine["files"] = new DirectoryInfo(_folder.Name).GetFiles();
        Assert.Equal(7, Good("$files | Get-RestrictedSenderHistory").Count);
    }

    [Fact]
    public void An_empty_pipeline_shows_nothing() =>
        Assert.Empty(Good($"@() | Get-RestrictedSenderHistory -JournalPath '{Journal()}'"));

    [Fact]
    public void An_entity_is_taken_from_the_pipeline()
    {
        var journal = Journal();
        var script = $"Get-RestrictedSender adele* | Get-RestrictedSenderHistory -JournalPath '{journal}' "
            + "| Where-Object Source -eq Journal";
        Assert.Equal(2, Good(script).Count);
        Assert.Empty(Good(script.Replace("adele", "news")));
    }

    [Fact]
    public void Json_is_read_as_well()
    {
        var records = new[] { Hygiene("2026-11-02T08:00:00", "Listed", Megan, Spam) };
        var json = _folder.Write("audit.json", JsonSerializer.Serialize(records.Select(data => new { AuditData = data })));
        Assert.Equal("Listed", Assert.Single(Good($"Get-RestrictedSenderHistory -Path '{json}'")).Text("Event"));
    }

    [Fact]
    public void Records_that_cannot_be_used_are_counted_in_a_warning_and_make_it_incomplete()
    {
        var cut = Hygiene("2026-11-02T08:00:00", "Listed", Megan, Spam)[..150];
        var csv = _folder.Write("cut.csv", Csv([cut, Hygiene("2026-11-02T09:00:00", "Listed", Service), cut]));
        var outcome = _engine.Run($"Get-RestrictedSenderHistory -Path '{csv}'");
        Assert.Equal(false, outcome.One.Value("Complete"));
        var warning = Assert.Single(outcome.Warnings);
        Assert.Contains("2 of 3 records", warning);
        Assert.Contains("line 2", warning);
    }

    [Fact]
    public void An_export_of_something_else_is_a_warning()
    {
        var csv = _folder.Write("other.csv", Csv(["""{"Operation":"MailItemsAccessed"}"""]));
        var outcome = _engine.Run($"Get-RestrictedSenderHistory -Path '{csv}' -JournalPath '{Journal()}'");
        Assert.Contains("none is about a restricted entity", Assert.Single(outcome.Warnings));
    }

    [Fact]
    public void The_journal_joins_in()
    {
        var journal = Journal();
        Assert.Empty(Good("Disconnect-RestrictedSender"));
        var rows = Good($"Get-RestrictedSenderHistory -JournalPath '{journal}'");
        Assert.Equal(["Requested", "Answered"], rows.Texts("Event"));
        var requested = (DateTime)rows[0].Value("Time")!;
        var csv = _folder.Write("audit.csv", Csv(
            [Hygiene($"{requested.AddHours(-1):yyyy-MM-ddTHH:mm:ss}", "Listed", "adele.vance@contoso.com", Spam),
            Hygiene($"{requested.AddHours(2):yyyy-MM-ddTHH:mm:ss}", "Delisted", "adele.vance@contoso.com")]));
        rows = Good($"Get-RestrictedSenderHistory -Path '{csv}' -JournalPath '{journal}'");
        Assert.Equal(["Listed", "Delisted", "Requested", "Answered"], rows.Texts("Event"));
        Assert.All(rows, row => Assert.InRange((TimeSpan)row.Value("TimeToRelease")!, TimeSpan.FromMinutes(119), TimeSpan.FromHours(2)));
        Assert.All(rows, row => Assert.StartsWith("App ", row.Text("UnblockedBy")));
        Assert.Equal("secured", rows[3].Text("Comment"));
    }

    [Fact]
    public void A_connection_is_asked_where_no_file_is_given()
    {
        var tenant = _engine.Connect().Tenant;
        var before = tenant.Now;
        var rows = Good($"Get-RestrictedSenderHistory {Service}");
        Assert.All(rows, row =>
        {
            Assert.Equal((Service, "AuditLog"), (row.Text("SenderAddress"), row.Text("Source")));
            Assert.Equal(("contoso.onmicrosoft.com", true), (row.Text("Organization"), row.Value("IsPractice")));
            // What happened in the last day may not have arrived.
            Assert.Equal(false, row.Value("Complete"));
            Assert.NotNull(row.Value("CoveredUntil"));
        });
        Assert.NotEmpty(tenant.Requests("Search-UnifiedAuditLog", before));
        var job = Good($"Get-RestrictedSenderHistory {Service} -EndDate ([datetime]::UtcNow.AddDays(-2)) -Summary").Single();
        Assert.Contains("Monday", job.Text("Pattern"));
        Assert.Equal(true, job.Value("Complete"));

        before = tenant.Now;
        Assert.Equal(7, Good($"Get-RestrictedSenderHistory -Path '{Export}' -JournalPath '{Journal()}' | Where-Object Source -eq AuditLog").Count);
        Assert.Empty(tenant.Requests("Search-UnifiedAuditLog", before));
    }

    [Fact]
    public void Several_connections_are_asked_and_each_is_named()
    {
        _engine["both"] = new[] { _engine.Connect().Connection, _engine.Connect().Connection };
        var rows = Good($"Get-RestrictedSenderHistory {Service} -Summary -Connection $both");
        Assert.Equal(2, rows.Count);
    }

    [Fact]
    public void Without_the_role_the_journal_is_shown_beside_the_error()
    {
        var journal = Journal();
        _tenant!.Fault("Search-UnifiedAuditLog", Tenant.Reply(403));
        var told = _engine.Run($"Get-RestrictedSenderHistory -JournalPath '{journal}'");
        Assert.Equal("RS2009.NoAuditRole", told.Error.Id());
        Assert.Equal(["Requested", "Answered"], told.Output.Texts("Event"));
        Assert.All(told.Output, row => Assert.Equal(false, row.Value("Complete")));
    }

    [Theory]
    [InlineData("$null", "RS1008.NothingNamed")]
    [InlineData("broken", "RS1006.InvalidAddress")]
    [InlineData("-ConnectorId seven", "RS1007.InvalidConnectorId")]
    [InlineData("-StartDate 2026-11-02 -EndDate 2026-11-01", "RS1014.InvalidDateRange")]
    [InlineData("-JournalPath /nowhere", "RS5002.JournalUnreadable")]
    public void What_cannot_be_asked_is_an_error(string asked, string id) =>
        Assert.Equal(id, _engine.Run($"Get-RestrictedSenderHistory {asked}").Error.Id());

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    /// <summary>The journal of one unblock.</summary>
    private string Journal()
    {
        var journal = Path.Combine(_folder.Name, "journal");
        _tenant = _engine.Connect($"-JournalPath '{journal}'").Tenant;
        Assert.Empty(_engine.Run("Unblock-RestrictedSender adele.vance@contoso.com -Reason secured -Confirm:$false").Good);
        return journal;
    }

    private IReadOnlyList<System.Management.Automation.PSObject> Good(string script)
    {
        var outcome = _engine.Run(script);
        Assert.Empty(outcome.Warnings);
        return outcome.Good;
    }

    private static DateTime Utc(int hour, int minute) => new(2026, 11, 2, hour, minute, 0, DateTimeKind.Utc);

    private static string Hygiene(string time, string what, string sender, string reason = "") => JsonSerializer.Serialize(new
    {
        CreationTime = time,
        Id = Guid.NewGuid(),
        Operation = "HygieneTenantEvents",
        RecordType = 51,
        Event = what,
        EventValue = sender,
        Reason = reason,
    });

    private static string Unblock(string time, string sender, string who, string comment) => JsonSerializer.Serialize(new
    {
        CreationTime = time,
        Id = Guid.NewGuid(),
        Operation = "Remove-BlockedSenderAddress",
        RecordType = 1,
        ResultStatus = "True",
        UserId = who,
        Parameters = new[] { new { Name = "SenderAddress", Value = sender }, new { Name = "Reason", Value = comment } },
    });

    private static string Csv(IEnumerable<string> records)
    {
        var text = new StringBuilder("RecordId,AuditData\r\n");
        foreach (var record in records)
            text.Append("x,\"").Append(record.Replace("\"", "\"\"")).Append("\"\r\n");
        return text.ToString();
    }
}
