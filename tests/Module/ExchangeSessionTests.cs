using System.Management.Automation;
using System.Text.Json;

namespace RestrictedSender.Module.Tests;

/// <summary>The module through the session that Connect-ExchangeOnline has opened, with no sign-in of its own.</summary>
[Collection(RealJournalTests.Collection)]
public sealed class ExchangeSessionTests : IDisposable
{
    private const string Adele = "adele.vance@contoso.com", Megan = "megan.bowen@contoso.onmicrosoft.com";
    private const string Module = "tmpEXO_a";

    private readonly Program _program = new();
    private readonly Engine _engine = new();
    private readonly ExchangeFunctions _exchange;
    private readonly Folder _journals = new();

    public ExchangeSessionTests()
    {
        _exchange = new ExchangeFunctions(_program);
        _engine["exchange"] = _exchange;
        _engine["journals"] = _journals.Name;
    }

    private string Organization => _program.Invitation.Organization;

    [Theory]
    [InlineData("")]
    [InlineData("EXO")]
    public void Everything_works_through_it_with_the_same_objects(string prefix)
    {
        Open(prefix);
        var connection = Run("Connect-RestrictedSender -JournalPath $journals").One;
        Assert.Equal(Organization, connection.Text("Organization"));
        Assert.Equal($"Exchange session of admin@{Organization}", connection.Text("Account"));

        var rows = Run("Get-RestrictedSender").Good;
        Assert.Equal(11, rows.Count);
        Assert.Equal(("Spam", "SecureThenUnblock"), (rows[0].Text("BlockType"), rows[0].Text("NextStep")));
        Assert.Equal("BlockUserForToday", rows.Single(row => row.Text("SenderAddress") == "news@contoso.com").Text("ActionWhenThresholdReached"));
        Assert.All(rows, row => Assert.IsType<DateTime>(row.Value("RestrictedSince")));
        Assert.Equal("Restricted", Run("Test-RestrictedSender ceo@contoso.com").One.Text("State"));
        Assert.Equal("NotRestricted", Run("Test-RestrictedSender diego.siciliani@contoso.com").One.Text("State"));

        var outcome = Run($"Get-RestrictedSender {Adele} | Unblock-RestrictedSender -Confirm:$false -PassThru").One;
        Assert.Equal("Removing", outcome.Text("Outcome"));
        Assert.Equal(Adele, Assert.Single(_program.Tenant.Removals).Parameter("SenderAddress"));
        Assert.Equal("StillListed", Run($"Wait-RestrictedSender {Adele} -TimeoutSec 0").One.Text("Outcome"));
        Assert.Contains(Run("Get-RestrictedSenderHistory").Good, row => row.Text("Event") == "Answered");
        Assert.Contains(Run("Get-RestrictedSenderHistory").Good, row => row.Text("Source") == "AuditLog");

        Assert.NotEmpty(_exchange.Bound);
        Assert.DoesNotContain(_exchange.Bound, call => call.Contains("ErrorAction", StringComparison.Ordinal));
        Assert.Contains("Remove-BlockedSenderAddress Confirm SenderAddress", _exchange.Bound);
    }

    [Fact]
    public void Without_a_connection_the_only_session_is_used_and_named()
    {
        Open();
        var outcome = Run($"Get-RestrictedSender {Adele}, {Megan}");
        Assert.Equal(2, outcome.Good.Count);
        Assert.Equal(
            $"Using the Exchange session of this PowerShell: {Organization}, Exchange session of admin@{Organization}.",
            Assert.Single(outcome.Warnings));
        Assert.Empty(Run("Get-RestrictedSender -EntityType Connector").Warnings);
        Assert.Equal("True", Run("Get-RestrictedSenderConnection").One.Text("IsDefault"));
    }

    [Fact]
    public void Each_change_is_asked_for_once_and_the_question_names_the_organization()
    {
        Open();
        _engine.Host.Answers.Enqueue("Y");
        _engine.Host.Answers.Enqueue("N");
        _engine.Host.Answers.Enqueue("Y");
        var outcome = Run($"Unblock-RestrictedSender {Adele}, {Megan}, scanner@print.contoso.com -PassThru");
        Assert.Equal(2, outcome.Good.Count);
        Assert.Equal(3, _engine.Host.Prompts.Count);
        Assert.All(_engine.Host.Prompts, prompt => Assert.StartsWith($"Organization: {Organization}", prompt.Message));
        Assert.Equal([Adele, "scanner@print.contoso.com"], _program.Tenant.Removals.Select(removal => removal.Parameter("SenderAddress")));
    }

