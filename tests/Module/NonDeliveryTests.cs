using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;

namespace RestrictedSender.Module.Tests;

/// <summary>Delivery reports from files, folders, texts and tracking logs; no connection is needed for any of it.</summary>
public sealed class NonDeliveryTests : IDisposable
{
    private const string Restricted = "550 5.1.8 Access denied, bad outbound sender AS(42004)";
    private const string Connector = "550;5.7.711 Access denied, bad inbound connector. AS(2204).";
    private const string TraceId = "0c6c1eb9-0000-4000-8000-000000000001";

    private readonly Engine _engine = new();
    private readonly Folder _folder = new();

    [Fact]
    public void A_report_tells_everything()
    {
        var row = Assert.Single(Good($"ConvertFrom-NonDeliveryReport '{Bounce("a.eml", Restricted)}'"));
        Assert.Equal(("RestrictedSender", "High", "RefusedByMicrosoft"), (row.Text("Class"), row.Text("Confidence"), row.Text("Direction")));
        Assert.Equal(("adele.vance@contoso.com", "r@example.com"), (row.Text("SenderAddress"), row.Text("RecipientAddress")));
        Assert.Equal((550, "5.1.8", 42004L), (row.Value("StatusCode"), row.Value("EnhancedStatus"), row.Value("AntispamCode")));
        Assert.Equal(Restricted, row.Text("DiagnosticText"));
        Assert.Equal("AM6PR01MB0001.eurprd01.prod.outlook.com", row.Text("GeneratingServer"));
        Assert.Equal((TraceId, "m1@contoso.com"), (row.Text("MessageTraceId"), row.Text("MessageId")));
        Assert.Equal(new DateTime(2026, 11, 23, 7, 0, 0, DateTimeKind.Utc), row.Value("ReportedAt"));
        Assert.Equal(("SecureThenUnblock", "Admin", "Mailbox"), (row.Text("NextStep"), row.Text("LiftedBy"), row.Text("EntityType")));
        Assert.Contains("Unblock-RestrictedSender", row.Text("Advice"));
        Assert.StartsWith("To: adele.vance@contoso.com", row.Text("ForwardText"));
        Assert.Equal(Path.Combine(_folder.Name, "a.eml"), row.Text("Source"));
        Assert.Equal((1L, false), (row.Value("MessageNumber"), row.Value("IsQuoted")));
    }

    [Fact]
    public void Files_patterns_folders_and_objects_are_read_in_order()
    {
        var replies = Enumerable.Range(0, 600).Select(number => $"550 5.1.1 User unknown {number:000}").ToList();
        for (var number = 0; number < replies.Count; number++)
            Bounce($"{number:000}.eml", replies[number]);
        _engine["files"] = new DirectoryInfo(_folder.Name).GetFiles().OrderBy(file => file.Name, StringComparer.Ordinal).ToArray();
        Assert.Equal(replies, Good("$files | ConvertFrom-NonDeliveryReport").Texts("DiagnosticText"));
        Assert.Equal(replies, Good($"ConvertFrom-NonDeliveryReport '{_folder.Name}/*.eml'").Texts("DiagnosticText").Order());
        Assert.Equal(replies, Good($"ConvertFrom-NonDeliveryReport '{_folder.Name}'").Texts("DiagnosticText").Order());
        Assert.Equal(replies.Take(1), Good($"ConvertFrom-NonDeliveryReport -LiteralPath '{_folder.Name}/000.eml'").Texts("DiagnosticText"));
    }

    [Fact]
    public void Restricted_senders_flow_into_an_unblock()
    {
        _engine.Connect();
        Bounce("1.eml", Restricted);
        Bounce("2.eml", "501 5.1.8 Sender address rejected");
        var outcome = _engine.Run(
            $"ConvertFrom-NonDeliveryReport '{_folder.Name}' | Where-Object Class -EQ RestrictedSender | Unblock-RestrictedSender -WhatIf");
        Assert.Empty(outcome.Good);
        var asked = Assert.Single(_engine.Host.Lines, line => line.StartsWith("What if: ", StringComparison.Ordinal));
        Assert.Contains("adele.vance@contoso.com", asked);
    }

