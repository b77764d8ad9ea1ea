using System.Management.Automation;
using System.Management.Automation.Host;

namespace RestrictedSender.Module.Tests;

public sealed class ConfirmationTests : Connected
{
    [Fact]
    public void A_mailbox_is_asked_about_with_organization_reason_and_two_recommendations()
    {
        var entry = Run("Get-RestrictedSender adele.vance@contoso.com").One;
        Engine.Host.Answers.Enqueue("N");
        Assert.Empty(Run("Unblock-RestrictedSender adele.vance@contoso.com -PassThru").Good);
        var prompt = Assert.Single(Engine.Host.Prompts);
        Assert.Contains("contoso.onmicrosoft.com (practice tenant)", prompt.Caption);
        Assert.Contains("contoso.onmicrosoft.com (practice tenant)", prompt.Message);
        Assert.Contains("adele.vance@contoso.com", prompt.Message);
        Assert.Contains(entry.Text("Summary"), prompt.Message);
        Assert.Contains(((DateTime)entry.Value("RestrictedSince")!).ToString("yyyy-MM-dd HH:mm 'UTC'"), prompt.Message);
        Assert.Matches("(?i)multi-factor authentication: https://entra.microsoft.com/", prompt.Message);
        Assert.Matches("(?i)password: https://admin.microsoft.com/", prompt.Message);
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void A_connector_is_asked_about_with_its_name_and_three_checks()
    {
        Engine.Host.Answers.Enqueue("N");
        Run("(Get-RestrictedSender -EntityType Connector)[1] | Unblock-RestrictedSender");
        var message = Assert.Single(Engine.Host.Prompts).Message;
        Assert.Contains("contoso.onmicrosoft.com", message);
        Assert.Contains("Fabrikam newsletter service", message);
        Assert.All(
            ["1. Who changed the connector", "2. Its certificate or source addresses", "3. What was relayed"],
            check => Assert.Contains(check, message));
        Assert.DoesNotContain("password", message);
    }

    [Fact]
    public void What_was_typed_is_shown_beside_the_listed_key()
    {
        Engine.Host.Answers.Enqueue("N");
        Run("Unblock-RestrictedSender ceo@contoso.com");
        var message = Assert.Single(Engine.Host.Prompts).Message;
        Assert.Contains("megan.bowen@contoso.onmicrosoft.com", message);
        Assert.Contains("ceo@contoso.com", message);
    }

    [Theory]
    [InlineData("YNY", 3, "adele.vance@contoso.com o'brien@contoso.com")]
    [InlineData("NNN", 3, "")]
    [InlineData("L", 1, "")]
    [InlineData("YL", 2, "adele.vance@contoso.com")]
    [InlineData("A", 1, "adele.vance@contoso.com scanner@print.contoso.com o'brien@contoso.com")]
    public void Only_what_is_answered_with_yes_is_unblocked(string answers, int prompts, string unblocked)
    {
        foreach (var answer in answers)
            Engine.Host.Answers.Enqueue(answer.ToString());
        var outcome = Run("""
            'adele.vance@contoso.com', 'scanner@print.contoso.com', "o'brien@contoso.com" |
                Unblock-RestrictedSender -PassThru
            """);
        Assert.Equal(unblocked, string.Join(' ', outcome.Good.Texts("SenderAddress")));
        var removed = Tenant.Removals.Select(removal => removal.Parameter("SenderAddress"));
        Assert.Equal(unblocked, string.Join(' ', removed));
        Assert.Equal(prompts, Engine.Host.Prompts.Count);
    }

    [Theory]
    [InlineData("Unblock-RestrictedSender ceo@contoso.com -Confirm:$false")]
    [InlineData("$ConfirmPreference = 'None'; Unblock-RestrictedSender ceo@contoso.com")]
    public void Where_nothing_is_to_be_asked_nothing_is_asked(string script)
    {
        Assert.Empty(Run(script).Good);
        Assert.Empty(Engine.Host.Prompts);
        Assert.Single(Tenant.Removals);
    }

    public static TheoryData<string, string> NobodyThere
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var host in new[] { "NonInteractive", "HostException" })
            {
                data.Add(host, "Unblock-RestrictedSender adele.vance@contoso.com -PassThru");
                data.Add(host, "Get-RestrictedSender | Unblock-RestrictedSender -PassThru");
                data.Add(host, "'ceo@contoso.com', 'news@contoso.com' | Unblock-RestrictedSender -PassThru");
                data.Add(host, "Unblock-RestrictedSender ceo@contoso.com, news@contoso.com -PassThru -ErrorAction Ignore");
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(NobodyThere))]
    public void Where_nobody_can_be_asked_one_terminating_error_says_so(string host, string script)
    {
        if (host == "HostException")
            Engine.Host.Nobody = () => new HostException("There is no user.");
        var outcome = Run(script);
        Assert.Equal("RS1011.ConfirmationImpossible", outcome.Thrown.Id());
        Assert.Empty(outcome.Errors);
        Assert.Empty(outcome.Output);
        Assert.Contains("-Confirm:$false", outcome.Error.Exception.Message);
        Assert.Contains("-Confirm:$false", outcome.Error.ErrorDetails.RecommendedAction);
        Assert.Contains("contoso.onmicrosoft.com (practice tenant)", outcome.Error.Exception.Message);
        Assert.Equal(ErrorCategory.InvalidOperation, outcome.Error.CategoryInfo.Category);
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void WhatIf_on_entries_reads_once_how_often_each_was_unblocked_and_nothing_else()
    {
        Run("$entries = Get-RestrictedSender");
        var before = Tenant.Now;
        Assert.Empty(Run("$entries | Unblock-RestrictedSender -WhatIf -PassThru").Good);
        string[] count = ["Search-UnifiedAuditLog", "Get-AdminAuditLogConfig"];
        Assert.Equal(count, Tenant.Requests(before).Select(request => request.Cmdlet).Distinct());
        Assert.Empty(Engine.Host.Prompts);
        Assert.Equal(11, Engine.Host.Lines.Count(line => line.StartsWith("What if: ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Unblock-RestrictedSender ceo@contoso.com -WhatIf")]
    [InlineData("$WhatIfPreference = $true; Unblock-RestrictedSender ceo@contoso.com")]
    public void WhatIf_by_name_reads_only_and_names_organization_key_and_reason(string script)
    {
        Assert.Empty(Run(script).Good);
        var line = Assert.Single(Engine.Host.Lines, line => line.StartsWith("What if: ", StringComparison.Ordinal));
        Assert.Contains("megan.bowen@contoso.onmicrosoft.com", line);
        Assert.Contains("contoso.onmicrosoft.com (practice tenant)", line);
        Assert.Contains("judged spam", line);
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void WhatIf_of_whoever_is_not_restricted_says_so() =>
        Assert.Equal("RS4001.NotListed", Run("Unblock-RestrictedSender diego@contoso.com -WhatIf").Error.Id());
}

public sealed class ConfirmationTestsWithoutAHost
{
    [Fact]
    public void Where_there_is_no_host_one_terminating_error_says_so()
    {
        using var engine = new Engine(withHost: false);
        var (_, tenant) = engine.Connect();
        var outcome = engine.Run("Get-RestrictedSender | Unblock-RestrictedSender -PassThru");
        Assert.Equal("RS1011.ConfirmationImpossible", outcome.Thrown.Id());
        Assert.Empty(outcome.Errors);
        Assert.Empty(outcome.Output);
        Assert.Empty(tenant.Removals);
    }
}
