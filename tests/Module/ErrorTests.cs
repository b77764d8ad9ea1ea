using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace RestrictedSender.Module.Tests;

/// <summary>An error as an admin or a program in C sees it.</summary>
internal sealed record Seen(
    string Code, string Name, ErrorCategory Category, string Message, string Action, object? Target)
{
    public static Seen Of(ErrorRecord record)
    {
        var id = record.Id().Split('.');
        Assert.Equal(2, id.Length);
        return new Seen(
            id[0],
            id[1],
            record.CategoryInfo.Category,
            record.Exception.Message,
            record.ErrorDetails.RecommendedAction,
            record.TargetObject);
    }

    /// <summary>The order of the columns is checked by the house rules.</summary>
    public static Seen Of(NativeException error) => new(
        (string)error.Cells[0]!,
        (string)error.Cells[1]!,
        (ErrorCategory)(long)error.Cells[2]!,
        (string)error.Cells[3]!,
        (string)error.Cells[4]!,
        error.Cells[5]);
}

/// <summary>The table of errors, each of its lines provoked.</summary>
[Collection(Variables.Collection)]
public sealed class ErrorTests(Program program) : IClassFixture<Program>, IDisposable
{
    private const string Adele = "adele.vance@contoso.com", Isaiah = "isaiah.langer@contoso.com",
        Organization = "contoso.onmicrosoft.com", Outside = "me@fabrikam.example";

    /// <summary>The id of the tenant that the first seed makes, and so the name of its journal's folder.</summary>
    private const string PracticeTenant = "61644a25-da5a-4317-94e2-3bc1eca8c766";

    private const string Protect = $"Protect-SenderAccount {Adele} -BlockSignIn -Confirm:$false";

    private static readonly string Connector = Guid.NewGuid().ToString();

