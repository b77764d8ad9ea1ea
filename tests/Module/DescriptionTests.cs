using System.Globalization;

namespace RestrictedSender.Module.Tests;

/// <summary>From the service's reason to what the admin reads.</summary>
public sealed class DescriptionTests : Connected
{
    private const string Lee = "lee.gu@contoso.com", Adele = "adele.vance@contoso.com", Printer = "printer@print.contoso.com";

    private const string Spam =
        "OutboundSpamLast24Hours=842;OutboundMailLast24Hours=1203;OutboundSpamPercent=70.5;"
        + "Last Spam Message MessagetraceId:0c6c1eb9-0000-4000-8000-000000000001;CIP=2001:db8::7;AS:42004;";

    private const string PolicyLimit =
        "EmailSendingLimitExceeded;InternalRecipientCountToday=12;ExternalRecipientCountToday=1004;"
        + "ExceedingLimitType=External;Policy=Strict";

    private const string RecipientRate =
        "RecipientRateLimitExceeded;RecipientCountLast24Hours=10412;RcptRateLimit=10000";

    private const string Unknown = "Moon=full;by hand";

    /// <summary>What comes from the reason's text alone.</summary>
    private static readonly string[] Figures =
    [
        "SpamLast24Hours", "MailLast24Hours", "SpamPercent", "ClientIP", "AntispamCode", "LastSpamMessageTraceId",
        "LimitType", "InternalRecipientsToday", "ExternalRecipientsToday", "RecipientsLast24Hours",
        "RecipientRateLimit", "UnknownReason",
    ];

    [Theory]
    [InlineData(
        Spam,
        "Spam SpamLast24Hours=842 MailLast24Hours=1203 SpamPercent=70.5 ClientIP=2001:db8::7 AntispamCode=42004 "
        + "LastSpamMessageTraceId=0c6c1eb9-0000-4000-8000-000000000001")]
    [InlineData(
        PolicyLimit,
        "PolicyLimit LimitType=External InternalRecipientsToday=12 ExternalRecipientsToday=1004 "
        + "UnknownReason=Policy=Strict")]
    [InlineData(RecipientRate, "RecipientRate RecipientsLast24Hours=10412 RecipientRateLimit=10000")]
    [InlineData(Unknown, "Unknown UnknownReason=Moon=full; by hand")]
    [InlineData("", "Unknown")]
    public void Each_class_of_reason_has_its_figures_and_no_others(string reason, string expected)
    {
        Tenant.Restrict(Lee, reason);
        var row = Run($"Get-RestrictedSender {Lee}").One;
        var figures = Figures.Where(name => row.Value(name) is not null)
            .Select(name => FormattableString.Invariant($"{name}={row.Value(name)}"));
        Assert.Equal(expected, string.Join(' ', figures.Prepend(row.Text("BlockType"))));
        Assert.Equal(reason, row.Text("Reason"));
    }

    [Fact]
    public void Figures_are_numbers_and_ids_are_ids()
    {
        Tenant.Restrict(Lee, Spam);
        var row = Run($"Get-RestrictedSender {Lee}").One;
        Assert.IsType<long>(row.Value("SpamLast24Hours"));
        Assert.IsType<double>(row.Value("SpamPercent"));
        Assert.IsType<Guid>(row.Value("LastSpamMessageTraceId"));
        Assert.Single(Run("Get-RestrictedSender | Where-Object SpamLast24Hours -ge 842 | Where-Object SpamPercent -gt 70").Good);
    }

    [Fact]
    public void What_is_not_understood_is_kept_as_keys_and_values()
    {
        Tenant.Restrict(Lee, Unknown);
        var pairs = Run($"(Get-RestrictedSender {Lee}).UnknownReason").Good;
        Assert.Equal(["Moon full", " by hand"], pairs.Select(pair => $"{pair.Value("Key")} {pair.Value("Value")}"));
    }

