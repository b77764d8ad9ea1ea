using System.Collections.Specialized;
using System.Management.Automation;
using System.Net;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RestrictedSender.Module.Tests;

/// <summary>The evidence about the practice tenant's people and connectors, each of whom has a story.</summary>
public sealed class SenderAccountTests : Connected
{
    private const string Adele = "adele.vance@contoso.com", Megan = "megan.bowen@contoso.onmicrosoft.com",
        Everything = "-DisableForwarding -DisableInboxRule -RevokeSession -BlockSignIn -ResetPassword";

    [Theory]
    [InlineData("adele.vance@contoso.com", "NotSafe", "Takeover")]
    [InlineData(Megan, "Safe", "Unclear")]
    [InlineData("Johanna.Lorenz@Contoso.com", "Safe", "ScheduledJob")]
    [InlineData("scanner@print.contoso.com", "Safe", "RelayOrDevice")]
    [InlineData("isaiah.langer@contoso.com", "NotSafe", "Takeover")]
    [InlineData("alex.wilber@contoso.com", "NotSafe", "BulkSender")]
    public void Each_story_gets_the_verdict_that_a_good_analyst_would_give(string address, string verdict, string looks)
    {
        var report = Run($"Test-SenderAccount {address}").One;
        Assert.Equal((verdict, looks), (report.Text("Verdict"), report.Text("LooksLike")));
        Assert.NotEmpty(Assert.IsType<string[]>(report.Value("LooksLikeBecause")));
        Assert.Equal("Listed", report.Text("SinceBasis"));
        var summary = report.Text("Summary");
        Assert.All(Checks(report, "Failed").Where(Decides), name => Assert.Contains(name, summary));
    }

    [Fact]
    public void A_takeover_is_told_by_what_was_left_behind_with_the_lines_that_remove_it()
    {
        var report = Run("Test-SenderAccount adele.vance@contoso.com").One;
        string[] left = ["Forwarding", "InboxRules", "FullAccess", "AppConsents"];
        foreach (var name in left)
        {
            var check = Check(report, name);
            Assert.Equal("Failed", check.Text("Result"));
            Assert.NotEmpty((string[])check.Value("Command")!);
            Assert.Contains((object[])check.Value("Seen")!, fact => Of(fact, "IsSuspicious") is true);
            Assert.StartsWith("https://learn.microsoft.com/", check.Text("SourceUrl"), StringComparison.Ordinal);
        }
        Assert.Contains("Disable-InboxRule", ((string[])Check(report, "InboxRules").Value("Command")!)[0]);
    }

    [Fact]
    public void Only_who_is_safe_is_unblocked_from_the_pipeline()
    {
        var outcomes = Run("""
            Get-RestrictedSender | Test-SenderAccount | Where-Object Verdict -EQ Safe |
                Unblock-RestrictedSender -Wait -Confirm:$false
            """).Good;
        Assert.Equal(5, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.Equal("Released", outcome.Text("Outcome")));
        Assert.Equal(
            [Megan, "Johanna.Lorenz@Contoso.com", "scanner@print.contoso.com"],
            Tenant.Removals.Select(request => request.Parameter("SenderAddress")).Where(address => address is not null));
        Assert.Equal(2, Tenant.Removals.Count(request => request.Parameter("ConnectorId") is not null));
    }

    [Theory]
    [InlineData("User.Read.All", "PasswordChanged", "SessionsRevoked", "SignInState")]
    [InlineData("UserAuthenticationMethod.Read.All", "AuthenticationMethods")]
    [InlineData("Directory.Read.All", "AppConsents", "AdminRoles")]
    [InlineData("IdentityRiskyUser.Read.All", "UserRisk")]
    [InlineData("Get-InboxRule", "InboxRules")]
    [InlineData("Get-SweepRule", "SweepRules")]
    [InlineData("Get-MailboxPermission", "FullAccess")]
    [InlineData("Get-RecipientPermission", "SendAs")]
    [InlineData("Get-TransportRule", "TransportRules")]
    [InlineData("Get-CASMailbox", "Protocols")]
    [InlineData("Get-MailboxAuditBypassAssociation", "MailboxAudit")]
    public void Without_a_permission_exactly_its_checks_are_unknown_and_nobody_is_safe(
        string permission, params string[] checks)
    {
        Tenant.Forbid(permission);
        var report = Run($"Test-SenderAccount {Megan}").One;
        Assert.Equal(checks, Checks(report, "Unknown"));
        Assert.Empty(Checks(report, "Failed"));
        Assert.Equal(checks.Any(Decides) ? "CannotTell" : "Safe", report.Text("Verdict"));
        Assert.All(checks, name =>
        {
            var check = Check(report, name);
            Assert.Contains(permission, check.Text("Needs") + check.Text("Recommendation"));
            Assert.IsType<ErrorRecord>(check.Value("Error"));
        });
    }

