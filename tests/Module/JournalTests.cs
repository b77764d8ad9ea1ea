using System.Globalization;
using System.Management.Automation;
using System.Text.Json;

namespace RestrictedSender.Module.Tests;

/// <summary>What an unblock leaves in the journal, and what the journal says before the next.</summary>
public sealed class JournalTests() : Connected("-Seed 5001")
{
    private const string Adele = "adele.vance@contoso.com", Megan = "megan.bowen@contoso.onmicrosoft.com";

    private string Journals => Connection.Text("JournalPath");

    private string File => Assert.Single(Directory.GetFiles(Journals, "*.jsonl", SearchOption.AllDirectories));

    private IReadOnlyList<JsonElement> Lines =>
        [.. System.IO.File.ReadAllLines(File).Select(line => JsonDocument.Parse(line).RootElement)];

    private IEnumerable<string?> Events => Lines.Select(line => Text(line, "event"));

    /// <summary>Unblocks a sender who is restricted anew after each time, and returns what the last one said.</summary>
    private Outcome Unblock(string address, int times = 1)
    {
        var outcome = Run($"Unblock-RestrictedSender {address} -Confirm:$false");
        Tenant.Advance(TimeSpan.FromMinutes(10));
        Tenant.Lift(address);
        Tenant.Restrict(address, "Sent as before.");
        return times == 1 ? outcome : Unblock(address, times - 1);
    }

    [Fact]
    public void An_unblock_is_told_before_it_is_sent_and_after_it_was_answered()
    {
        var row = Run($"Unblock-RestrictedSender {Adele} -Reason 'Ticket 4711' -Confirm:$false -PassThru").One;
        Assert.Equal(["Requested", "Answered"], Events);
        Assert.All(Lines, line =>
        {
            Assert.Equal(Adele, Text(line, "key"));
            Assert.Equal("Ticket 4711", Text(line, "comment"));
            Assert.Equal(Connection.Text("Account"), Text(line, "account"));
            Assert.Equal(Connection.Text("TenantId"), Text(line, "tenantId"));
            Assert.Equal(Environment.ProcessId, line.GetProperty("process").GetInt32());
            Assert.NotEmpty(Text(line, "machine")!);
        });
        Assert.Null(Text(Lines[0], "requestId"));
        Assert.Equal(row.Text("RequestId"), Text(Lines[1], "requestId"));
        Assert.Equal(Connection.Text("TenantId"), Path.GetFileName(Path.GetDirectoryName(File)));
    }

    [Theory]
    [InlineData("drop", "RS4005")]
    [InlineData("400", "RS4006")]
    public void A_failure_is_told_with_its_code(string fault, string code)
    {
        Tenant.Fault("Remove-BlockedSenderAddress", fault == "400" ? Tenant.Reply(400) : fault);
        var outcome = Run($"Unblock-RestrictedSender {Adele} -Confirm:$false");
        Assert.Equal(["Requested", "Failed"], Events);
        Assert.Equal(code, Text(Lines[1], "errorCode"));
        Assert.Equal(outcome.Error.Exception.Message, Text(Lines[1], "detail"));
    }

    [Fact]
    public void A_lost_reply_and_a_release_are_both_told()
    {
        Run($"$entry = Get-RestrictedSender {Adele}");
        Tenant.Lift(Adele);
        Tenant.Fault("Remove-BlockedSenderAddress", "lose-reply");
        Run("$entry | Unblock-RestrictedSender -Confirm:$false -Wait");
        Assert.Equal(["Requested", "Failed", "Released"], Events);
        Assert.Equal("RS4005", Text(Lines[1], "errorCode"));
    }

