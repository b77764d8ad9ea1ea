using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Identity.Client;

namespace RestrictedSender.Client.Tests;

/// <summary>Microsoft's own OAuth library gets its tokens from the practice tenant, which was written without it.</summary>
public sealed class SignInTests(TrustedTenant tenant) : IClassFixture<TrustedTenant>
{
    [Fact]
    public async Task A_secret_gets_a_token_which_the_library_keeps_and_the_tenant_takes()
    {
        var app = tenant.App(tenant.Invitation.AppId).WithClientSecret(tenant.Invitation.ClientSecret).Build();
        var before = tenant.Control.Now;
        var first = await app.AcquireTokenForClient([tenant.Scope]).ExecuteAsync();
        var second = await app.AcquireTokenForClient([tenant.Scope]).ExecuteAsync();
        Assert.Equal(TokenSource.IdentityProvider, first.AuthenticationResultMetadata.TokenSource);
        Assert.Equal(TokenSource.Cache, second.AuthenticationResultMetadata.TokenSource);
        Assert.Single(tenant.Control.Requests(before), request => request.IsToken);
        Assert.Equal(8, await Listed(first.AccessToken));
    }

    [Fact]
    public async Task A_certificate_gets_a_token_once_it_is_registered()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Practice", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        var app = tenant.App(tenant.Invitation.AppId).WithCertificate(certificate).Build();
        var refused = await Assert.ThrowsAsync<MsalServiceException>(
            () => app.AcquireTokenForClient([tenant.Scope]).ExecuteAsync());
        Assert.True(refused.Message.Contains("AADSTS700027"), refused.Message);
        tenant.Control.Register(tenant.Invitation.AppId, certificate);
        var given = await app.AcquireTokenForClient([tenant.Scope]).ExecuteAsync();
        Assert.Equal(8, await Listed(given.AccessToken));
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_in_words_that_the_library_reads()
    {
        var app = tenant.App(tenant.Invitation.AppId).WithClientSecret("wrong").Build();
        var refused = await Assert.ThrowsAsync<MsalServiceException>(
            () => app.AcquireTokenForClient([tenant.Scope]).ExecuteAsync());
        Assert.Equal(("invalid_client", 401), (refused.ErrorCode, refused.StatusCode));
        Assert.Contains("AADSTS7000215", refused.Message);
        Assert.NotEmpty(refused.CorrelationId);
    }

    [Fact]
    public async Task Who_does_not_trust_the_tenants_authority_gets_nothing()
    {
        var app = ConfidentialClientApplicationBuilder.Create(tenant.Invitation.AppId)
            .WithAuthority($"{tenant.Invitation.Uri}/{tenant.Invitation.TenantId}", validateAuthority: false)
            .WithInstanceDiscovery(false)
            .WithClientSecret(tenant.Invitation.ClientSecret)
            .Build();
        var failed = await Assert.ThrowsAnyAsync<Exception>(
            () => app.AcquireTokenForClient([tenant.Scope]).ExecuteAsync());
        Assert.Contains("SSL", failed.ToString());
    }

    private async Task<int> Listed(string token)
    {
        var reply = await tenant.Post(tenant.Command, token, Call.Of("Get-BlockedSenderAddress"));
        return reply.GetProperty("value").GetArrayLength();
    }
}
