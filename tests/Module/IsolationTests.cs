using System.Collections.Concurrent;

namespace RestrictedSender.Module.Tests;

public sealed class IsolationTests
{
    [Fact]
    public void Runspaces_do_not_see_each_others_connections()
    {
        using var one = new Engine();
        using var two = new Engine();
        var (connection, tenant) = one.Connect("-Seed 1");
        Assert.Empty(two.Run("Get-RestrictedSenderConnection").Good);
        Assert.Equal("RS1001.NotConnected", two.Run("Get-RestrictedSender").Error.Id());
        var (other, _) = two.Connect("-Seed 2");
        Assert.Equal(connection.Value("TenantId"), one.Run("Get-RestrictedSenderConnection").One.Value("TenantId"));
        Assert.Equal(other.Value("TenantId"), two.Run("Get-RestrictedSenderConnection").One.Value("TenantId"));
        // Closing all of one leaves the other alone.
        two.Run("Disconnect-RestrictedSender");
        Assert.Equal(11, one.Run("Get-RestrictedSender").Good.Count);
        Assert.Empty(tenant.Removals);
    }

    [Fact]
    public void Many_runspaces_work_at_once_each_in_its_own_tenant()
    {
        var seen = new ConcurrentBag<string>();
        Parallel.For(1, 7, new ParallelOptions { MaxDegreeOfParallelism = 6 }, seed =>
        {
            using var engine = new Engine();
            var (connection, tenant) = engine.Connect($"-Seed {seed}");
            var rows = engine.Run("Get-RestrictedSender | Unblock-RestrictedSender -Confirm:$false -PassThru").Output;
            Assert.Equal(11, rows.Count);
            Assert.All(rows, row => Assert.Equal(connection.Value("TenantId"), row.Value("TenantId")));
            Assert.Equal(11, tenant.Removals.Count);
            seen.Add(connection.Text("TenantId"));
        });
        Assert.Equal(6, seen.Distinct().Count());
    }
}
