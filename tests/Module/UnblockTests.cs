namespace RestrictedSender.Module.Tests;

public sealed class UnblockTests : Connected
{
    private const string Adele = "adele.vance@contoso.com";

    [Fact]
    public void An_object_is_unblocked_and_leaves_the_list_after_a_while()
    {
        var row = Run($"Get-RestrictedSender {Adele} | Unblock-RestrictedSender -Confirm:$false -PassThru").One;
        Assert.Equal(("Removing", Adele), (row.Text("Outcome"), row.Text("SenderAddress")));
        Assert.NotEmpty(row.Text("RequestId"));
        Assert.Equal(Connection.Value("ConnectedAt"), row.Value("RequestedAt"));
        Assert.Equal(Connection.Value("Organization"), row.Value("Organization"));
        Assert.Equal(Adele, Assert.Single(Tenant.Removals).Parameter("SenderAddress"));
        Assert.Equal("Restricted", State());
        Tenant.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal("NotRestricted", State());

        string State() => Run($"Test-RestrictedSender {Adele}").One.Text("State");
    }

    [Fact]
    public void A_connector_is_unblocked_and_leaves_the_list_after_a_while()
    {
        var row = Run("""
            $connector = (Get-RestrictedSender -EntityType Connector)[0]
            $connector | Unblock-RestrictedSender -Confirm:$false -PassThru
            """).One;
        Assert.Equal(("Removing", "Connector"), (row.Text("Outcome"), row.Text("EntityType")));
        var removal = Assert.Single(Tenant.Removals);
        Assert.Equal("Remove-BlockedConnector", removal.Cmdlet);
        Assert.Equal(row.Text("ConnectorId"), removal.Parameter("ConnectorId"));
        Tenant.Advance(TimeSpan.FromMinutes(46));
        Assert.Equal("NotRestricted", Run("Test-RestrictedSender -ConnectorId $connector.ConnectorId").One.Text("State"));
    }

    [Theory]
    [InlineData("Unblock-RestrictedSender ceo@contoso.com")]
    [InlineData("Unblock-RestrictedSender -SenderAddress MEGAN.BOWEN@contoso.com")]
    [InlineData("'ceo@contoso.com' | Unblock-RestrictedSender")]
    [InlineData("Unblock-RestrictedSender -UserPrincipalName megan.bowen@contoso.onmicrosoft.com")]
    [InlineData("[pscustomobject]@{ SenderAddress = 'ceo@contoso.com' } | Unblock-RestrictedSender")]
    [InlineData("[pscustomobject]@{ UserPrincipalName = 'ceo@contoso.com' } | Unblock-RestrictedSender")]
    [InlineData("[pscustomobject]@{ PrimarySmtpAddress = 'megan.bowen@contoso.com' } | Unblock-RestrictedSender")]
    [InlineData("[System.Net.Mail.MailAddress] 'ceo@contoso.com' | Unblock-RestrictedSender")]
    [InlineData("Get-RestrictedSender ceo@contoso.com | Unblock-RestrictedSender")]
    [InlineData("Unblock-RestrictedSender -InputObject (Get-RestrictedSender ceo@contoso.com)")]
    public void Whatever_names_a_person_unblocks_the_listed_key(string script)
    {
        Assert.Empty(Run(script + " -Confirm:$false").Good);
        var removal = Assert.Single(Tenant.Removals);
        Assert.Equal("megan.bowen@contoso.onmicrosoft.com", removal.Parameter("SenderAddress"));
        Assert.Null(removal.Parameter("Reason"));
    }

    [Theory]
    [InlineData("Unblock-RestrictedSender -ConnectorId $id")]
    [InlineData("Unblock-RestrictedSender -ConnectorId ([guid] $id)")]
    [InlineData("[pscustomobject]@{ ConnectorId = $id } | Unblock-RestrictedSender")]
    [InlineData("[pscustomobject]@{ ConnectorId = [guid] $id; SenderAddress = '' } | Unblock-RestrictedSender")]
    public void Whatever_names_a_connector_unblocks_it(string script)
    {
        Run("$id = \"$((Get-RestrictedSender -EntityType Connector)[0].ConnectorId)\"");
        Assert.Empty(Run(script + " -Confirm:$false").Good);
        Assert.Equal(Engine["id"], Assert.Single(Tenant.Removals).Parameter("ConnectorId"));
    }

    [Fact]
    public void Another_key_of_the_person_is_pointed_out()
    {
        var outcome = Run("Unblock-RestrictedSender news@contoso.com -Confirm:$false");
        Assert.Contains("alex.wilber@contoso.com", Assert.Single(outcome.Warnings));
        Assert.Equal("news@contoso.com", Assert.Single(Tenant.Removals).Parameter("SenderAddress"));
    }