    public static TheoryData<string, string, string, string?> Steps => new()
    {
        { Lee, Spam, "SecureThenUnblock", null },
        { Lee, PolicyLimit, "Wait", "Policy" },
        { Printer, PolicyLimit, "FixSenderThenUnblock", null },
        { Lee, RecipientRate, "Wait", "Service" },
        { Lee, Unknown, "SecureThenUnblock", null },
    };

    [Theory]
    [MemberData(nameof(Steps))]
    public void Each_class_of_reason_has_its_next_step_and_end(string sender, string reason, string step, string? basis)
    {
        Tenant.Restrict(sender, reason);
        var row = Run($"Get-RestrictedSender {sender}").One;
        Assert.Equal(step, row.Text("NextStep"));
        Assert.Equal(basis, row.Value("RestrictedUntilBasis")?.ToString());
        var since = (DateTime)row.Value("RestrictedSince")!;
        DateTime? until = basis switch
        {
            "Policy" => since.Date.AddDays(1),
            "Service" => since.AddDays(1),
            _ => null,
        };
        Assert.Equal(until, row.Value("RestrictedUntil"));
        Assert.StartsWith(row.Text("Summary"), row.Text("Advice"));
        Assert.Null(row.Value("ExpectedBy"));
        Assert.Null(row.Value("Overdue"));
    }

    [Theory]
    [InlineData(Lee, "Default", "BlockUserForToday", 300)]
    [InlineData(Printer, "Devices", "Alert", 40)]
    public void The_policy_behind_a_block_is_shown(string sender, string policy, string action, int days)
    {
        Tenant.Restrict(sender, PolicyLimit);
        var row = Run($"Get-RestrictedSender {sender}").One;
        Assert.Equal((policy, action), (row.Text("OutboundPolicy"), row.Text("ActionWhenThresholdReached")));
        var changed = (DateTime)row.Value("PolicyChanged")!;
        Assert.Equal(days, ((DateTime)row.Value("ListedAt")! - changed).TotalDays, 1);
    }

    [Fact]
    public void Where_the_policies_cannot_be_read_the_end_rests_on_an_assumption_and_the_admin_is_told()
    {
        Tenant.Restrict(Lee, PolicyLimit, temporaryBlock: true);
        Tenant.Fault("Get-HostedOutboundSpamFilterPolicy", Tenant.Reply(403, "\0\0\0"));
        var outcome = Run($"Get-RestrictedSender {Lee}");
        var warning = Assert.Single(outcome.Warnings);
        Assert.Contains("because the policies of contoso.onmicrosoft.com could not be read", warning);
        var row = outcome.One;
        Assert.Equal(("Wait", "Assumed"), (row.Text("NextStep"), row.Text("RestrictedUntilBasis")));
        Assert.Equal(((DateTime)row.Value("RestrictedSince")!).Date.AddDays(1), row.Value("RestrictedUntil"));
        Assert.Null(row.Value("OutboundPolicy") ?? row.Value("ActionWhenThresholdReached") ?? row.Value("PolicyChanged"));
    }

    [Fact]
    public void An_unblock_that_is_on_its_way_is_shown_with_its_times()
    {
        Tenant.Order(new { senderAddress = Adele, afterSeconds = 90_000 });
        var requested = (DateTime)Run($"Unblock-RestrictedSender {Adele} -Confirm:$false -PassThru").One.Value("RequestedAt")!;
        var row = Run($"Get-RestrictedSender {Adele}").One;
        Assert.Equal(requested, (DateTime)row.Value("UnblockRequestedAt")!, TimeSpan.FromSeconds(1));
        Assert.Equal((1L, false), (row.Value("UnblockCount"), row.Value("UnblockRefused")));
        Assert.Equal(requested.AddHours(1), (DateTime)row.Value("ExpectedBy")!, TimeSpan.FromSeconds(1));
        Assert.Equal(false, row.Value("Overdue"));
        Assert.Equal("Wait", row.Text("NextStep"));

        // Still listed when the documented maximum has passed.
        Tenant.Advance(TimeSpan.FromMinutes((24 * 60) + 1));
        row = Run($"Get-RestrictedSender {Adele}").One;
        Assert.Equal((true, "ContactSupport"), (row.Value("Overdue"), row.Text("NextStep")));
    }