    /// <summary>For each code what it is about, where it is about something, and what provokes it.</summary>
    private static readonly Dictionary<string, (object? Target, Func<ErrorTests, Seen> Provoke)> Scenarios = new()
    {
        ["RS1001"] = (null, test => test.Error("Get-RestrictedSender")),
        ["RS1002"] = (Organization, test =>
        {
            test._engine["c"] = test._engine.Connect().Connection;
            return test.Error("Disconnect-RestrictedSender; Get-RestrictedSender -Connection $c");
        }
        ),
        ["RS1003"] = (Organization, _ => Native(session =>
        {
            NativeHost.Run(session, "connect-restricted-sender", switches: "Sandbox");
            NativeHost.Run(session, "connect-restricted-sender", switches: "Sandbox");
        })),
        ["RS1004"] = (null, test => test.Error("Connect-RestrictedSender -Organization ' ' -AccessToken x")),
        ["RS1005"] = ("ConnectionUri", test => test.Token("x", "http://exchange.example")),
        ["RS1006"] = ("broken", test => test.InPractice("Get-RestrictedSender broken")),
        ["RS1007"] = ("seven", test => test.InPractice("Unblock-RestrictedSender -ConnectorId seven")),
        ["RS1008"] = (null, test => test.InPractice("Get-RestrictedSender ''")),
        ["RS1009"] = (Adele, test => test.InPractice(
            $"[pscustomobject]@{{ SenderAddress = '{Adele}'; ConnectorId = '{Connector}' }} | Unblock-RestrictedSender")),
        ["RS1010"] = (Adele, test => test.InPractice($"Unblock-RestrictedSender {Adele} -TenantId {Guid.NewGuid()}")),
        ["RS1011"] = (Adele, test => test.InPractice($"Unblock-RestrictedSender {Adele}")),
        ["RS1012"] = ("*@contoso.com", test => test.InPractice("Unblock-RestrictedSender *@contoso.com -Confirm:$false")),
        ["RS1013"] = (Organization, test => test.InPractice($"Wait-RestrictedSender {Adele} -TimeoutSec 604801")),
        ["RS1014"] = (Organization, test => test.InPractice("Get-RestrictedSenderHistory -StartDate 2100-01-01")),
        ["RS1015"] = (Organization, test => test.InPractice($"Protect-SenderAccount {Adele}")),
        ["RS1016"] = ("seven", test => test.Error("Get-NonDeliveryCode seven")),
        ["RS1017"] = (Outside, test => test.InPractice($"Wait-RestrictedSender {Adele} -TestRecipient {Outside}")),

        ["RS2001"] = (Organization, test => test.SignIn(test.App("full").AppId, "wrong")),
        ["RS2002"] = (Organization, test => test.SignIn(test.App("expired-secret"))),
        ["RS2003"] = (Organization, test => test.SignIn(Guid.NewGuid().ToString(), "x")),
        ["RS2004"] = ("nobody.example", test => test.SignIn(test.App("full").AppId, "x", "nobody.example")),
        ["RS2005"] = (Organization, test =>
        {
            test.Program.Fault("token", Tenant.Reply(400, """{"error":"invalid_scope","error_codes":[1002012]}"""));
            return test.SignIn(test.App("full"));
        }
        ),
        ["RS2006"] = (Organization, test => test.Token(ExpiredToken())),
        ["RS2007"] = (Organization, test => test.SignIn(test.App("none"))),
        ["RS2008"] = (Organization, test => test.SignIn(test.App("no-directory-role"))),
        ["RS2009"] = (Organization, test => test.InPractice(
            "Get-RestrictedSenderHistory",
            tenant => tenant.Fault("Search-UnifiedAuditLog", Tenant.Reply(403)))),
        ["RS2010"] = (Organization, test => test.Certificate("-CertificateThumbprint " + new string('0', 40))),
        ["RS2011"] = (Organization, test => test.Certificate($"-CertificateFilePath '{Place.Assembly}'")),
        ["RS2012"] = (Organization, test => test.Certificate("-Certificate $it", Made.WithoutKey())),
        ["RS2013"] = (Organization, test => test.Certificate("-Certificate $it", Made.Certificate(-9, -1))),
        ["RS2014"] = (Organization, test => test.Certificate("-Certificate $it", Made.Good)),
        ["RS2015"] = (Organization, test =>
        {
            test.Program.Fault("token", Tenant.Reply(400, """{"error":"invalid_grant","error_codes":[65001]}"""));
            return test.SignIn(test.App("full"));
        }
        ),
        ["RS2016"] = (Organization, test =>
        {
            test.Program.Fault("token", Tenant.Reply(400, """{"error":"invalid_grant","error_codes":[53003]}"""));
            return test.SignIn(test.App("full"));
        }
        ),
        ["RS2017"] = (Organization, test => test.ManagedIdentity("http://token.example/msi")),
        ["RS2018"] = (Organization, test => test.ManagedIdentity(
            $"{test.Invitation.PlainUri}/msi/token", $"-ManagedIdentityAccountId {Guid.NewGuid()}")),
        ["RS2019"] = (null, test => Behind(
            new Variables(("AZURE_CLIENT_ID", null)),
            () => test.Error($"Connect-RestrictedSender {test.Endpoints} -EnvironmentVariable"))),
        ["RS2020"] = (Organization, test =>
        {
            test.Program.NextDeviceCode("decline");
            return test.Error($"Connect-RestrictedSender {test.Way} -Device");
        }
        ),
        ["RS2021"] = (Organization, test =>
        {
            test.Program.NextDeviceCode("approve");
            test._engine.Run($"Connect-RestrictedSender {test.Way} -Device");
            test.Program.EndSignIns();
            test.Program.Fault("Get-BlockedSenderAddress", Tenant.Reply(401));
            return test.Error("Get-RestrictedSender -EntityType Mailbox");
        }
        ),

        ["RS2022"] = (Adele, test =>
        {
            test._engine["secret"] = ConnectTests.Secure(test.Invitation.ClientSecret);
            var app = $"-AppId {test.Invitation.AppId} -ClientSecret $secret";
            return test.Error($"$c = Connect-RestrictedSender {test.Way} {app}; {Protect}");
        }
        ),
        ["RS2023"] = (Adele, test => test.InPractice(Protect, tenant => tenant.Forbid("User.EnableDisableAccount.All"))),

        // A label of 64 characters is no name: it is refused on this machine, no server is asked.
        ["RS3001"] = (Organization, test => Behind(
            SystemProxy.None(),
            () => test.Token("x", $"https://{new string('x', 64)}.example"))),
        ["RS3002"] = (Organization, test => test.Token("x", $"http://127.0.0.1:{ClosedPort()}")),
        ["RS3003"] = (Organization, test => test.Token("x", test.Invitation.Uri)),
        ["RS3004"] = (Organization, test =>
        {
            var (_, tenant) = test._engine.Connect("-TimeoutSec 1");
            tenant.BreakDown("Get-BlockedSenderAddress", "hang");
            var state = test._engine.Run($"Test-RestrictedSender {Adele}").One;
            Assert.Equal("Unknown", state.Text("State"));
            return Seen.Of(Assert.IsType<ErrorRecord>(state.Value("Error")));
        }
        ),
        ["RS3005"] = (Organization, test => test.WithFault("drop")),
        ["RS3006"] = (Organization, test =>
        {
            test.Program.Fault("Get-BlockedSenderAddress", new { kind = "oversize", bytes = 65 << 20 });
            return test.SignIn(test.App("full"));
        }
        ),
        ["RS3007"] = (Organization, test => test.WithFault("not-json")),
        ["RS3008"] = (Organization, test => test.WithFault(
            Tenant.Reply(400, Envelope("Expired or Invalid pagination request")))),
        ["RS3009"] = (Organization, test => test.WithFault(Tenant.Reply(429, "", new() { ["retry-after"] = "7" }))),
        ["RS3010"] = (Organization, test => test.WithFault(Tenant.Reply(503, "busy"))),
        ["RS3011"] = (Organization, test => Behind(
            new SystemProxy(SystemProxy.WantsSignIn),
            () => test.Token("x", "https://exchange.example"))),

        ["RS4001"] = ("diego@contoso.com", test => test.InPractice("Get-RestrictedSender diego@contoso.com")),
        ["RS4002"] = ("nobody@contoso.com", test => test.InPractice("Get-RestrictedSender nobody@contoso.com")),
        ["RS4003"] = (Adele, test => test.InPractice(
            "$entry | Unblock-RestrictedSender -Confirm:$false",
            tenant =>
            {
                test._engine["entry"] = test._engine.Run($"Get-RestrictedSender {Adele}").Good[0];
                tenant.Lift(Adele);
            })),
        ["RS4004"] = (Isaiah, test => test.InPractice($"Unblock-RestrictedSender {Isaiah} -Confirm:$false")),
        ["RS4005"] = (Adele, test => test.InPractice(
            $"Unblock-RestrictedSender {Adele} -Confirm:$false",
            tenant => tenant.Fault("Remove-BlockedSenderAddress", "lose-reply"))),
        ["RS4006"] = (Adele, test => test.InPractice(
            $"Unblock-RestrictedSender {Adele} -Confirm:$false",
            tenant => tenant.Fault("Remove-BlockedSenderAddress", Tenant.Reply(400, Envelope("A bank holiday."))))),
        ["RS4007"] = (Adele, test => test.InPractice($"Unblock-RestrictedSender {Adele} -RequireEvidence -Confirm:$false")),
        ["RS4008"] = ("scanner@print.contoso.com", test => test.InPractice(
            "Protect-SenderAccount scanner@print.contoso.com -BlockSignIn -Confirm:$false")),
        ["RS4009"] = ("o'brien@contoso.com", test => test.InPractice(
            "Protect-SenderAccount \"o'brien@contoso.com\" -ResetPassword -Confirm:$false")),
        ["RS4010"] = (Adele, test => test.InPractice(
            Protect,
            tenant => tenant.Fault("graph/updateUser", Tenant.Reply(400, Envelope("A bank holiday."))))),

        ["RS5001"] = (Path.Combine(Place.Assembly, PracticeTenant), test =>
        {
            test._engine.Connect($"-JournalPath '{Place.Assembly}'");
            return test.Error($"Unblock-RestrictedSender {Adele} -Confirm:$false -RequireJournal");
        }
        ),
        ["RS5002"] = (Place.Assembly + "x", test => test.Error($"Test-RestrictedSenderJournal '{Place.Assembly}x'")),
        ["RS5003"] = (Place.Assembly, test => test.Error($"Get-RestrictedSenderHistory -Path '{Place.Assembly}'")),
        ["RS5004"] = (Organization, test =>
        {
            test._engine["secret"] = ConnectTests.Secure(test.Invitation.ClientSecret);
            var app = $"-AppId {test.Invitation.AppId} -ClientSecret $secret -ExchangeEnvironmentName O365China";
            return test.Error($"$c = Connect-RestrictedSender {test.Way} {app}; Get-RestrictedSenderHistory");
        }
        ),
        ["RS5005"] = (Place.Assembly + "x", test => test.Error($"ConvertFrom-NonDeliveryReport '{Place.Assembly}x'")),

        ["RS6001"] = (Place.Assembly, test => test.Error($"Measure-OutboundSending '{Place.Assembly}' -AcceptedDomain contoso.com")),
        ["RS6002"] = (null, test => test.Error($"Measure-OutboundSending '{Place.Assembly}'")),

        ["RS6003"] = (Place.Assembly, test => test.Error(
            $"Measure-OutboundSending '{Place.Assembly}' -AcceptedDomain contoso.com -PlotPath '{Place.Assembly}' -NoClobber")),
        ["RS6004"] = (Place.Module, test => test.Error(
            $"Measure-OutboundSending '{Place.Assembly}' -AcceptedDomain contoso.com -PlotPath '{Place.Module}'")),
        ["RS6005"] = (Organization, test => test.InPractice(
            """
            $start = @(Get-RestrictedSender)[0].ListedAt.AddDays(-20)
            $measured = Measure-OutboundSending -SenderAddress nobody@contoso.com -StartDate $start
            """,
            tenant => tenant.BreakDown("Get-MessageTraceV2", Tenant.Reply(403), skip: 1))),

        ["RS7001"] = ("127.0.0.1:1", test => test.TestMessage(Adele, "127.0.0.1:1")),
        ["RS7002"] = (Adele, test => test.TestMessage(Adele, password: "wrong")),
        // Isaiah may not send as Adele.
        ["RS7003"] = (Adele, test => test.TestMessage(Isaiah)),
        ["RS7004"] = (Adele, test => test.InPractice(
            $"Unblock-RestrictedSender {Adele} -Confirm:$false; Wait-RestrictedSender {Adele} -Proof Sent",
            tenant => tenant.BreakDown("Get-MessageTraceV2", Tenant.Reply(403)))),

        ["RS9001"] = (null, _ => Native(session =>
        {
            NativeHost.Run(session, "connect-restricted-sender", switches: "Sandbox");
            NativeHost.Run(session, "test-restricted-sender", cancel: true);
        })),
        ["RS9002"] = (null, _ => Native(session => NativeHost.Run(session, "no-such-operation"))),
        ["RS9003"] = (null, _ => Native(session => NativeHost.Run(session, "panic"))),
        ["RS9004"] = (null, _ => LibraryTests.WithoutTheLibrary()),
        ["RS9005"] = (null, _ => LibraryTests.WithASecondCopy()),
    };