    [Fact]
    public void All_keys_of_the_person_are_unblocked_when_asked_for()
    {
        Engine.Host.Answers.Enqueue("Y");
        Engine.Host.Answers.Enqueue("N");
        var row = Run("Unblock-RestrictedSender news@contoso.com -IncludeAliases -PassThru").One;
        Assert.Equal(("news@contoso.com", "news@contoso.com"), (row.Text("SenderAddress"), row.Text("Named")));
        Assert.Equal(2, Engine.Host.Prompts.Count);
        var rows = Run("Unblock-RestrictedSender news@contoso.com -IncludeAliases -PassThru -Confirm:$false -WarningAction Ignore").Good;
        Assert.Equal(["news@contoso.com", "alex.wilber@contoso.com"], rows.Texts("SenderAddress"));
        Assert.All(rows, found => Assert.Equal("news@contoso.com", found.Text("Named")));
        Assert.Equal(2, Tenant.Removals.Count);
    }

    [Theory]
    [InlineData("-Reason 'Ticket 4711: password changed'", "Ticket 4711: password changed")]
    [InlineData("", null)]
    public void A_reason_is_a_comment_that_is_sent_only_if_given(string parameter, string? sent)
    {
        var unblock = $"Unblock-RestrictedSender -Confirm:$false {parameter}";
        Run($"[pscustomobject]@{{ SenderAddress = '{Adele}'; Reason = 'x' }} | {unblock}");
        Run($"Get-RestrictedSender news@contoso.com | {unblock}");
        Assert.Equal(3, Tenant.Removals.Count);
        Assert.All(Tenant.Removals, removal => Assert.Equal(sent, removal.Parameter("Reason")));
    }

    [Fact]
    public void Without_PassThru_nothing_comes_out() =>
        Assert.Empty(Run($"Unblock-RestrictedSender {Adele} -Confirm:$false").Good);