    [Theory]
    [InlineData("$reports")]
    [InlineData("$bags")]
    public void A_report_about_a_connector_never_unblocks_its_sender(string from)
    {
        var (_, tenant) = _engine.Connect();
        // The sender of the message is listed, too, for reasons of its own.
        Bounce("1.eml", Connector);
        var reports = Good($"ConvertFrom-NonDeliveryReport '{_folder.Name}'");
        Assert.Equal(("RestrictedConnector", "Connector"), (reports[0].Text("Class"), reports[0].Text("EntityType")));
        _engine["reports"] = reports.ToArray();
        _engine["bags"] = reports.Select(row => PSSerializer.Deserialize(PSSerializer.Serialize(row))).ToArray();
        var outcome = _engine.Run($"{from} | Unblock-RestrictedSender -Confirm:$false");
        Assert.Equal("RS1008.NothingNamed", outcome.Error.Id());
        Assert.Equal("adele.vance@contoso.com", outcome.Error.TargetObject);
        Assert.Empty(tenant.Removals);
    }

    [Fact]
    public void Texts_are_read_with_what_their_objects_say_besides()
    {
        var row = Assert.Single(Good($"'{Restricted}' | ConvertFrom-NonDeliveryReport -Sender a@contoso.com"));
        Assert.Equal(("RestrictedSender", "a@contoso.com", ""), (row.Text("Class"), row.Text("SenderAddress"), row.Text("Source")));
        var tracked = new PSObject();
        tracked.Properties.Add(new PSNoteProperty("Sender", "b@contoso.com"));
        tracked.Properties.Add(new PSNoteProperty("Recipients", new[] { "x@example.com", "y@example.com" }));
        tracked.Properties.Add(new PSNoteProperty("MessageId", "<m7@contoso.com>"));
        tracked.Properties.Add(new PSNoteProperty("RecipientStatus", new[]
        {
            $"[{{LED={Restricted} [host]}};{{MSG=}};{{FQDN=contoso.mail.protection.outlook.com}};{{IP=192.0.2.1}};{{LRT=x}}]",
            "[{LED=550 5.1.1 User unknown};{MSG=};{FQDN=mx.example.com};{IP=192.0.2.2};{LRT=x}]",
        }));
        _engine["tracked"] = tracked;
        // As a CSV file has it: one text, which PowerShell would rather have made of the whole object.
        var saved = new PSObject();
        saved.Properties.Add(new PSNoteProperty("RecipientStatus", $"[{{LED={Restricted}}}]"));
        _engine["row"] = saved;
        Assert.Equal([Restricted], Good("$row | ConvertFrom-NonDeliveryReport").Texts("DiagnosticText"));
        _engine["failure"] = new InvalidOperationException($"The server said: {Restricted}");
        var rows = Good("$tracked, $failure | ConvertFrom-NonDeliveryReport");
        Assert.Equal(["RestrictedSender", "RecipientProblem", "RestrictedSender"], rows.Texts("Class"));
        Assert.Equal(["x@example.com", "y@example.com", ""], rows.Texts("RecipientAddress"));
        Assert.Equal(["b@contoso.com", "b@contoso.com", ""], rows.Texts("SenderAddress"));
        Assert.Equal("m7@contoso.com", rows[0].Text("MessageId"));
    }

    [Fact]
    public void Our_domains_tell_whose_mail_was_refused()
    {
        var file = Bounce("a.eml", "550 5.7.606 Access denied, banned sending IP [192.0.2.9]");
        Assert.Equal("RefusedByRecipient", Good($"ConvertFrom-NonDeliveryReport '{file}' -AcceptedDomain contoso.com")[0].Text("Direction"));
        var theirs = Good($"ConvertFrom-NonDeliveryReport '{file}' -AcceptedDomain example.com")[0];
        Assert.Equal(("RefusedByUs", "192.0.2.9"), (theirs.Text("Direction"), theirs.Text("IPAddress")));
        Assert.Equal("https://sender.office.com", theirs.Text("DelistUrl"));
        Assert.Contains("https://sender.office.com", theirs.Text("ForwardText"));
    }