    [Fact]
    public void An_account_is_checked_and_secured_as_far_as_a_session_reaches()
    {
        Open();
        var report = Run($"Test-SenderAccount {Adele} -WarningAction Ignore").One;
        Assert.Equal(("NotSafe", "Takeover"), (report.Text("Verdict"), report.Text("LooksLike")));
        Assert.Contains((string[])report.Value("Unseen")!, unseen => unseen.Contains("Microsoft Graph"));
        var done = Run($"Protect-SenderAccount {Adele} -DisableForwarding -DisableInboxRule -Confirm:$false").Good;
        Assert.All(done, action => Assert.True((bool)action.Value("Changed")!));
        var account = _program.Tenant.Account(Adele);
        Assert.Equal(JsonValueKind.Null, account.GetProperty("forwardingSmtpAddress").ValueKind);
        Assert.DoesNotContain(account.GetProperty("inboxRules").EnumerateArray(), rule =>
            rule.GetProperty("name").GetString() == "." && rule.GetProperty("enabled").GetBoolean());
        Assert.Equal("RS2022.NoGraph", Run($"Protect-SenderAccount {Adele} -BlockSignIn -Confirm:$false").Error.Id());
    }

    [Fact]
    public void Of_several_sessions_the_admin_chooses()
    {
        Run(_exchange.Import("exchange", Module) + "\n" + _exchange.Import("exchange", "tmpEXO_b", "Other") + "\n"
            + ExchangeFunctions.Information((Module, "", Organization), ("tmpEXO_b", "Other", "fabrikam.com")));
        var error = Run("Get-RestrictedSender").Error;
        Assert.Equal("RS1004.InvalidConnection", error.Id());
        Assert.Contains("-Prefix 'Other' (fabrikam.com)", error.Exception.Message);
        Assert.Equal("fabrikam.com", Run("Connect-RestrictedSender -Prefix Other").One.Text("Organization"));
        Assert.Equal(Organization, Run("Connect-RestrictedSender -Prefix ''").One.Text("Organization"));
        Assert.Equal("RS1001.NotConnected", Run("Connect-RestrictedSender -Prefix Third").Error.Id());
    }

    [Fact]
    public void A_session_that_does_not_say_whose_it_is_is_asked()
    {
        Run(_exchange.Import("exchange", Module));
        Assert.Equal(Organization, Run("Connect-RestrictedSender").One.Text("Organization"));
    }

    [Fact]
    public void What_a_role_does_not_have_is_said()
    {
        Run(_exchange.Import("exchange", Module, without: ["Remove-BlockedSenderAddress", "Search-UnifiedAuditLog"]));
        var outcome = Run($"Unblock-RestrictedSender {Adele} -Confirm:$false");
        Assert.Equal("RS2008.NoRole", outcome.Error.Id());
        Assert.Contains("has no Remove-BlockedSenderAddress", outcome.Error.Exception.Message);
        Assert.Equal("RS2009.NoAuditRole", Run("Get-RestrictedSenderHistory").Error.Id());
    }

    [Theory]
    [InlineData("Continue")]
    [InlineData("SilentlyContinue")]
    [InlineData("Ignore")]
    [InlineData("Stop")]
    public void An_error_is_never_read_as_not_restricted_whatever_the_preference(string preference)
    {
        Open();
        Run("$null = Connect-RestrictedSender -JournalPath $journals");
        foreach (var scope in new[] { "global:", "" })
        {
            _exchange.Failure = ("Get-BlockedSenderAddress", "The response ended prematurely.");
            var outcome = Run($"${scope}ErrorActionPreference = '{preference}'; Test-RestrictedSender {Adele}");
            var row = Assert.Single(outcome.Output);
            Assert.Equal("Unknown", row.Text("State"));
            Assert.Contains("The response ended prematurely.", ((ErrorRecord)row.Value("Error")!).Exception.Message);
            Assert.Equal(preference, Run("$ErrorActionPreference").One.ToString());
            Run("$global:ErrorActionPreference = 'Continue'");
        }
    }