    private readonly Engine _engine = new();

    public static TheoryData<string> Codes => [.. Scenarios.Keys];

    private Tenant Program => program.Tenant;

    private Invitation Invitation => program.Invitation;

    private string Way => program.Way;

    private string Endpoints => program.Way.Replace($"-Organization {Invitation.Organization} ", "");

    /// <summary>The table, as the native library has it.</summary>
    private static IReadOnlyDictionary<string, Line> Table { get; } = NativeHost.OnSession(session =>
        NativeHost.Run(session, "get-error-code").Select(cells => new Line(
            (string)cells[0]!,
            (string)cells[1]!,
            (ErrorCategory)(long)cells[2]!,
            (bool)cells[3]!,
            (string)cells[4]!,
            (string)cells[5]!))).ToDictionary(line => line.Code);

    [Fact]
    public void Every_code_has_a_scenario_and_every_scenario_a_code() =>
        Assert.Equal(Table.Keys.Order(), Scenarios.Keys.Order());

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_code_is_provoked_and_says_what_happened_and_what_to_do(string code)
    {
        var (target, provoke) = Scenarios[code];
        var seen = provoke(this);
        Assert.Equal(code, seen.Code);
        Assert.True(Table.ContainsKey(code), $"{code} is not in the table.");
        var line = Table[code];
        Assert.Equal(line.Name, seen.Name);
        Assert.Equal(line.Category, seen.Category);
        Assert.True(Enum.IsDefined(seen.Category));
        Assert.Equal(line.Action, seen.Action);
        Assert.Equal(target, seen.Target);
        Assert.Matches(@"(?s)^\S.{15,}[^\s:]$", seen.Message);
    }

