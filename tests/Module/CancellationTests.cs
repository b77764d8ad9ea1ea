using System.Management.Automation;
using System.Runtime.CompilerServices;

// What is open is counted in the whole process, and the system's proxy belongs to it: one test runs at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace RestrictedSender.Module.Tests;

public sealed class CancellationTests : IDisposable
{
    private readonly Engine _engine = new();

    public CancellationTests()
    {
        // What other tests have dropped is gone before anything is counted.
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [Fact]
    public void The_counted_library_is_the_one_that_the_module_has_loaded()
    {
        var before = NativeHost.Live;
        _engine.Connect("-Scenario Empty");
        Assert.Equal(before + 1, NativeHost.Live);
        _engine.Run("Disconnect-RestrictedSender");
        Assert.Equal(before, NativeHost.Live);
    }

    [Theory]
    [InlineData("Get-RestrictedSender | Select-First")]
    [InlineData(":all while ($true) { Get-RestrictedSender | ForEach-Object { $_; break all } }")]
    [InlineData("try { Get-RestrictedSender | ForEach-Object { $_; throw 'enough' } } catch { }")]
    [InlineData("Get-RestrictedSender | Unblock-RestrictedSender -Confirm:$false -PassThru | Select-First")]
    public void An_abandoned_pipeline_is_cancelled_and_freed(string script)
    {
        var (_, tenant) = _engine.Connect("-Scenario Large");
        var (live, before) = (NativeHost.Live, tenant.Now);
        Assert.Single(_engine.Run(script).Good);
        Assert.Equal(live, NativeHost.Live);
        // All pages would be ten for the mailboxes, and the connectors after them.
        var left = tenant.Requests("Get-BlockedSenderAddress", before).Count;
        Assert.InRange(left, 1, 9);
        Assert.Empty(tenant.Requests("Get-BlockedConnector", before));
    }

    [Theory]
    [InlineData("Get-RestrictedSender", "Get-BlockedSenderAddress")]
    [InlineData("Test-RestrictedSender ceo@contoso.com", "Get-Recipient")]
    [InlineData("'ceo@contoso.com', 'x@y.z' | Unblock-RestrictedSender -Confirm:$false", "Remove-BlockedSenderAddress")]
    [InlineData("Get-RestrictedSender | Unblock-RestrictedSender -Confirm:$false", "Remove-BlockedSenderAddress")]
    [InlineData("Wait-RestrictedSender ceo@contoso.com", "Get-BlockedSenderAddress")]
    public void Stop_ends_a_cmdlet_whose_request_hangs(string script, string cmdlet)
    {
        var (_, tenant) = _engine.Connect();
        var live = NativeHost.Live;
        tenant.Fault(cmdlet, "hang");
        var before = tenant.Now;
        using (var shell = _engine.Prepare(script))
        {
            var running = shell.BeginInvoke();
            var limit = DateTime.UtcNow + Engine.Limit;
            while (tenant.Requests(cmdlet, before).Count == 0)
                Assert.True(DateTime.UtcNow < limit, $"{cmdlet} was never asked for.");
            Assert.True(shell.BeginStop(null, null).AsyncWaitHandle.WaitOne(Engine.Limit), "Stop hangs.");
            Assert.Equal(PSInvocationState.Stopped, shell.InvocationStateInfo.State);
            Assert.Throws<PipelineStoppedException>(() => shell.EndInvoke(running));
        }
        Assert.Equal(live, NativeHost.Live);
        Assert.Single(tenant.Requests(cmdlet, before));
        // The session goes on.
        Assert.Equal("Restricted", _engine.Run("Test-RestrictedSender ceo@contoso.com").One.Text("State"));
    }

    [Fact]
    public void Stop_ends_the_wait_before_another_try()
    {
        // Time runs here: the service asks to wait four minutes.
        var connection = _engine.Run("Connect-RestrictedSender -Sandbox -WarningAction SilentlyContinue").One;
        var tenant = new Tenant(connection.Text("PracticeUri"));
        tenant.BreakDown("Get-BlockedSenderAddress", Tenant.Reply(429, "", new() { ["retry-after"] = "240" }));
        var before = tenant.Now;
        var began = DateTime.UtcNow;
        using var shell = _engine.Prepare("Get-RestrictedSender -Verbose");
        var running = shell.BeginInvoke();
        while (!shell.Streams.Verbose.Any(verbose => verbose.Message.Contains("try 2 of 6 in 240.0 s")))
            Assert.True(DateTime.UtcNow < began + Engine.Limit, "Nobody told of the wait.");
        Assert.True(shell.BeginStop(null, null).AsyncWaitHandle.WaitOne(Engine.Limit), "Stop hangs.");
        Assert.Throws<PipelineStoppedException>(() => shell.EndInvoke(running));
        Assert.Single(tenant.Requests("Get-BlockedSenderAddress", before));
    }

    [Theory]
    [InlineData("Measure-OutboundSending")]
    [InlineData("Get-OutboundSendingLimit lee.gu@contoso.com -IncludeUsage")]
    public void Stop_ends_the_wait_for_the_quota_of_the_trace(string script)
    {
        // Time runs here: the wait is one of five minutes.
        var connection = _engine.Run("Connect-RestrictedSender -Sandbox -WarningAction SilentlyContinue").One;
        var tenant = new Tenant(connection.Text("PracticeUri"));
        tenant.BreakDown("Get-MessageTraceV2", Tenant.Reply(429, "", new() { ["retry-after"] = "300" }));
        var began = DateTime.UtcNow;
        using var shell = _engine.Prepare(script);
        var running = shell.BeginInvoke();
        while (!shell.Streams.Progress.Any(progress => progress.StatusDescription.StartsWith("Waiting until ", StringComparison.Ordinal)))
            Assert.True(DateTime.UtcNow < began + Engine.Limit, "Nobody told of the wait.");
        Assert.True(shell.BeginStop(null, null).AsyncWaitHandle.WaitOne(Engine.Limit), "Stop hangs.");
        Assert.Throws<PipelineStoppedException>(() => shell.EndInvoke(running));
        Assert.Single(tenant.Requests("Get-MessageTraceV2"));
    }

    [Fact]
    public void Everything_is_freed_after_whatever_happened()
    {
        var before = NativeHost.Live;
        var (_, tenant) = _engine.Connect();
        tenant.BreakDown("Get-BlockedConnector", "drop");
        var outcome = _engine.Run("""
            try { Get-RestrictedSender } catch { }
            Get-RestrictedSender broken, nobody@contoso.com, '*@contoso.com'
            Test-RestrictedSender broken, nobody@contoso.com
            Unblock-RestrictedSender ceo@contoso.com -WhatIf
            try { Unblock-RestrictedSender ceo@contoso.com } catch { }
            try { Connect-RestrictedSender -Organization ' ' -AccessToken x } catch { }
            try { Connect-RestrictedSender -Organization x -AccessToken 5 } catch { }
            Get-RestrictedSenderConnection
            Disconnect-RestrictedSender
            try { Get-RestrictedSender } catch { }
            """);
        Assert.Null(outcome.Thrown);
        Assert.Equal(before, NativeHost.Live);
    }

    [Fact]
    public void A_session_that_is_dropped_is_closed_by_the_collector()
    {
        var before = NativeHost.Live;
        Drop();
        var limit = DateTime.UtcNow + Engine.Limit;
        while (NativeHost.Live > before)
        {
            Assert.True(DateTime.UtcNow < limit, "The session is still open.");
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop()
        {
            var engine = new Engine();
            engine.Connect("-Scenario Empty");
            engine.Close();
        }
    }

    [Theory]
    [InlineData("Get-RestrictedSender | Unblock-RestrictedSender -Confirm:$false -PassThru")]
    [InlineData("Get-RestrictedSender | % { & $later; $_ } | Unblock-RestrictedSender -Confirm:$false -PassThru")]
    [InlineData("Get-RestrictedSender | Test-RestrictedSender | Unblock-RestrictedSender -Confirm:$false -PassThru")]
    public void Operations_that_share_a_token_share_its_renewal_and_do_not_wait_for_each_other(string script)
    {
        var (_, tenant) = _engine.Connect();
        var moved = !script.Contains("$later", StringComparison.Ordinal);
        _engine["later"] = _engine.Run("{ $clock.Invoke() }").Good[0];
        _engine["clock"] = () =>
        {
            if (!moved)
                tenant.Advance(TimeSpan.FromHours(2));
            moved = true;
        };
        if (moved)
            tenant.Advance(TimeSpan.FromHours(2));
        var before = tenant.Now;
        var outcome = _engine.Run(script);
        Assert.Equal("RS4004.UnblockLimitReached", outcome.Error.Id());
        Assert.Equal(10, outcome.Output.Count(row => row.Text("Outcome") == "Removing"));
        Assert.Single(tenant.Requests(before), request => request.IsToken);
    }

    public void Dispose() => _engine.Dispose();
}
