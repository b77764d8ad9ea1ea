using System.Collections.Specialized;

namespace RestrictedSender.Module.Tests;

/// <summary>Which outbound spam policy applies to the practice tenant's people, and how much they may send.</summary>
public sealed class SendingLimitTests : Connected
{
    private const string Megan = "megan.bowen@contoso.com", Grady = "grady.archie@contoso.com";

    [Fact]
    public void A_sender_gets_the_policy_its_limits_and_where_each_comes_from()
    {
        var limit = Run($"Get-OutboundSendingLimit {Grady} -LicenseCount 25").One;
        Assert.Equal((Grady, Grady), (limit.Text("SenderAddress"), limit.Text("From")));
        Assert.Equal(("Projects", "Project Falcon"), (limit.Text("Policy"), limit.Text("Rule")));
        Assert.Equal("BlockUserForToday", limit.Text("ActionWhenThresholdReached"));
        Assert.Equal((10_000L, 200L, 300L), (Figure("ExternalPerHour"), Figure("InternalPerHour"), Figure("RecipientsPerDay")));
        Assert.Equal((10_000L, 30L, 500L), (Figure("RecipientRate"), Figure("MessagesPerMinute"), Figure("RecipientsPerMessage")));
        Assert.Equal(14_259L, Figure("TenantExternal"));
        var source = Assert.IsType<OrderedDictionary>(limit.Value("Source"));
        Assert.Equal(
            "ServiceDefault|Policy|Policy|Service|Service|ServiceDefault|Tenant",
            string.Join('|', source.Values.Cast<object>()));
        Assert.All(source.Keys.Cast<string>(), name => Assert.NotNull(limit.Value(name)));
        Assert.Contains("says 0", Assert.Single((string[])limit.Value("Warnings")!));

        long Figure(string name) => (long)limit.Value(name)!;
    }

    [Fact]
    public void Every_rule_says_what_became_of_it()
    {
        var rules = Run($"(Get-OutboundSendingLimit {Grady}).Rules").Good;
        Assert.Equal(
            ["DoesNotMatch", "DoesNotMatch", "DoesNotMatch", "Disabled", "DoesNotMatch", "Matches", "NotReached", "NotReached"],
            rules.Texts("Result"));
        Assert.All(rules, rule => Assert.NotEqual("", rule.Text("Why")));
        Assert.Equal(Enumerable.Range(0, 8).Select(number => $"{number}"), rules.Texts("Priority"));
    }

    [Fact]
    public void What_cannot_be_read_is_told_and_never_a_no()
    {
        Tenant.Forbid("Get-UnifiedGroupLinks");
        var limit = Run($"Get-OutboundSendingLimit {Grady}").One;
        Assert.Equal(("", "Projects|Default"), (limit.Text("Policy"), string.Join('|', (string[])limit.Value("MayApply")!)));
        Assert.Null(limit.Value("ExternalPerHour"));
        Assert.Contains("not known", limit.Text("Why"));
        Assert.Contains("CannotTell", Run($"(Get-OutboundSendingLimit {Grady}).Rules").Good.Texts("Result"));
    }

    [Theory]
    [InlineData($"'{Megan}' | Get-OutboundSendingLimit")]
    [InlineData($"[pscustomobject]@{{ UserPrincipalName = '{Megan}' }} | Get-OutboundSendingLimit")]
    [InlineData($"[pscustomobject]@{{ SenderAddress = 'lee.gu@contoso.com'; From = '{Megan}' }} | Get-OutboundSendingLimit")]
    [InlineData($"Get-OutboundSendingLimit lee.gu@contoso.com -From {Megan}")]
    [InlineData($"Get-OutboundSendingLimit -From {Megan}")]
    [InlineData($"Get-OutboundSendingLimit {Megan} | Get-OutboundSendingLimit")]
    public void The_From_address_selects_the_policy_however_it_is_named(string script)
    {
        var limit = Run(script).One;
        Assert.Equal((Megan, "Executives"), (limit.Text("From"), limit.Text("Policy")));
    }

    [Fact]
    public void Whoever_is_named_by_an_address_whose_mail_has_another_policy_is_warned()
    {
        var asked = Run("Get-OutboundSendingLimit news@contoso.com");
        var warning = Assert.Single(asked.Warnings);
        Assert.Contains("Newsletters", warning);
        Assert.Equal("Default", asked.One.Text("Policy"));
        Assert.Equal([warning], (string[])asked.One.Value("Warnings")!);
    }

