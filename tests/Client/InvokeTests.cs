using System.Management.Automation;
using System.Text.Json;
using RestrictedSender.Module.Tests;

namespace RestrictedSender.Client.Tests;

/// <summary>The body of a call.</summary>
internal static class Call
{
    public static object Of(string cmdlet, object? parameters = null) =>
        new { CmdletInput = new { CmdletName = cmdlet, Parameters = parameters ?? new { } } };
}

/// <summary>.NET's own HTTP client speaks to the practice tenant as the official module does.</summary>
public sealed class InvokeTests(TrustedTenant tenant) : IClassFixture<TrustedTenant>
{
    private static readonly (string, string) GoOn = ("Prefer", "odata.continue-on-error");

    [Fact]
    public async Task PowerShell_reads_the_rows_that_come_as_CLIXML()
    {
        var reply = await tenant.Post(
            tenant.Command,
            await Token(),
            Call.Of("Get-BlockedSenderAddress"),
            ("X-ResponseFormat", "clixml"),
            ("X-SerializationLevel", "Partial"));
        var rows = reply.GetProperty("value").EnumerateArray()
            .Select(row => PSSerializer.Deserialize(row.GetProperty("_clixml").GetString()))
            .Cast<PSObject>()
            .ToList();
        Assert.Equal(8, rows.Count);
        Assert.All(rows, row =>
        {
            Assert.StartsWith("Deserialized.", row.TypeNames[0]);
            Assert.Contains('@', Assert.IsType<string>(row.Properties["SenderAddress"].Value));
            Assert.IsType<DateTime>(row.Properties["CreatedDatetime"].Value);
            Assert.IsType<bool>(row.Properties["TemporaryBlock"].Value);
        });
    }

    [Fact]
    public async Task A_batch_answers_each_of_its_calls()
    {
        var reply = await Batch(
            Call.Of("Get-BlockedSenderAddress"),
            Call.Of("Get-BlockedConnector"),
            Call.Of("Get-Recipient", new { Identity = "nobody@contoso.com" }),
            Call.Of("Get-Nothing"));
        Assert.Equal(["0", "1", "2", "3"], reply.Select(item => item.GetProperty("id").GetString()));
        Assert.Equal([200, 200, 404, 403], reply.Select(item => item.GetProperty("status").GetInt32()));
        Assert.Equal(8, reply[0].GetProperty("body").GetProperty("value").GetArrayLength());
        Assert.Equal(3, reply[1].GetProperty("body").GetProperty("value").GetArrayLength());
        Assert.Contains("ManagementObjectNotFoundException", reply[2].GetProperty("body").GetRawText());
    }

    [Fact]
    public async Task What_fails_in_a_batch_is_asked_again_alone()
    {
        tenant.Control.Fault("Get-BlockedConnector", Tenant.Reply(503));
        var reply = await Batch(Call.Of("Get-BlockedSenderAddress"), Call.Of("Get-BlockedConnector"));
        Assert.Equal([200, 503], reply.Select(item => item.GetProperty("status").GetInt32()));
        var again = await tenant.Post(tenant.Command, await Token(), Call.Of("Get-BlockedConnector"));
        Assert.Equal(3, again.GetProperty("value").GetArrayLength());
    }

    private async Task<string> Token()
    {
        var app = tenant.App(tenant.Invitation.AppId).WithClientSecret(tenant.Invitation.ClientSecret).Build();
        return (await app.AcquireTokenForClient([tenant.Scope]).ExecuteAsync()).AccessToken;
    }

    private async Task<List<JsonElement>> Batch(params object[] calls)
    {
        var requests = calls.Select((body, index) => new
        {
            id = index.ToString(),
            method = "POST",
            url = tenant.Command,
            headers = new Dictionary<string, string> { ["Content-Type"] = "application/json" },
            body,
        });
        var address = tenant.Command.Replace("InvokeCommand", "$batch");
        var reply = await tenant.Post(address, await Token(), new { requests }, GoOn);
        return [.. reply.GetProperty("responses").EnumerateArray()];
    }
}