    [Theory]
    [InlineData("-WhatIf")]
    [InlineData("")] // Nobody can be asked here.
    public void What_is_not_done_is_not_told(string parameter)
    {
        Run($"Unblock-RestrictedSender {Adele} {parameter}");
        Run("Unblock-RestrictedSender diego@contoso.com -Confirm:$false");
        Assert.Empty(Directory.GetFileSystemEntries(Journals));
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void A_required_journal_that_cannot_be_written_refuses_before_anything_is_sent()
    {
        var (_, tenant) = Engine.Connect($"-JournalPath '{Place.Assembly}'");
        var outcome = Run($"'{Adele}', '{Megan}' | Unblock-RestrictedSender -Confirm:$false -RequireJournal -PassThru");
        Assert.Equal(["RS5001.JournalUnwritable", "RS5001.JournalUnwritable"], outcome.Errors.Select(error => error.Id()));
        Assert.All(outcome.Errors, error => Assert.Contains("was not unblocked", error.Exception.Message));
        Assert.Equal(["Failed", "Failed"], outcome.Output.Texts("Outcome"));
        Assert.Empty(tenant.Removals);
    }

    [Fact]
    public void A_journal_that_cannot_be_written_is_one_warning_and_the_unblock_goes_on()
    {
        var (_, tenant) = Engine.Connect($"-JournalPath '{Place.Assembly}'");
        var outcome = Run($"'{Adele}', '{Megan}' | Unblock-RestrictedSender -Confirm:$false");
        Assert.Empty(outcome.Good);
        Assert.Contains("cannot be written", Assert.Single(outcome.Warnings));
        Assert.Equal(2, tenant.Removals.Count);
        var wait = Run($"Wait-RestrictedSender '{Adele}'");
        Assert.Equal("Released", wait.Output.Single().Text("Outcome"));
        Assert.Contains("What this wait sees, a release or a return, is not recorded.", Assert.Single(wait.Warnings));
    }

    [Fact]
    public void A_practice_tenant_has_a_journal_of_its_own_that_goes_with_it()
    {
        Run($"Unblock-RestrictedSender {Adele} -Confirm:$false");
        var (journals, tenant) = (Journals, Connection.Text("TenantId"));
        Assert.True(System.IO.File.Exists(File));
        Assert.False(Directory.Exists(Path.Combine(Place.Journals, tenant)));
        Run("Disconnect-RestrictedSender");
        Assert.False(Directory.Exists(journals));
    }

    [Theory]
    [MemberData(nameof(Folders.Names), MemberType = typeof(Folders))]
    public void A_practice_tenant_writes_where_it_is_told_to(string name)
    {
        using var folder = new Folder();
        WritesTo(Path.Combine(folder.Name, name));
    }

    [ShareFact]
    public void A_journal_may_be_on_a_share()
    {
        using var folder = new Folder();
        WritesTo(@"\\localhost\" + folder.Name.Replace(':', '$'));
    }

    [WindowsFact]
    public void A_journal_may_be_named_in_the_long_form_of_Windows()
    {
        using var folder = new Folder();
        WritesTo(@"\\?\" + folder.Name);
    }

    private void WritesTo(string path)
    {
        var (connection, _) = Engine.Connect($"-JournalPath '{path}'");
        Assert.Equal(path, connection.Text("JournalPath"));
        Assert.Empty(Run($"Unblock-RestrictedSender {Adele} -Confirm:$false; Disconnect-RestrictedSender").Warnings);
        Assert.Equal("True", Run($"Test-RestrictedSenderJournal '{path}'").One.Text("IsIntact"));
        Assert.Single(Directory.GetFiles(path, "*.jsonl", SearchOption.AllDirectories));
    }

    [Fact]
    public void What_was_unblocked_too_often_is_told_with_how_often_and_when()
    {
        Unblock(Adele, times: 3);
        var refused = Unblock(Adele);
        Assert.Empty(refused.Warnings);
        Assert.Equal("RS4004.UnblockLimitReached", refused.Error.Id());
        var times = Lines.Where(line => Text(line, "event") == "Answered")
            .Select(line => line.GetProperty("time").GetDateTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC");
        Assert.Contains($"unblocked at least 3 times ({string.Join(", ", times)})", refused.Error.Exception.Message);
        Assert.Contains("Only Microsoft Support", refused.Error.Exception.Message);
        Assert.Equal("RS4004", Text(Lines[^1], "errorCode"));
    }

    [Fact]
    public void A_warning_comes_before_the_count_that_failed_last_time_for_anyone()
    {
        Unblock(Adele, times: 4);
        Assert.DoesNotContain(Unblock(Megan, times: 3).Warnings, IsAboutRefusal);
        var warning = Assert.Single(Unblock(Megan).Warnings, IsAboutRefusal);
        Assert.Contains(Megan, warning);
        Assert.Contains(Adele, warning);

        static bool IsAboutRefusal(string warning) => warning.Contains("refused to unblock");
    }

    [Fact]
    public void The_question_says_how_often_it_was_unblocked()
    {
        Engine.Host.Answers.Enqueue("N");
        Run($"Unblock-RestrictedSender {Adele}");
        Assert.DoesNotContain("Before:", Assert.Single(Engine.Host.Prompts).Message);
        Unblock(Adele);
        Engine.Host.Answers.Enqueue("N");
        Run($"Unblock-RestrictedSender {Adele}");
        Assert.Contains("Before:       unblocked at least once (20", Engine.Host.Prompts[^1].Message);
    }

    [Fact]
    public void A_journal_that_holds_is_told_to_be_intact()
    {
        Run($"'{Adele}', '{Megan}' | Unblock-RestrictedSender -Confirm:$false");
        var state = Run("Get-RestrictedSenderConnection | Test-RestrictedSenderJournal").One;
        Assert.Equal((true, true), (state.Value("IsIntact"), state.Value("FromTheBeginning")));
        Assert.Equal((1L, 4L, 0L), (state.Value("Files"), state.Value("Lines"), state.Value("UnknownLines")));
        Assert.Equal(Path.GetDirectoryName(File), state.Text("Path"));
        Assert.Equal(Connection.Value("ConnectedAt"), state.Value("CoversFrom"));
        Assert.Equal(Connection.Value("ConnectedAt"), state.Value("CoversUntil"));
        Assert.Matches("^[0-9a-f]{64}$", state.Text("Head"));
        Assert.Empty((Array)state.Value("Breaks")!);
    }

    [Fact]
    public void A_change_shows_with_file_and_line()
    {
        Run($"'{Adele}', '{Megan}' | Unblock-RestrictedSender -Confirm:$false");
        System.IO.File.WriteAllText(File, System.IO.File.ReadAllText(File).Replace(Adele, "alan.vance@contoso.com"));
        var state = Run($"Test-RestrictedSenderJournal '{Journals}'").One;
        Assert.Equal(false, state.Value("IsIntact"));
        var breaks = ((Array)state.Value("Breaks")!).Cast<object>().Select(PSObject.AsPSObject);
        Assert.Equal([2L, 3L], breaks.Select(place => place.Value("Line")));
        Assert.All(breaks, place => Assert.Equal(File, place.Text("File")));
        Assert.All(breaks, place => Assert.Contains("was changed", place.Text("Why")));
        var history = Run($"Get-RestrictedSenderHistory -JournalPath '{Journals}' | Where-Object Source -eq Journal");
        Assert.Equal(4, history.Good.Count);
        Assert.Contains("was changed", Assert.Single(history.Warnings));
    }

    [Fact]
    public void A_torn_line_is_set_aside_with_a_warning()
    {
        Run($"Unblock-RestrictedSender {Adele} -Confirm:$false");
        System.IO.File.AppendAllText(File, "{\"prev\":\"12");
        Assert.Equal(11L, Run($"Test-RestrictedSenderJournal '{Journals}'").One.Value("TornBytes"));
        Assert.Contains(".torn", Assert.Single(Run($"Unblock-RestrictedSender {Megan} -Confirm:$false").Warnings));
        var state = Run($"Test-RestrictedSenderJournal '{Journals}'").One;
        Assert.Equal((true, 0L), (state.Value("IsIntact"), state.Value("TornBytes")));
        Assert.EndsWith("000001.torn", Assert.Single((string[])state.Value("SetAside")!));
    }

    private static string? Text(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>Where the journals of real connections are. Whoever reads there must not be disturbed.</summary>
[Collection(Collection)]
public sealed class RealJournalTests(Program program) : IClassFixture<Program>, IDisposable
{
    internal const string Collection = "Journals";

    [Fact]
    public void The_variable_names_the_place_and_every_organization_has_a_folder()
    {
        using var engine = new Engine();
        engine["secret"] = ConnectTests.Secure(program.Invitation.ClientSecret);
        engine.Run($"$c = Connect-RestrictedSender {program.Way} -AppId {program.Invitation.AppId} -ClientSecret $secret");
        Assert.Equal(Place.Journals, engine.Run("$c.JournalPath").One.ToString());
        Assert.Empty(engine.Run("Unblock-RestrictedSender adele.vance@contoso.com -Confirm:$false").Good);
        var state = engine.Run("Test-RestrictedSenderJournal").One;
        Assert.Equal(Path.Combine(Place.Journals, program.Invitation.TenantId), state.Text("Path"));
        Assert.Equal(true, state.Value("IsIntact"));
    }

    public void Dispose()
    {
        foreach (var organization in Directory.GetDirectories(Place.Journals))
            Directory.Delete(organization, recursive: true);
    }
}

/// <summary>A folder that goes with the test.</summary>
internal sealed class Folder : IDisposable
{
    public string Name { get; } = Directory.CreateTempSubdirectory("RestrictedSender-test-").FullName;

    public string Write(string file, string text)
    {
        var path = Path.Combine(Name, file);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Name, recursive: true);
}
