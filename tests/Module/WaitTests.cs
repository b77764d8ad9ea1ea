using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;

namespace RestrictedSender.Module.Tests;

/// <summary>Waits on a practice tenant whose time stands still and jumps ahead while everybody waits.</summary>
public sealed class WaitTests : Connected
{
    private const string Adele = "adele.vance@contoso.com", Megan = "megan.bowen@contoso.onmicrosoft.com";

    [Fact]
    public void A_pipeline_unblocks_everybody_and_waits_for_all_together()
    {
        var outcome = Run("Get-RestrictedSender | Unblock-RestrictedSender -Wait -Confirm:$false");
        Assert.Equal("RS4004.UnblockLimitReached", outcome.Error.Id());
        Assert.Equal(11, outcome.Output.Count);
        var released = outcome.Output.Where(row => row.Text("Outcome") == "Released").ToList();
        Assert.Equal(10, released.Count);
        Assert.All(released, row =>
        {
            var elapsed = Assert.IsType<TimeSpan>(row.Value("Elapsed"));
            Assert.InRange(elapsed, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(55));
            Assert.Equal((DateTime)row.Value("ReleasedAt")! - (DateTime)row.Value("RequestedAt")!, elapsed);
            Assert.Contains(row.Text("RequestId"), row.Text("SupportText"));
        });
        Assert.Equal(11, Tenant.Removals.Count);
        Assert.InRange(Tenant.Requests("Get-BlockedConnector").Count, 2, 20);
        var last = outcome.Progress.Last(record => record.RecordType == ProgressRecordType.Processing);
        Assert.Contains("Waiting for unblocks in contoso.onmicrosoft.com", last.Activity);
        Assert.Matches(@"^\d+ of 10 done after 0:\d\d:\d\d; usually within 1:00:00, at most 24:00:00", last.StatusDescription);
        Assert.InRange(last.PercentComplete, 50, 99);
        Assert.Equal(ProgressRecordType.Completed, outcome.Progress[^1].RecordType);
    }

    [Theory]
    [InlineData(25 * 3600, 26 * 3600, "Released")]
    [InlineData(25 * 3600, 24 * 3600, "StillListed")]
    public void A_slow_release_is_waited_for_as_long_as_was_said(int after, int timeout, string expected)
    {
        Tenant.Order(new { senderAddress = Adele, afterSeconds = after });
        var row = Run($"Unblock-RestrictedSender {Adele} -Wait -TimeoutSec {timeout} -Confirm:$false").One;
        Assert.Equal(expected, row.Text("Outcome"));
        Assert.InRange(((TimeSpan)row.Value("Elapsed")!).TotalSeconds, Math.Min(after, timeout), timeout);
        Assert.Single(Tenant.Removals);
    }

    [Fact]
    public void Outcomes_are_waited_for_later_and_one_that_came_back_has_returned()
    {
        Tenant.Order(new { senderAddress = Adele, returnsAfterSeconds = 600 });
        Run($"$outcomes = Unblock-RestrictedSender {Adele}, {Megan} -Confirm:$false -PassThru");
        Assert.Equal(["Released", "Released"], Run("$outcomes | Wait-RestrictedSender").Good.Texts("Outcome"));
        Tenant.Advance(TimeSpan.FromMinutes(10));
        var outcome = Run("Wait-RestrictedSender -InputObject $outcomes");
        Assert.Equal(["Returned", "Released"], outcome.Good.Texts("Outcome"));
        Assert.Contains("restricted again", Assert.Single(outcome.Warnings));
        Assert.Equal(2, Tenant.Removals.Count);
    }

    [Theory]
    [InlineData("Get-RestrictedSender ceo@contoso.com | Wait-RestrictedSender -TimeoutSec 0")]
    [InlineData("Wait-RestrictedSender ceo@contoso.com -TimeoutSec 0")]
    [InlineData("'ceo@contoso.com' | Wait-RestrictedSender -TimeoutSec 0")]
    [InlineData("Test-RestrictedSender ceo@contoso.com | Wait-RestrictedSender -TimeoutSec 0")]
    [InlineData("[pscustomobject]@{ UserPrincipalName = 'ceo@contoso.com' } | Wait-RestrictedSender -TimeoutSec 0")]
    [InlineData("Wait-RestrictedSender ceo@contoso.com -TimeoutSec 0 -RequestedAt ''")]
    public void Whatever_names_a_person_is_looked_at_once(string script)
    {
        var row = Run(script).One;
        Assert.Equal(("StillListed", Megan), (row.Text("Outcome"), row.Text("SenderAddress")));
        Assert.Null(row.Value("RequestedAt"));
        Assert.Empty(Tenant.Removals);
    }