    [Fact]
    public void The_page_of_errors_is_that_of_the_table()
    {
        var page = File.ReadAllText(Path.Combine(Place.Root, "docs", "errors.md"));
        const string line = @"^\| (RS\d+) \| (\w+) \| (\w+) \| (yes)? ?\| (.+) \| (.+) \|\r?$";
        var lines = Regex.Matches(page, line, RegexOptions.Multiline)
            .Select(match => new Line(
                match.Groups[1].Value,
                match.Groups[2].Value,
                Enum.Parse<ErrorCategory>(match.Groups[3].Value),
                match.Groups[4].Success,
                match.Groups[5].Value.Replace("\\", ""),
                match.Groups[6].Value.Replace("\\", "")));
        Assert.Equal(Table.Values.OrderBy(line => line.Code), lines);
    }

    [Fact]
    public void What_the_service_said_is_kept()
    {
        var (_, tenant) = _engine.Connect();
        var headers = new Dictionary<string, string> { ["retry-after"] = "7", ["request-id"] = "r-1" };
        tenant.BreakDown("Get-BlockedSenderAddress", Tenant.Reply(429, "", headers));
        var error = Exception("Get-RestrictedSender -EntityType Mailbox");
        Assert.Equal(429, error.Value("HttpStatus"));
        Assert.Equal(7L, error.Value("RetryAfterSec"));
        Assert.Equal("r-1", error.Value("RequestId"));
        Assert.Equal(true, error.Value("Retryable"));
        tenant.Heal();
        error = Exception($"Unblock-RestrictedSender {Isaiah} -Confirm:$false");
        Assert.Contains("UnblockLimitExceeded", error.Text("ExchangeExceptionType"));
        Assert.Equal("RS4004", error.Value("Code"));
        Assert.Equal("UnblockLimitReached", error.Value("Name"));
        Assert.NotNull(((Exception)error.BaseObject).InnerException);

        PSObject Exception(string script) => PSObject.AsPSObject(_engine.Run(script).Error.Exception);
    }