    [Fact]
    public void Fewer_checks_than_all_make_nobody_safe()
    {
        var report = Run($"Test-SenderAccount {Megan} -Check Forwarding, InboxRules").One;
        Assert.Equal(["Forwarding", "InboxRules"], Checks(report, "Passed"));
        Assert.Equal("CannotTell", report.Text("Verdict"));
    }

    [Fact]
    public void What_counts_as_the_block_can_be_named()
    {
        var report = Run($"Test-SenderAccount {Megan} -Since ([datetime]::UtcNow.AddMinutes(-2))").One;
        Assert.Equal("Given", report.Text("SinceBasis"));
        Assert.Equal("Failed", Check(report, "PasswordChanged").Text("Result"));
        var error = Run($"Test-SenderAccount {Megan} -Since 2100-01-01").Error;
        Assert.Equal("RS1014.InvalidDateRange", error.Id());
    }

    [Fact]
    public void Nothing_is_changed_by_looking()
    {
        var before = Tenant.Now;
        Assert.NotEmpty(Run("Get-RestrictedSender | Test-SenderAccount").Good);
        Assert.DoesNotContain(Tenant.Requests(before), IsChange);
    }

    [Fact]
    public void WhatIf_names_each_action_and_sends_no_change()
    {
        var before = Tenant.Account(Adele).GetRawText();
        Engine.Host.Clear();
        Assert.Empty(Run($"Protect-SenderAccount {Adele} {Everything} -WhatIf").Good);
        Assert.Equal(5, Engine.Host.Lines.Count(line => line.StartsWith("What if: ", StringComparison.Ordinal)));
        Assert.Equal(before, Tenant.Account(Adele).GetRawText());
        Assert.DoesNotContain(Tenant.Requests(), IsChange);
    }

    [Fact]
    public void Each_action_is_seen_in_the_account_and_is_undone_by_what_was_recorded()
    {
        var before = Tenant.Account(Adele);
        var done = Run($"Protect-SenderAccount {Adele} {Everything} -Confirm:$false").Good;
        Assert.Equal(
            ["BlockSignIn", "ResetPassword", "RevokeSession", "DisableForwarding", "DisableInboxRule"],
            done.Texts("Action"));
        Assert.All(done, action => Assert.True((bool)action.Value("Changed")!));
        var after = Tenant.Account(Adele);
        Assert.False(after.GetProperty("accountEnabled").GetBoolean());
        Assert.Equal(JsonValueKind.Null, after.GetProperty("forwardingSmtpAddress").ValueKind);
        Assert.NotEqual(
            before.GetProperty("signInSessionsValidFromDateTime").GetString(),
            after.GetProperty("signInSessionsValidFromDateTime").GetString());
        Assert.DoesNotContain(after.GetProperty("inboxRules").EnumerateArray(), rule =>
            rule.GetProperty("name").GetString() == "." && rule.GetProperty("enabled").GetBoolean());

        var forwarding = (OrderedDictionary)done[3].Value("Before")!;
        Assert.EndsWith((string)forwarding["ForwardingSmtpAddress"]!, before.GetProperty("forwardingSmtpAddress").GetString());
        Assert.Equal("true", ((OrderedDictionary)done[0].Value("Before")!)["accountEnabled"]);
        Assert.All(new[] { 0, 3, 4 }, action => Assert.NotEmpty(done[action].Text("Undo")));
    }