    [Fact]
    public void What_is_no_report_says_why_and_what_cannot_be_read_does_not_stop_the_rest()
    {
        var good = Bounce("a.eml", Restricted);
        _folder.Write("b.txt", "Good morning");
        var outcome = _engine.Run($"ConvertFrom-NonDeliveryReport '{_folder.Name}/none.eml', '{_folder.Name}/b.txt', '{good}'");
        Assert.Equal("RS5005.ReportUnreadable", outcome.Error.Id());
        Assert.Equal(["NotAReport", "RestrictedSender"], outcome.Output.Texts("Class"));
        Assert.Equal(("Nothing", "It is a text without a status code such as 550 5.1.8."), (outcome.Output[0].Text("NextStep"), outcome.Output[0].Text("ConfidenceReason")));
        Assert.Equal("RS5005.ReportUnreadable", _engine.Run($"ConvertFrom-NonDeliveryReport '{_folder.Name}/*.none'").Error.Id());
        Assert.Equal(["NotAReport"], Good("'' | ConvertFrom-NonDeliveryReport").Texts("Class"));
        Assert.Empty(Good("@() | ConvertFrom-NonDeliveryReport"));
    }

    [Fact]
    public void A_file_in_UTF_16_is_read()
    {
        var file = Path.Combine(_folder.Name, "a.txt");
        File.WriteAllText(file, $"Remote Server returned '{Restricted}'\r\n", Encoding.Unicode);
        Assert.Equal(["RestrictedSender"], Good($"ConvertFrom-NonDeliveryReport '{file}'").Texts("Class"));
    }

    [Fact]
    public void A_code_has_its_meanings()
    {
        var rows = Good("Get-NonDeliveryCode 5.1.8");
        Assert.Equal(["RestrictedSender", "OtherRefusal"], rows.Texts("Class"));
        Assert.Equal(["5.7.708"], Good("'550 5.7.708 no' | Get-NonDeliveryCode").Texts("Code"));
        Assert.Equal(["5.7.606-5.7.649"], Good("Get-NonDeliveryCode 5.7.610").Texts("Code"));
        Assert.Contains("5.7.711", Good("Get-NonDeliveryCode").Texts("Code"));
        Assert.Equal(["RestrictedConnector"], Good($"'{Connector}', 'Good morning' | ConvertFrom-NonDeliveryReport | Get-NonDeliveryCode").Texts("Class"));
        Assert.Empty(Good("@() | Get-NonDeliveryCode"));
    }

    [Theory]
    [InlineData("ConvertFrom-NonDeliveryReport '{0}'", "Class|Sender|Recipient|Status|NextStep")]
    [InlineData("Get-NonDeliveryCode", "Code|Class|LiftedBy|NextStep|Text")]
    public void A_table_fits_120_columns(string script, string columns)
    {
        var file = Bounce("a.eml", Restricted);
        _engine.Host.Clear();
        Assert.Empty(_engine.Run(string.Format(script, file) + " | Out-Default").Good);
        var lines = _engine.Host.Lines.Select(line => Regex.Replace(line, @"\x1b\[[0-9;]*m", "")).ToList();
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 120));
        var header = Assert.Single(lines, line => columns.Split('|').All(line.Contains));
        Assert.DoesNotContain('\u2026', header);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    private IReadOnlyList<PSObject> Good(string script) => _engine.Run(script).Good;

    /// <summary>Writes a report of Exchange Online about a message that was refused with that reply.</summary>
    private string Bounce(string name, string reply) => _folder.Write(name, $"""
        From: Microsoft Outlook <postmaster@contoso.com>
        To: <adele.vance@contoso.com>
        Date: Mon, 23 Nov 2026 08:00:00 +0100
        Subject: Undeliverable: Hello
        Return-Path: <>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b"

        --b
        Content-Type: text/plain

        Your email address is suspected of sending spam.
        --b
        Content-Type: message/delivery-status

        Reporting-MTA: dns;AM6PR01MB0001.eurprd01.prod.outlook.com

        Final-Recipient: rfc822;r@example.com
        Action: failed
        Status: 5.0.0
        Diagnostic-Code: smtp;{reply}

        --b
        Content-Type: message/rfc822

        From: Adele <adele.vance@contoso.com>
        Message-ID: <m1@contoso.com>
        X-MS-Exchange-CrossTenant-Network-Message-Id: {TraceId}

        Hello
        --b--
        """);
}