    [Fact]
    public void A_block_that_should_have_ended_is_not_waited_for()
    {
        Tenant.Restrict(Lee, PolicyLimit, temporaryBlock: true);
        Tenant.Advance(TimeSpan.FromDays(1));
        var row = Run($"Get-RestrictedSender {Lee}").One;
        Assert.Equal("FixSenderThenUnblock", row.Text("NextStep"));
        Assert.Null(row.Value("RestrictedUntil"));
        Assert.Contains("should have ended by itself and has not", row.Text("Advice"));
    }

    [Fact]
    public void A_connector_is_to_be_checked_and_has_no_password()
    {
        var rows = Run("Get-RestrictedSender -EntityType Connector").Good;
        Assert.Equal(["CheckConnector"], rows.Texts("NextStep").Distinct());
        Assert.Equal(rows[0].Value("ExpirationTime"), rows[0].Value("RestrictedUntil"));
        Assert.Equal("Service", rows[0].Text("RestrictedUntilBasis"));
        Assert.Equal("203.0.113.45", rows[0].Value("ClientIP"));
        Assert.Contains("Do it before", rows[0].Text("Advice"));
        Assert.Null(rows[1].Value("RestrictedUntil"));
        Assert.All(rows, row => Assert.Null(row.Value("MfaUrl") ?? row.Value("PasswordUrl")));
        Assert.All(rows, row => Assert.Contains("from one of your organization's connectors", row.Text("UserMessage")));
    }

    [Fact]
    public void The_blocked_person_is_told_why_and_what_comes()
    {
        Tenant.Restrict(Lee, PolicyLimit, temporaryBlock: true);
        var row = Run($"Get-RestrictedSender {Lee}").One;
        var midnight = ((DateTime)row.Value("RestrictedUntil")!).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
        Assert.Equal(
            "Microsoft 365 has stopped your mailbox from sending, because it wrote to more recipients than your "
            + $"organization allows. You can still receive mail. It should end by itself at {midnight}; your "
            + "administrator can lift it earlier. If you did not write to so many people, tell your administrator at "
            + "once: somebody else may be using your account.",
            row.Value("UserMessage"));
        Assert.Equal("https://admin.microsoft.com/#/users", row.Value("PasswordUrl"));
        Assert.StartsWith("https://entra.microsoft.com/", row.Text("MfaUrl"));
    }

    [Fact]
    public void The_primary_address_is_there_where_somebody_was_looked_up()
    {
        Assert.Equal("megan.bowen@contoso.com", Run("Get-RestrictedSender ceo@contoso.com").One.Text("PrimarySmtpAddress"));
        Assert.All(Run("Get-RestrictedSender").Good, row => Assert.Null(row.Value("PrimarySmtpAddress")));
    }