    [Fact]
    public void Whoever_is_restricted_is_asked_about_where_they_come_from()
    {
        Engine["first"] = Connection;
        Engine.Connect();
        const string everybody = "Get-RestrictedSender * -Connection $first | Get-OutboundSendingLimit";
        Assert.Equal(8, Run(everybody).Good.Count);
        Assert.NotEmpty(Tenant.Requests("Get-HostedOutboundSpamFilterRule"));
    }

    [Fact]
    public void A_connector_and_another_organizations_sender_are_errors_of_their_own()
    {
        var mixed = Run("Get-RestrictedSender | Get-OutboundSendingLimit");
        Assert.Equal((8, 3), (mixed.Output.Count, mixed.Errors.Count));
        Assert.All(mixed.Errors, error => Assert.Equal("RS1006.InvalidAddress", error.Id()));
        var elsewhere = Run($"Get-OutboundSendingLimit {Megan} -TenantId 00000000-0000-0000-0000-000000000001");
        Assert.Equal("RS1010.WrongOrganization", elsewhere.Error.Id());
    }

    [Fact]
    public void Without_a_name_every_rule_is_shown_with_warnings_and_an_empty_pipeline_shows_nothing()
    {
        var shown = Run("Get-OutboundSendingLimit");
        Assert.Equal(
            ["Executives", "Newsletters", "Devices", "Everybody strict", "Campaigns", "Projects", "Field staff",
                "Campaigns of last year", "Default"],
            shown.Good.Texts("Policy"));
        Assert.Contains(shown.Warnings, warning => warning.Contains("The rule Everybody strict is disabled"));
        Assert.Contains(shown.Warnings, warning => warning.Contains("The rule Field staff matches nobody"));
        Assert.Equal("Everybody else", shown.Output[^1].Text("AppliesTo"));
        Assert.Empty(Run("@() | Get-OutboundSendingLimit").Good);
        Assert.Equal("RS1008.NothingNamed", Run("Get-OutboundSendingLimit $null").Error.Id());
    }

    [Fact]
    public void Usage_is_counted_from_the_trace_and_only_where_it_is_wanted()
    {
        Assert.NotNull(Tenant.Submit("lee.gu@contoso.com", "lee.gu@contoso.com", ["ann@fabrikam.example", "nestor.wilke@contoso.com"]));
        Tenant.Advance(TimeSpan.FromSeconds(1));
        var without = Run("Get-OutboundSendingLimit lee.gu@contoso.com").One;
        Assert.All(Usage, name => Assert.Null(without.Value(name)));
        Assert.Empty(Tenant.Requests("Get-MessageTraceV2"));

        var used = Run("Get-OutboundSendingLimit lee.gu@contoso.com -IncludeUsage").One;
        Assert.Equal(Tenant.Time, used.Value("UsageAt"));
        Assert.Equal(
            (1L, 1L, 1L, 2L),
            (used.Value("MessagesLastMinute"), used.Value("ExternalThisHour"), used.Value("InternalThisHour"), used.Value("RecipientsLast24Hours")));
        Assert.Equal((499L, 998L), (used.Value("RemainingExternal"), used.Value("RemainingInternal")));
        Assert.Equal("Exact", used.Text("CountAccuracy"));
        Assert.Null(used.Value("RestrictedBy"));
        Assert.Single(Tenant.Requests("Get-MessageTraceV2"));
    }

    [Fact]
    public void Usage_that_cannot_be_read_is_empty_with_a_warning()
    {
        Tenant.Forbid("Get-MessageTraceV2");
        var asked = Run("Get-OutboundSendingLimit lee.gu@contoso.com -IncludeUsage");
        Assert.All(Usage, name => Assert.Null(asked.One.Value(name)));
        var warning = Assert.Single(asked.Warnings);
        Assert.StartsWith("How much is used is not known.", warning);
        Assert.Equal([warning], (string[])asked.One.Value("Warnings")!);
    }

    private static string[] Usage =>
    [
        "UsageAt", "MessagesLastMinute", "ExternalThisHour", "InternalThisHour", "RecipientsToday", "RecipientsLast24Hours",
        "CountAccuracy", "RemainingExternal", "RemainingInternal", "TrippedLimit", "TrippedAt", "RestrictedBy", "CanSendAgainAt",
    ];

    [Fact]
    public void Nothing_is_changed_by_looking()
    {
        var before = Tenant.Now;
        Run($"Get-OutboundSendingLimit; Get-OutboundSendingLimit {Grady}");
        Assert.All(Tenant.Requests(before), request => Assert.StartsWith("Get-", request.Cmdlet));
    }
}