    [Fact]
    public void A_new_password_is_handed_out_once_and_nowhere_else()
    {
        var run = Run($"Protect-SenderAccount {Adele} -ResetPassword -Confirm:$false -Verbose");
        var password = new NetworkCredential("", Assert.IsType<SecureString>(run.One.Value("Password"))).Password;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(password)));
        Assert.Equal(hash, Tenant.Account(Adele).GetProperty("passwordSha256").GetString());
        Assert.True(Tenant.Account(Adele).GetProperty("forceChangePasswordNextSignIn").GetBoolean());
        var journals = Directory.GetFiles(Connection.Text("JournalPath"), "*", SearchOption.AllDirectories);
        Assert.NotEmpty(journals);
        Assert.All(journals, file => Assert.DoesNotContain(password, File.ReadAllText(file)));
        Assert.All(run.Verbose.Concat(run.Warnings), text => Assert.DoesNotContain(password, text));
        Assert.DoesNotContain(password, $"{run.One} {run.One.Text("Detail")}");
    }

    [Fact]
    public void An_action_that_is_declined_is_not_taken_and_the_next_is_asked_for()
    {
        Engine.Host.Answers.Enqueue("N");
        Engine.Host.Answers.Enqueue("Y");
        var done = Run($"Protect-SenderAccount {Adele} -BlockSignIn -RevokeSession").Good;
        Assert.Equal(["RevokeSession"], done.Texts("Action"));
        Assert.True(Tenant.Account(Adele).GetProperty("accountEnabled").GetBoolean());
    }

    [Fact]
    public void Whoever_is_not_safe_is_not_unblocked_where_evidence_is_required()
    {
        var error = Run($"Unblock-RestrictedSender {Adele} -RequireEvidence -Confirm:$false").Error;
        Assert.Equal("RS4007.NotSafe", error.Id());
        Assert.Contains("Disable-InboxRule -Mailbox", error.Exception.Message);
        Assert.Empty(Tenant.Removals);
        Assert.Empty(Run($"Unblock-RestrictedSender {Megan} -RequireEvidence -Confirm:$false").Good);
        Assert.Equal(Megan, Assert.Single(Tenant.Removals).Parameter("SenderAddress"));
    }

    [Fact]
    public void An_override_unblocks_all_the_same_and_the_journal_keeps_its_reason()
    {
        Assert.Empty(Run($"Unblock-RestrictedSender {Adele} -Override 'Travelling, ticket 7' -Confirm:$false").Good);
        Assert.Single(Tenant.Removals);
        var journal = Directory.GetFiles(Connection.Text("JournalPath"), "*", SearchOption.AllDirectories)
            .Select(File.ReadAllText);
        Assert.Contains(journal, text => text.Contains("Travelling, ticket 7") && text.Contains("NotSafe"));
    }

    [Fact]
    public void Once_the_account_is_known_to_be_safe_the_next_step_is_the_unblock()
    {
        Assert.Equal("SecureThenUnblock", Run($"Get-RestrictedSender {Megan}").One.Text("NextStep"));
        Assert.Equal("Safe", Run($"Test-SenderAccount {Megan}").One.Text("Verdict"));
        var entry = Run($"Get-RestrictedSender {Megan}").One;
        Assert.Equal(("Unblock", "Safe"), (entry.Text("NextStep"), entry.Text("Evidence")));
        Assert.DoesNotContain("reset the password", entry.Text("Advice"));
    }

    private static bool IsChange(Request request) =>
        request.Method is "PATCH" or "DELETE"
            || request.Path.EndsWith("/revokeSignInSessions", StringComparison.Ordinal)
            || (request.Cmdlet is { } cmdlet && !cmdlet.StartsWith("Get-", StringComparison.Ordinal)
                && cmdlet != "Search-UnifiedAuditLog");

    private static object Of(object inner, string property) => PSObject.AsPSObject(inner).Value(property)!;

    private static bool Decides(string check) => check is not ("SignInState" or "Protocols");

    private static PSObject Check(PSObject report, string name) =>
        PSObject.AsPSObject(((object[])report.Value("Checks")!).Single(check => $"{Of(check, "Check")}" == name));

    private static IReadOnlyList<string> Checks(PSObject report, string result) =>
        [.. ((object[])report.Value("Checks")!)
            .Where(check => $"{Of(check, "Result")}" == result)
            .Select(check => $"{Of(check, "Check")}")];
}