    [Fact]
    public void Whoever_is_not_restricted_is_said_to_be_so_and_nothing_is_changed()
    {
        var outcome = Run("Unblock-RestrictedSender diego@contoso.com -Confirm:$false -PassThru");
        Assert.Equal("RS4001.NotListed", outcome.Error.Id());
        Assert.Contains("is not restricted", outcome.Error.Exception.Message);
        Assert.Contains("Nothing was changed", outcome.Error.Exception.Message);
        Assert.Equal("NotListed", Assert.Single(outcome.Output).Text("Outcome"));
        Assert.Null(outcome.Output[0].Value("RequestedAt"));
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void What_another_admin_unblocked_meanwhile_is_already_gone()
    {
        Run($"$entry = Get-RestrictedSender {Adele}");
        Tenant.Lift(Adele);
        var outcome = Run("$entry | Unblock-RestrictedSender -Confirm:$false -PassThru");
        Assert.Equal("RS4003.AlreadyGone", outcome.Error.Id());
        Assert.Equal("NotListed", Assert.Single(outcome.Output).Text("Outcome"));
    }

    [Fact]
    public void What_is_unblocked_too_often_needs_Support()
    {
        for (var count = 0; count < 3; count++)
        {
            Assert.Equal("Released", Run($"Unblock-RestrictedSender {Adele} -Confirm:$false -Wait").One.Text("Outcome"));
            Tenant.Restrict(Adele, "again");
        }
        var outcome = Run($"Unblock-RestrictedSender {Adele} -Confirm:$false -PassThru");
        Assert.Equal("Failed", Assert.Single(outcome.Output).Text("Outcome"));
        Assert.Equal("RS4004.UnblockLimitReached", outcome.Error.Id());
        Assert.Contains("Microsoft Support", outcome.Error.ErrorDetails.RecommendedAction);
        Assert.Equal(4, Tenant.Removals.Count);
    }

    [Fact]
    public void An_unblock_that_is_on_its_way_is_not_sent_again()
    {
        var first = Run($"$entry = Get-RestrictedSender {Adele}; $entry | Unblock-RestrictedSender -Confirm:$false -PassThru").One;
        Tenant.Advance(TimeSpan.FromMinutes(5));
        var outcome = Run("$entry | Unblock-RestrictedSender -Confirm:$false -PassThru");
        var row = Assert.Single(outcome.Good);
        Assert.Equal(("Removing", first.Value("RequestedAt")), (row.Text("Outcome"), row.Value("RequestedAt")));
        Assert.Equal(first.Text("RequestId"), row.Text("RequestId"));
        Assert.Contains("not unblocked again", Assert.Single(outcome.Warnings));
        Assert.Single(Tenant.Removals);
    }

    [Fact]
    public void An_item_that_fails_does_not_stop_the_others()
    {
        var outcome = Run("""
            'diego@contoso.com', 'broken', 'isaiah.langer@contoso.com', 'adele.vance@contoso.com' |
                Unblock-RestrictedSender -Confirm:$false -PassThru
            """);
        Assert.Null(outcome.Thrown);
        Assert.Equal(
            ["RS4001.NotListed", "RS1006.InvalidAddress", "RS4004.UnblockLimitReached"],
            outcome.Errors.Select(error => error.Id()));
        Assert.Equal(["NotListed", "Failed", "Failed", "Removing"], outcome.Output.Texts("Outcome"));
    }

    [Theory]
    [InlineData("lose-reply")]
    [InlineData("drop")]
    [InlineData("not-json")]
    [InlineData("503")]
    public void A_lost_reply_leads_to_a_look_at_the_list_and_never_to_a_second_removal(string fault)
    {
        Run($"$entry = Get-RestrictedSender {Adele}");
        Tenant.Fault("Remove-BlockedSenderAddress", fault == "503" ? Tenant.Reply(503) : fault);
        var before = Tenant.Now;
        var outcome = Run("$entry | Unblock-RestrictedSender -Confirm:$false -PassThru");
        Assert.Equal("RS4005.OutcomeUnknown", outcome.Error.Id());
        Assert.Contains("still listed", outcome.Error.Exception.Message);
        Assert.Equal("Failed", Assert.Single(outcome.Output).Text("Outcome"));
        Assert.Equal(
            ["Search-UnifiedAuditLog", "Get-AdminAuditLogConfig", "Remove-BlockedSenderAddress", "Get-BlockedSenderAddress"],
            Tenant.Requests(before).Select(request => request.Cmdlet).Distinct());
        Assert.Single(Tenant.Removals);
    }

    [Fact]
    public void A_lost_reply_is_no_failure_when_the_entry_is_gone()
    {
        Run($"$entry = Get-RestrictedSender {Adele}");
        Tenant.Lift(Adele);
        Tenant.Fault("Remove-BlockedSenderAddress", "lose-reply");
        var outcome = Run("$entry | Unblock-RestrictedSender -Confirm:$false -PassThru");
        // One look does not make it certain.
        Assert.Equal("Removing", Assert.Single(outcome.Good).Text("Outcome"));
        Assert.Contains("was lost", Assert.Single(outcome.Warnings));
        Assert.Single(Tenant.Removals);
    }

    [Fact]
    public void A_lost_reply_and_a_list_that_cannot_be_read_leave_it_open()
    {
        Run($"$entry = Get-RestrictedSender {Adele}");
        Tenant.Fault("Remove-BlockedSenderAddress", "lose-reply");
        Tenant.BreakDown("Get-BlockedSenderAddress", "drop");
        var outcome = Run("$entry | Unblock-RestrictedSender -Confirm:$false");
        Assert.Equal("RS4005.OutcomeUnknown", outcome.Error.Id());
        Assert.Contains("the list could not be read", outcome.Error.Exception.Message);
        Assert.Single(Tenant.Removals);
    }

    [Fact]
    public void A_list_that_cannot_be_read_unblocks_nothing()
    {
        Tenant.BreakDown("Get-BlockedSenderAddress", "drop");
        Assert.Equal("RS3005.ConnectionLost", Run($"Unblock-RestrictedSender {Adele} -Confirm:$false").Error.Id());
        Assert.Empty(Tenant.Removals);
    }

    [Theory]
    [InlineData("Unblock-RestrictedSender")]
    [InlineData("Unblock-RestrictedSender $null")]
    [InlineData("$null | Unblock-RestrictedSender")]
    [InlineData("Unblock-RestrictedSender ''")]
    [InlineData("Unblock-RestrictedSender '*'")]
    [InlineData("[pscustomobject]@{ Name = 'x' } | Unblock-RestrictedSender")]
    [InlineData("[pscustomobject]@{ SenderAddress = $null; ConnectorId = $null } | Unblock-RestrictedSender")]
    public void What_names_nothing_unblocks_nothing(string script)
    {
        var outcome = Run(script + " -Confirm:$false");
        Assert.NotNull(outcome.Error);
        Assert.Empty(Tenant.Removals);
    }

    [Fact]
    public void An_empty_pipeline_unblocks_nothing_and_asks_nothing()
    {
        var before = Tenant.Now;
        Assert.Empty(Run("@() | Unblock-RestrictedSender").Good);
        Assert.Empty(Tenant.Requests(before));
    }
}