    [Fact]
    public void A_change_whose_answer_is_lost_is_not_sent_again()
    {
        Open();
        Run($"$entry = Get-RestrictedSender {Adele}");
        _exchange.Failure = ("Remove-BlockedSenderAddress", "The response ended prematurely.");
        var outcome = Run("$entry | Unblock-RestrictedSender -Confirm:$false -PassThru");
        Assert.Equal("RS4005.OutcomeUnknown", outcome.Error.Id());
        Assert.Single(_program.Tenant.Removals);
    }

    [Fact]
    public void The_services_own_refusal_is_told_as_over_REST()
    {
        Open();
        var outcome = Run("Unblock-RestrictedSender isaiah.langer@contoso.com -Confirm:$false");
        Assert.Equal("RS4004.UnblockLimitReached", outcome.Error.Id());
        Assert.Contains("unblocked at least 3 times", outcome.Error.Exception.Message);
    }

    [Fact]
    public void Warnings_of_its_cmdlets_are_shown()
    {
        Open();
        _exchange.Warning = "The results may be outdated.";
        Assert.Contains("The results may be outdated.", Run($"Get-RestrictedSender {Adele}").Warnings);
    }

    [Fact]
    public void When_the_session_has_ended_nothing_of_another_is_touched()
    {
        Open();
        Run($"$connection = Connect-RestrictedSender; $entry = Get-RestrictedSender {Adele}");
        Run($"Remove-Module {Module}");
        Assert.Equal("RS1001.NotConnected", Run("Get-RestrictedSender").Error.Id());
        Run(_exchange.Import("exchange", "tmpEXO_b"));
        var outcome = Run("$entry | Unblock-RestrictedSender -Confirm:$false");
        Assert.Equal("RS1001.NotConnected", outcome.Error.Id());
        Assert.Contains("has ended", outcome.Error.Exception.Message);
        Assert.Empty(_program.Tenant.Removals);
    }

    [Fact]
    public void A_connection_that_was_made_by_itself_follows_the_session()
    {
        Open();
        Run("Get-RestrictedSender");
        Run($"Remove-Module {Module}");
        Assert.Contains("Connect-RestrictedSender", Run("Get-RestrictedSender").Error.ErrorDetails?.RecommendedAction ?? "");
        Run(_exchange.Import("exchange", "tmpEXO_b"));
        Assert.Equal(11, Run("Get-RestrictedSender").Good.Count);
    }

    [Fact]
    public void Two_operations_of_one_pipeline_share_it()
    {
        Open();
        var rows = Run($"Get-RestrictedSender -EntityType Mailbox | Test-RestrictedSender").Good;
        Assert.Equal(8, rows.Count);
        Assert.All(rows, row => Assert.Equal("Restricted", row.Text("State")));
    }

    [Fact]
    public void Stopping_the_pipeline_stops_the_cmdlet_of_the_session()
    {
        Run(ExchangeFunctions.Information(("", "", "contoso.com"))
            + "\nfunction Get-BlockedSenderAddress { [CmdletBinding()] param() $global:started.Set(); while ($true) { [Threading.Thread]::Sleep(1) } }");
        using var started = new ManualResetEventSlim();
        _engine["started"] = started;
        using var shell = _engine.Prepare("Connect-RestrictedSender");
        var running = shell.BeginInvoke();
        Assert.True(started.Wait(Engine.Limit));
        var stopped = shell.BeginStop(null, null);
        Assert.True(stopped.AsyncWaitHandle.WaitOne(Engine.Limit), "it goes on");
        Assert.Equal(PSInvocationState.Stopped, shell.InvocationStateInfo.State);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _program.Dispose();
        _journals.Dispose();
    }

    private Outcome Run(string script) => _engine.Run(script);

    /// <summary>What Connect-ExchangeOnline leaves in the session.</summary>
    private void Open(string prefix = "") =>
        Assert.Empty(Run(_exchange.Import("exchange", Module, prefix) + "\n"
            + ExchangeFunctions.Information((Module, prefix, Organization))).Good);
}