    [Theory]
    [InlineData("$entry")]
    [InlineData("$saved")]
    public void An_entry_flows_into_the_message_trace(string entry)
    {
        var row = Run("$entry = Get-RestrictedSender adele.vance@contoso.com; $entry").One;
        Engine["saved"] = Assert.Single(Csv.Import(Csv.Export([row])));
        var before = Tenant.Now;
        var bound = Run($$"""
            function Get-MessageTraceV2 {
                param(
                    [Parameter(ValueFromPipelineByPropertyName)] [string[]] $SenderAddress,
                    [Parameter(ValueFromPipelineByPropertyName)] [datetime] $StartDate,
                    [Parameter(ValueFromPipelineByPropertyName)] [datetime] $EndDate,
                    [Parameter(ValueFromPipelineByPropertyName)] [guid[]] $MessageTraceId,
                    [Parameter(ValueFromPipelineByPropertyName)] [string[]] $MessageId,
                    [Parameter(ValueFromPipelineByPropertyName)] [string[]] $RecipientAddress,
                    [Parameter(ValueFromPipelineByPropertyName)] [string] $StartingRecipientAddress,
                    [Parameter(ValueFromPipelineByPropertyName)] [string] $FromIP,
                    [Parameter(ValueFromPipelineByPropertyName)] [string] $ToIP,
                    [Parameter(ValueFromPipelineByPropertyName)] [string] $Subject,
                    [Parameter(ValueFromPipelineByPropertyName)] [string] $SubjectFilterType,
                    [Parameter(ValueFromPipelineByPropertyName)] [int] $ResultSize)
                process { $PSBoundParameters }
            }
            {{entry}} | Get-MessageTraceV2
            """).One;
        var parameters = (System.Collections.IDictionary)bound.BaseObject;
        Assert.Equal(["EndDate", "SenderAddress", "StartDate"], parameters.Keys.Cast<string>().Order());
        Assert.Equal(["adele.vance@contoso.com"], (string[])parameters["SenderAddress"]!);
        // Two days before the block until now: the block is 25 minutes old.
        var since = (DateTime)row.Value("RestrictedSince")!;
        Assert.Equal(since.AddDays(-2), (DateTime)parameters["StartDate"]!, TimeSpan.FromSeconds(1));
        Assert.Equal(since.AddMinutes(25), (DateTime)parameters["EndDate"]!, TimeSpan.FromSeconds(1));
        Assert.Empty(Tenant.Requests(before));
    }

    [Fact]
    public void An_old_block_is_out_of_the_reach_of_the_message_trace()
    {
        Tenant.Advance(TimeSpan.FromDays(120));
        var row = Run("Get-RestrictedSender adele.vance@contoso.com").One;
        Assert.Null(row.Value("StartDate") ?? row.Value("EndDate"));
    }

    [Fact]
    public void All_of_an_entry_can_be_read_when_its_connection_has_gone()
    {
        Run("$rows = Get-RestrictedSender; Disconnect-RestrictedSender");
        var live = NativeHost.Live;
        var rows = Run("$rows").Good;
        Assert.Equal(11, rows.Count);
        Assert.All(rows, row => Assert.All(row.Properties, property => property.Value?.ToString()));
        Assert.All(rows, row => Assert.NotEmpty(row.Text("Advice")));
        Assert.Equal(live, NativeHost.Live);
    }

    [Theory]
    [InlineData("")]
    [InlineData("$entry | ")]
    public void The_question_before_an_unblock_advises_what_the_entry_advises(string input)
    {
        Tenant.Restrict(Lee, PolicyLimit, temporaryBlock: true);
        var row = Run($"$entry = Get-RestrictedSender {Lee}; $entry").One;
        Engine.Host.Answers.Enqueue("N");
        Run($"{input}Unblock-RestrictedSender {(input == "" ? Lee : "")}");
        var question = Assert.Single(Engine.Host.Prompts).Message;
        Assert.Contains(row.Text("Advice")[(row.Text("Summary").Length + 2)..], question);
        Assert.Contains("The outbound spam policy blocks for the day", question);
    }

    [Fact]
    public void The_question_about_a_connector_names_when_it_ends()
    {
        var row = Run("$entry = (Get-RestrictedSender -EntityType Connector)[0]; $entry").One;
        Engine.Host.Answers.Enqueue("N");
        Run("$entry | Unblock-RestrictedSender");
        var question = Assert.Single(Engine.Host.Prompts).Message;
        Assert.Contains($"{row.Value("RestrictedUntil"):yyyy-MM-dd HH:mm} UTC, which the service names", question);
    }
}

public sealed class DescriptionTestsOfALargeTenant() : Connected("-Scenario Large")
{
    [Fact]
    public void Every_property_of_everybody_goes_into_a_file()
    {
        var rows = Run("Get-RestrictedSender").Good;
        var back = Csv.Import(Csv.Export(rows));
        Assert.Equal(10_200, back.Count);
        Assert.All(rows.Zip(back), pair => Assert.Equal(pair.First.Text("Advice"), pair.Second.Text("Advice")));
        Assert.Equal(rows.Texts("StartDate").Count(text => text != ""), back.Texts("StartDate").Count(text => text != ""));
    }
}
