using System.Collections;
using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RestrictedSender.Module.Tests;

[Collection(Variables.Collection)]
public sealed class SecretTests(Program program) : IClassFixture<Program>, IDisposable
{
    private const string Planted = "planted-secret-7f3e1c";

    private readonly Engine _engine = new();

    [Theory]
    [InlineData("-AppId $app -ClientSecret $secure", "RS2001.WrongSecret")]
    [InlineData("-AccessToken $secure", "RS2007.NotAuthorized")]
    [InlineData("-AccessToken $text", "RS2007.NotAuthorized")]
    public void A_secret_that_is_refused_is_shown_nowhere(string parameters, string id)
    {
        _engine["text"] = Planted;
        MustBeRefusedUnseen(parameters, id);
    }

    [Fact]
    public void The_password_of_a_certificate_that_is_refused_is_shown_nowhere()
    {
        _engine["file"] = Made.File("app.pfx", Made.Good.Export(X509ContentType.Pkcs12, "another"));
        const string parameters = "-AppId $app -CertificateFilePath $file -CertificatePassword $secure";
        MustBeRefusedUnseen(parameters, "RS2011.CertificateUnreadable");
    }

    private void MustBeRefusedUnseen(string parameters, string id)
    {
        _engine["app"] = program.Invitation.AppId;
        _engine["secure"] = ConnectTests.Secure(Planted);
        var outcome = _engine.Run($"Connect-RestrictedSender {program.Way} {parameters} -Verbose");
        Assert.Equal(id, outcome.Error.Id());
        var shown = Everything(outcome);
        Assert.Contains(program.Invitation.Organization, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(Planted, shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_and_a_token_that_are_taken_are_shown_nowhere()
    {
        var secret = program.Invitation.ClientSecret;
        _engine["secure"] = ConnectTests.Secure(secret);
        var token = program.Tenant.Token(program.Invitation.Organization, program.Tenant.AppWith("full"));
        _engine["token"] = ConnectTests.Secure(token);
        _engine.Host.Clear();
        var outcome = _engine.Run($"""
            Connect-RestrictedSender {program.Way} -AppId {program.Invitation.AppId} -ClientSecret $secure -Verbose
            Connect-RestrictedSender {program.Way} -AccessToken $token -Verbose
            Get-RestrictedSenderConnection | Out-Default
            Get-RestrictedSender nobody@contoso.com, broken -Verbose
            Unblock-RestrictedSender isaiah.langer@contoso.com -Confirm:$false -Verbose
            Unblock-RestrictedSender scanner@print.contoso.com -Confirm:$false -Verbose
            """);
        Assert.Equal(3, outcome.Errors.Count);
        Assert.NotEmpty(outcome.Verbose);
        var shown = Everything(outcome);
        Assert.Contains(program.Invitation.Organization, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(token, shown, StringComparison.Ordinal);
    }

    [Fact]
    public void What_managed_identities_and_people_sign_in_with_is_shown_nowhere()
    {
        var header = program.Tenant.IdentityHeader;
        using var variables = new Variables(
            ("IDENTITY_ENDPOINT", $"{program.Invitation.PlainUri}/msi/token"), ("IDENTITY_HEADER", header));
        program.Tenant.NextDeviceCode("approve");
        _engine.Host.Clear();
        var outcome = _engine.Run($"""
            Connect-RestrictedSender {program.Way} -ManagedIdentity -Verbose
            Connect-RestrictedSender {program.Way} -Device -Verbose
            Get-RestrictedSenderConnection | Out-Default
            """);
        Assert.Equal(2, outcome.Good.Count);
        program.Tenant.EndSignIns();
        program.Tenant.Fault("Get-BlockedSenderAddress", Tenant.Reply(401));
        var refused = _engine.Run("Get-RestrictedSender -EntityType Mailbox -Verbose");
        Assert.Equal("RS2021.SignInExpired", refused.Error.Id());
        var shown = Everything(outcome) + Everything(refused);
        Assert.Contains("New token for contoso.onmicrosoft.com", shown);
        Assert.DoesNotContain(header, shown);
        // Every access token begins like this; what is not seen of one is not seen of a refresh token beside it either.
        Assert.DoesNotContain("eyJ", shown);
        Assert.DoesNotMatch(@"\b[0-9a-f]{32}\b", shown);
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>All that anybody could read, log or send on.</summary>
    private string Everything(Outcome outcome)
    {
        var text = new StringBuilder();
        text.AppendJoin('\n', _engine.Host.Lines);
        text.AppendJoin('\n', outcome.Warnings.Concat(outcome.Verbose));
        foreach (var row in outcome.Output)
            text.AppendLine(PSSerializer.Serialize(row, 5));
        foreach (var record in ((IEnumerable)_engine["Error"]!).Cast<object>())
        {
            text.AppendLine(record.ToString());
            // One deeper, and the types of .NET itself are written down: tens of megabytes that hold nothing of ours.
            text.AppendLine(PSSerializer.Serialize(record, 2));
            var error = record is ErrorRecord own ? own : ((IContainsErrorRecord)record).ErrorRecord;
            text.AppendLine(error.Exception.ToString());
            text.AppendLine(PSSerializer.Serialize(error.Exception, 2));
            text.AppendLine(error.ErrorDetails?.Message).AppendLine(error.ErrorDetails?.RecommendedAction);
        }
        return text.ToString();
    }
}