    [Fact]
    public void A_refused_secret_keeps_the_number_of_Entra()
    {
        _engine["secret"] = ConnectTests.Secure("wrong");
        var app = $"-AppId {Invitation.AppId} -ClientSecret $secret";
        var error = _engine.Run($"Connect-RestrictedSender {program.Way} {app}").Error;
        Assert.Equal(7_000_215L, PSObject.AsPSObject(error.Exception).Value("Aadsts"));
        Assert.Contains("AADSTS7000215", error.Exception.Message);
    }

    [Fact]
    public void Scripts_can_choose_by_id_and_ErrorAction_works_as_everywhere()
    {
        _engine.Connect();
        var outcome = _engine.Run("""
            $names = 'nobody@contoso.com', 'ceo@contoso.com'
            try { Get-RestrictedSender $names -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
            Get-RestrictedSender $names -ErrorAction SilentlyContinue -ErrorVariable failed
            $failed.Count
            $failed[0].CategoryInfo.Category
            """);
        Assert.Equal(4, outcome.Good.Count);
        Assert.Equal(
            "RS4002.UnknownAddress,RestrictedSender.PowerShell.GetRestrictedSenderCommand",
            outcome.Output[0].BaseObject);
        Assert.Equal(1, outcome.Output[2].BaseObject);
        Assert.Equal(ErrorCategory.ObjectNotFound, outcome.Output[3].BaseObject);
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>A token like those of Entra that expired in 2020; nothing else of it is read.</summary>
    private static string ExpiredToken() =>
        "h." + Convert.ToBase64String(Encoding.ASCII.GetBytes("""{"exp":1577836800}""")).TrimEnd('=') + ".s";

    private static Seen Behind(IDisposable proxy, Func<Seen> provoke)
    {
        using (proxy)
            return provoke();
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Envelope(string message) =>
        $$$"""{"error":{"code":"BadRequest","details":[{"message":"Ex1|System.Exception|{{{message}}}"}]}}""";

    private static Seen Native(Action<long> action) => NativeHost.OnSession(session =>
        Seen.Of(Assert.Throws<NativeException>(() => action(session))));

    private App App(string grant) => Program.AppWith(grant);

    private Seen Error(string script) => Seen.Of(_engine.Run(script).Error);

    private Seen InPractice(string script, Action<Tenant>? before = null)
    {
        var (_, tenant) = _engine.Connect();
        before?.Invoke(tenant);
        return Error(script);
    }

    /// <summary>Waits for Adele with a test message that somebody signs in to send.</summary>
    private Seen TestMessage(string user, string server = "$c.PracticeSmtpAddress", string? password = null)
    {
        var (connection, tenant) = _engine.Connect();
        password ??= tenant.Account(user).GetProperty("password").GetString()!;
        (_engine["c"], _engine["password"]) = (connection, ConnectTests.Secure(password));
        return Error($"""
            Unblock-RestrictedSender {Adele} -Confirm:$false
            Wait-RestrictedSender {Adele} -TestRecipient {Outside} -SmtpServer {server} -Confirm:$false `
                -Credential ([pscredential]::new('{user}', $password))
            """);
    }

    private Seen WithFault(object fault) =>
        InPractice(
            "Get-RestrictedSender -EntityType Mailbox",
            tenant => tenant.BreakDown("Get-BlockedSenderAddress", fault));

    private Seen SignIn(App app) => SignIn(app.AppId, app.ClientSecret);

    private Seen SignIn(string appId, string secret, string? organization = null)
    {
        _engine["secret"] = ConnectTests.Secure(secret);
        var way = program.Way.Replace($" {Invitation.Organization} ", $" {organization ?? Invitation.Organization} ");
        return Error($"Connect-RestrictedSender {way} -AppId {appId} -ClientSecret $secret");
    }

    private Seen Certificate(string way, X509Certificate2? it = null)
    {
        _engine["it"] = it;
        return Error($"Connect-RestrictedSender {program.Way} -AppId {Invitation.AppId} {way}");
    }

    private Seen ManagedIdentity(string endpoint, string way = "") => Behind(
        new Variables(("IDENTITY_ENDPOINT", endpoint), ("IDENTITY_HEADER", Program.IdentityHeader)),
        () => Error($"Connect-RestrictedSender {Way} -ManagedIdentity {way}"));

    private Seen Token(string token, string? uri = null)
    {
        var way = $"-Organization {Organization} -ConnectionUri {uri ?? Invitation.PlainUri}";
        return Error($"Connect-RestrictedSender {way} -AccessToken {token}");
    }

    private sealed record Line(
        string Code, string Name, ErrorCategory Category, bool Retryable, string Meaning, string Action);
}
