using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RestrictedSender.Module.Tests;

/// <summary>A line of the practice tenant's request log.</summary>
internal sealed record Request(
    long Number, string Listener, string Method, string Path, string? Cmdlet, JsonElement? Parameters, int? Status)
{
    public bool IsToken => Path.EndsWith("/oauth2/v2.0/token", StringComparison.Ordinal);

    public string? Parameter(string name) =>
        Parameters is { ValueKind: JsonValueKind.Object } all && all.TryGetProperty(name, out var value)
            ? value.ToString()
            : null;
}

/// <summary>An app registration of a practice tenant.</summary>
internal sealed record App(string Name, string AppId, string ClientSecret, string Grant);

/// <summary>What the practice tenant's program prints first.</summary>
internal sealed record Invitation(
    string Uri, string PlainUri, string CaCertificate, string TenantId, string Organization, string AppId, string ClientSecret);

/// <summary>A practice tenant's control plane: what the tests do to it behind the module's back.</summary>
internal sealed class Tenant(string plainUri)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public string PlainUri => plainUri;

    /// <summary>The number of the newest request; what comes later is of interest.</summary>
    public long Now => Requests().LastOrDefault()?.Number ?? 0;

    public IReadOnlyList<Request> Requests(long after = 0) => Get<Request[]>($"requests?after={after}");

    /// <summary>The requests for a cmdlet.</summary>
    public IReadOnlyList<Request> Requests(string cmdlet, long after = 0) =>
        [.. Requests(after).Where(request => request.Cmdlet == cmdlet)];

    /// <summary>The changes that the tenant was asked for.</summary>
    public IReadOnlyList<Request> Removals =>
        [.. Requests().Where(request => request.Cmdlet?.StartsWith("Remove-", StringComparison.Ordinal) == true)];

    public IReadOnlyList<App> Apps => Get<App[]>("apps");

    public App AppWith(string grant) => Apps.Single(app => app.Grant == grant);

    public void Advance(TimeSpan step) => Send(HttpMethod.Post, "clock", new { advanceSeconds = step.TotalSeconds });

    public void Restrict(string senderAddress, string reason, bool temporaryBlock = false) =>
        Send(HttpMethod.Post, "restrictions", new { senderAddress, reason, temporaryBlock });

    public void Lift(string senderAddress) => Send(HttpMethod.Delete, "restrictions", new { senderAddress });

    public void LiftConnector(string connectorId) => Send(HttpMethod.Delete, "restrictions", new { connectorId });

    /// <summary>How the releases of this sender go: <paramref name="how"/> is an order of the control plane.</summary>
    public void Order(object how) => Send(HttpMethod.Post, "releases", how);

    /// <summary>Lets a request go wrong; <paramref name="kind"/> is a fault's name, or a whole fault.</summary>
    public void Fault(string match, object kind, int skip = 0, uint times = 1)
    {
        var fault = kind is string name ? new { kind = name } : kind;
        Send(HttpMethod.Post, "faults", new { match, skip, times, fault });
    }

    /// <summary>Lets every request go wrong until the tenant is healed: one that goes wrong once is tried again.</summary>
    public void BreakDown(string match, object kind, int skip = 0) => Fault(match, kind, skip, uint.MaxValue);

    /// <summary>Nothing goes wrong any more.</summary>
    public void Heal() => Send(HttpMethod.Delete, "faults", new { });

    /// <summary>The fault that replies with a status.</summary>
    public static object Reply(int status, string body = "", Dictionary<string, string>? headers = null) =>
        new { kind = "status", status, body, headers = headers ?? [] };

    /// <summary>Registers a certificate with an app.</summary>
    public void Register(string appId, X509Certificate2 certificate) =>
        Send(HttpMethod.Post, "certificates", new { appId, certificate = certificate.ExportCertificatePem() });

    /// <summary>What the endpoint of an app service wants to see.</summary>
    public string IdentityHeader => Get<JsonElement>("managed-identity").GetProperty("identityHeader").GetString()!;

    /// <summary>The file that the agent of Azure Arc names, and the key that must be in it.</summary>
    public void ArcKey(string path, string key) => Send(HttpMethod.Post, "managed-identity", new { path, key });

    /// <summary>What becomes of the next device code: approve or decline.</summary>
    public void NextDeviceCode(string answer) => Send(HttpMethod.Post, "device-codes", new { answer });

    /// <summary>Ends the sign-ins of all people.</summary>
    public void EndSignIns() => Send(HttpMethod.Delete, "device-codes", new { });

    /// <summary>Takes a permission of Graph, or a cmdlet, from everybody.</summary>
    public void Forbid(params string[] permissions) => Send(HttpMethod.Post, "permissions", new { remove = permissions });

    /// <summary>An account as it is now.</summary>
    public JsonElement Account(string name) => Get<JsonElement>($"accounts/{name}");

    /// <summary>The time there.</summary>
    public DateTime Time => Get<JsonElement>("clock").GetProperty("now").GetDateTimeOffset().UtcDateTime;

    /// <summary>Fills the message trace with weeks of made-up mail, up to yesterday.</summary>
    public void Fill(int senders, int weeks, int seed) => Send(HttpMethod.Post, "traffic", new { senders, weeks, seed });

    /// <summary>The message trace as a file that admins export.</summary>
    public byte[] Trace(string shape, string encoding)
    {
        using var reply = Http.Send(new HttpRequestMessage(HttpMethod.Get, $"{plainUri}/sandbox/trace?shape={shape}&encoding={encoding}"));
        reply.EnsureSuccessStatusCode();
        using var bytes = new MemoryStream();
        reply.Content.ReadAsStream().CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Hands a message over. Returns its message trace id, or nothing where it is refused.</summary>
    public string? Submit(string authenticatedUser, string from, IEnumerable<string> recipients)
    {
        var answer = JsonSerializer.Deserialize<JsonElement>(
            Send(HttpMethod.Post, "submissions", new { authenticatedUser, from, recipients }));
        var outcome = answer.GetProperty("outcome").GetString();
        Assert.True(outcome is "accepted" or "refused", $"{outcome}: {answer}");
        return outcome == "accepted" ? answer.GetProperty("messageTraceId").GetString() : null;
    }

    /// <summary>Takes the limits from an outbound spam policy, so that only those of the service hold.</summary>
    public void Unlimit(string name) => Send(
        HttpMethod.Post,
        "outbound-policies",
        new { name, recipientLimitExternalPerHour = 0, recipientLimitInternalPerHour = 0, recipientLimitPerDay = 0 });

    /// <summary>Another identity provider vouches for an app.</summary>
    public void Trust(string appId, string token) => Send(HttpMethod.Post, "federated-tokens", new { appId, token });

    /// <summary>An access token, as an admin would get it elsewhere.</summary>
    public string Token(string organization, App app)
    {
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = app.AppId,
            ["client_secret"] = app.ClientSecret,
            ["scope"] = plainUri + "/.default",
        };
        using var content = new FormUrlEncodedContent(form);
        var endpoint = $"{plainUri}/{organization}/oauth2/v2.0/token";
        using var reply = Http.PostAsync(endpoint, content).GetAwaiter().GetResult();
        var answer = reply.Content.ReadFromJsonAsync<JsonElement>().GetAwaiter().GetResult();
        return answer.GetProperty("access_token").GetString()!;
    }

    private T Get<T>(string what)
    {
        using var reply = Http.Send(new HttpRequestMessage(HttpMethod.Get, $"{plainUri}/sandbox/{what}"));
        reply.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<T>(reply.Content.ReadAsStream(), Json)!;
    }

    private string Send(HttpMethod method, string what, object body)
    {
        using var request = new HttpRequestMessage(method, $"{plainUri}/sandbox/{what}")
        {
            Content = new StringContent(JsonSerializer.Serialize(body, Json)),
        };
        using var reply = Http.SendAsync(request).GetAwaiter().GetResult();
        var answer = reply.Content.ReadAsStringAsync().GetAwaiter().GetResult();
        Assert.True(reply.IsSuccessStatusCode, $"{method} {what}: {answer}");
        return answer;
    }
}

/// <summary>The practice tenant as a program of its own: a service that the module knows nothing of.</summary>
public sealed class Program : IDisposable
{
    private readonly Process _process;

    public Program()
    {
        var start = new ProcessStartInfo(Place.Sandbox, ["--time-scale", "0"]) { RedirectStandardOutput = true };
        _process = Process.Start(start)!;
        var line = _process.StandardOutput.ReadLine() ?? throw new EndOfStreamException("The program printed nothing.");
        Invitation = JsonSerializer.Deserialize<Invitation>(line, Tenant.Json)!;
        Tenant = new Tenant(Invitation.PlainUri);
    }

    internal Invitation Invitation { get; }

    internal Tenant Tenant { get; }

    /// <summary>The parameters that lead there: organization and endpoints.</summary>
    internal string Way =>
        $"-Organization {Invitation.Organization} -ConnectionUri {Invitation.PlainUri} "
        + $"-AzureADAuthorizationEndpointUri {Invitation.PlainUri}";

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
