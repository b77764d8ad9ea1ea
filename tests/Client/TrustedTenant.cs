using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Identity.Client;
using RestrictedSender.Module.Tests;

namespace RestrictedSender.Client.Tests;

/// <summary>
/// The practice tenant over HTTPS, and clients that trust its certificate authority: they alone, and nothing else.
/// </summary>
public sealed class TrustedTenant : IMsalHttpClientFactory, IDisposable
{
    private readonly Program _program = new();
    private readonly HttpClient _http;

    public TrustedTenant()
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.Add(X509Certificate2.CreateFromPem(Invitation.CaCertificate));
        handler.SslOptions.CertificateChainPolicy = trust;
        _http = new HttpClient(handler);
    }

    internal Invitation Invitation => _program.Invitation;

    internal Tenant Control => _program.Tenant;

    internal string Scope => Invitation.Uri + "/.default";

    internal string Command => $"{Invitation.Uri}/adminapi/beta/{Invitation.TenantId}/InvokeCommand";

    /// <inheritdoc/>
    public HttpClient GetHttpClient() => _http;

    /// <summary>An app of Microsoft's library. It asks nobody whether there is such a cloud.</summary>
    internal ConfidentialClientApplicationBuilder App(string appId) => ConfidentialClientApplicationBuilder
        .Create(appId)
        .WithAuthority($"{Invitation.Uri}/{Invitation.TenantId}", validateAuthority: false)
        .WithInstanceDiscovery(false)
        .WithHttpClientFactory(this);

    /// <summary>Posts JSON with a token and further headers; the reply must be that of a call that went well.</summary>
    internal async Task<JsonElement> Post(string address, string token, object body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = JsonContent.Create(body, options: JsonSerializerOptions.Default) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var reply = await _http.SendAsync(request);
        Assert.True(reply.IsSuccessStatusCode, $"{(int)reply.StatusCode} {await reply.Content.ReadAsStringAsync()}");
        return await reply.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _program.Dispose();
    }
}