    [Theory]
    [InlineData("en-US")]
    [InlineData("en-GB")]
    [InlineData("de-DE")]
    [InlineData("fr-CA")]
    public void Rows_of_a_file_bring_the_time_of_their_request_in_whatever_culture(string culture)
    {
        // A day that could be a month, so that to read one for the other shows.
        var now = (DateTime)Run($"Get-RestrictedSender {Adele}").One.Value("ListedAt")!;
        var month = new DateTime(now.Year, now.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1);
        Tenant.Advance(month.AddDays(month.Month == 3 ? 3 : 2) - now);
        var rows = Run("""
            $connector = (Get-RestrictedSender -EntityType Connector)[0]
            $connector | Unblock-RestrictedSender -Confirm:$false -PassThru
            Unblock-RestrictedSender ceo@contoso.com -Confirm:$false -PassThru
            """).Good;
        // As Export-Csv writes it, which takes the culture of the machine.
        var written = rows.Select(row => new
        {
            Key = row.Text("ConnectorId"),
            Address = row.Text("SenderAddress"),
            At = ((DateTime)row.Value("RequestedAt")!).ToString(new CultureInfo(culture)),
        });
        Engine["rows"] = written.Select(row => (object)$"{row.Address}|{row.Key}|{row.At}").ToArray();
        Engine["culture"] = new CultureInfo(culture);
        Tenant.Advance(TimeSpan.FromHours(1));
        var waited = Run("""
            $before = [Threading.Thread]::CurrentThread.CurrentCulture
            try {
                [Threading.Thread]::CurrentThread.CurrentCulture = $culture
                $rows | ForEach-Object {
                    $address, $id, $at = $_ -split '\|'
                    [pscustomobject]@{ SenderAddress = $address; ConnectorId = $id; RequestedAt = $at }
                } | Wait-RestrictedSender
            } finally { [Threading.Thread]::CurrentThread.CurrentCulture = $before }
            """).Good;
        Assert.Equal(["Released", "Released"], waited.Texts("Outcome"));
        var expected = (DateTime)rows[0].Value("RequestedAt")!;
        Assert.All(waited, row => Assert.Equal(expected, (DateTime)row.Value("RequestedAt")!, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void An_outcome_of_which_nothing_was_requested_is_looked_up_again()
    {
        Tenant.BreakDown("Get-BlockedSenderAddress", "drop");
        var outcome = Run("$outcome = Unblock-RestrictedSender ceo@contoso.com -Confirm:$false -PassThru; $outcome");
        Assert.Equal("RS3005.ConnectionLost", outcome.Error.Id());
        Tenant.Heal();
        var row = Run("$outcome | Wait-RestrictedSender -TimeoutSec 0").One;
        Assert.Equal(("StillListed", Megan), (row.Text("Outcome"), row.Text("SenderAddress")));
    }

    [Fact]
    public void Whoever_is_not_listed_is_NotListed_or_with_a_request_Released()
    {
        Assert.Equal("NotListed", Run("Wait-RestrictedSender diego@contoso.com").One.Text("Outcome"));
        var row = Run("Wait-RestrictedSender diego@contoso.com -RequestedAt '2026-11-23T07:06:05Z'").One;
        Assert.Equal("Released", row.Text("Outcome"));
        Assert.Equal(new DateTime(2026, 11, 23, 7, 6, 5, DateTimeKind.Utc), row.Value("RequestedAt"));
        Assert.Equal("RS4002.UnknownAddress", Run("Wait-RestrictedSender nobody@contoso.com").Error.Id());
    }

    [Fact]
    public void WhatIf_with_Wait_touches_nothing_and_waits_for_nobody()
    {
        Run("$entries = Get-RestrictedSender");
        var before = Tenant.Now;
        Assert.Empty(Run("$entries | Unblock-RestrictedSender -Wait -WhatIf").Good);
        // How often each was unblocked is read once for all of them, and nothing else.
        string[] count = ["Search-UnifiedAuditLog", "Get-AdminAuditLogConfig"];
        Assert.Equal(count, Tenant.Requests(before).Select(request => request.Cmdlet).Distinct());
    }

    [Fact]
    public void What_was_sent_before_nobody_could_be_asked_any_more_is_told()
    {
        Engine.Host.Answers.Enqueue("Y");
        var outcome = Run($"Unblock-RestrictedSender {Adele}, {Megan} -Wait");
        Assert.Equal("RS1011.ConfirmationImpossible", outcome.Error.Id());
        var row = Assert.Single(outcome.Output);
        Assert.Equal((Adele, "Removing"), (row.Text("SenderAddress"), row.Text("Outcome")));
        Assert.Single(Tenant.Removals);
    }

    [Fact]
    public void A_wait_that_is_not_asked_for_has_no_timeout()
    {
        var error = Run($"Unblock-RestrictedSender {Adele} -TimeoutSec 60 -Confirm:$false").Error;
        Assert.Equal("RS1013.InvalidWait", error.Id());
        Assert.Contains("-Wait", error.Exception.Message);
        Assert.Equal("RS1013.InvalidWait", Run($"Wait-RestrictedSender {Adele} -PollIntervalSec 0").Error.Id());
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void Looks_that_fail_are_told_once_and_never_read_as_a_release()
    {
        Run($"$outcome = Unblock-RestrictedSender {Adele} -Confirm:$false -PassThru");
        Tenant.BreakDown("Get-BlockedSenderAddress", "drop");
        var outcome = Run("$outcome | Wait-RestrictedSender -TimeoutSec 600");
        Assert.Equal("Failed", Assert.Single(outcome.Output).Text("Outcome"));
        Assert.Equal("RS4005.OutcomeUnknown", outcome.Error.Id());
        Assert.Single(outcome.Warnings);
    }

    [Fact]
    public void A_wait_that_was_stopped_is_finished_in_another_session()
    {
        Tenant.Fault("Get-BlockedSenderAddress", "hang", skip: 2);
        Stop(Engine, Tenant, "Get-RestrictedSender ceo@contoso.com | Unblock-RestrictedSender -Wait -Confirm:$false");
        Assert.Single(Tenant.Removals);
        using var other = new Engine();
        other["connection"] = Connection;
        var row = other.Run("Wait-RestrictedSender ceo@contoso.com -Connection $connection").One;
        Assert.Equal("Released", row.Text("Outcome"));
        Assert.Single(Tenant.Removals);
    }

    /// <summary>Starts a script, and stops it when it hangs in a look at the list.</summary>
    internal static void Stop(Engine engine, Tenant tenant, string script)
    {
        using var shell = engine.Prepare(script);
        var running = shell.BeginInvoke();
        var limit = DateTime.UtcNow + Engine.Limit;
        while (tenant.Requests().LastOrDefault() is not { Cmdlet: "Get-BlockedSenderAddress", Status: null }
            || tenant.Removals.Count == 0)
            Assert.True(DateTime.UtcNow < limit, "It never looked at the list after the removal.");
        Assert.True(shell.BeginStop(null, null).AsyncWaitHandle.WaitOne(Engine.Limit), "Stop hangs.");
        Assert.Throws<PipelineStoppedException>(() => shell.EndInvoke(running));
    }
}

/// <summary>A wait that goes on in a new process, which knows nothing of the first but what stands in a file.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly Program _program = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("wait-tests-");

    [Fact]
    public void A_new_process_goes_on_with_what_another_began()
    {
        var (tenant, app) = (_program.Tenant, _program.Tenant.AppWith("full"));
        var connect = $"""
            $secret = [Security.SecureString]::new()
            foreach ($letter in '{app.ClientSecret}'.ToCharArray()) {'{'} $secret.AppendChar($letter) {'}'}
            [void] (Connect-RestrictedSender {_program.Way} -AppId {app.AppId} -ClientSecret $secret)
            """;
        using (var engine = new Engine())
        {
            engine.Run(connect);
            tenant.Fault("Get-BlockedSenderAddress", "hang", skip: 1);
            WaitTests.Stop(engine, tenant, "Unblock-RestrictedSender ceo@contoso.com -Wait -Confirm:$false");
        }
        var wait = "(Wait-RestrictedSender ceo@contoso.com -TimeoutSec 0 -RequestedAt ([DateTime]::UtcNow)).Outcome";
        Assert.Equal("StillListed", InNewProcess(connect, wait));
        tenant.Advance(TimeSpan.FromMinutes(31));
        // Its clock is the machine's: the looks that must agree would take a minute.
        Assert.Equal("Removing", InNewProcess(connect, wait));
        tenant.Restrict("megan.bowen@contoso.onmicrosoft.com", "again");
        Assert.Equal("Returned", InNewProcess(connect, wait));
        Assert.Single(tenant.Removals);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _program.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>What the script prints when it runs in a process of its own.</summary>
    private string InNewProcess(string connect, string script)
    {
        var file = Path.Combine(_folder.FullName, "script.ps1");
        File.WriteAllText(file, $"Import-Module '{Place.Manifest}'\n$WarningPreference = 'Ignore'\n{connect}\n{script}\n");
        var start = Place.Shell(file);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Trim();
    }
}
