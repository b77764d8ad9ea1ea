using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace RestrictedSender.Module.Tests;

/// <summary>
/// The cmdlets that Connect-ExchangeOnline imports: functions of a temporary module that ask a practice tenant and
/// return property bags, as if they came over a wire.
/// </summary>
public sealed class ExchangeFunctions(Program program, string app = "full")
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["Get-BlockedSenderAddress"] = "[string] $SenderAddress",
        ["Remove-BlockedSenderAddress"] = "[string] $SenderAddress, [string] $Reason",
        ["Get-BlockedConnector"] = "[string] $ConnectorId",
        ["Remove-BlockedConnector"] = "[string] $ConnectorId, [string] $Reason",
        ["Get-Recipient"] = "[string] $Identity",
        ["Get-OrganizationConfig"] = "",
        ["Get-HostedOutboundSpamFilterPolicy"] = "",
        ["Get-HostedOutboundSpamFilterRule"] = "",
        ["Get-AdminAuditLogConfig"] = "",
        ["Get-AcceptedDomain"] = "",
        ["Get-Mailbox"] = "[string] $Identity",
        ["Set-Mailbox"] = "[string] $Identity, [object] $ForwardingSmtpAddress, [object] $ForwardingAddress, "
            + "[bool] $DeliverToMailboxAndForward",
        ["Get-InboxRule"] = "[string] $Mailbox, [switch] $IncludeHidden",
        ["Disable-InboxRule"] = "[string] $Mailbox, [string] $Identity",
        ["Search-UnifiedAuditLog"] =
            "[datetime] $StartDate, [datetime] $EndDate, [string] $RecordType, [string[]] $Operations, "
            + "[string] $SessionId, [string] $SessionCommand, [int] $ResultSize",
    };

    private readonly string _token =
        program.Tenant.Token(program.Invitation.Organization, program.Tenant.AppWith(app));

    /// <summary>What was bound, call after call: the cmdlet and the names.</summary>
    public List<string> Bound { get; } = [];

    /// <summary>Of which cmdlet the next call writes an error beside its objects, and what it says.</summary>
    internal (string Cmdlet, string Text)? Failure { get; set; }

    /// <summary>A warning of every call.</summary>
    public string? Warning { get; set; }

    internal Tenant Tenant => program.Tenant;

    /// <summary>The script that imports them. Without a name of a cmdlet here, it is not there.</summary>
    internal string Import(string variable, string module, string prefix = "", string[]? without = null)
    {
        var functions = Parameters.Where(cmdlet => without?.Contains(cmdlet.Key) != true).Select(cmdlet =>
        {
            var name = cmdlet.Key.Insert(cmdlet.Key.IndexOf('-') + 1, prefix);
            return $$"""
                function {{name}} {
                    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')] param({{cmdlet.Value}})
                    if ('{{cmdlet.Key}}' -notlike 'Get-*' -and '{{cmdlet.Key}}' -notlike 'Search-*' -and -not $PSCmdlet.ShouldProcess('x')) { return }
                    $exchange = $global:{{variable}}
                    if ($exchange.Warning) { $PSCmdlet.WriteWarning($exchange.Warning) }
                    $reply = $exchange.Ask('{{cmdlet.Key}}', $PSBoundParameters)
                    if ($reply.Error) {
                        $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new(
                            [System.Exception]::new($reply.Error), 'Failed', 'NotSpecified', $null))
                    }
                    $reply.Rows
                }
                """;
        });
        return $"New-Module -Name {module} {{ {string.Join('\n', functions)} }} | Import-Module";
    }

    /// <summary>
    /// The function that tells which sessions there are. Each organization has an id of its own, so that none finds what
    /// another test has done in its journal.
    /// </summary>
    internal static string Information(params (string Module, string Prefix, string Organization)[] sessions)
    {
        var rows = sessions.Select(session =>
            $"[pscustomobject] @{{ State = 'Connected'; ModuleName = 'C:\\Temp\\{session.Module}'; ModulePrefix = "
            + $"'{session.Prefix}'; Organization = '{session.Organization}'; TenantID = '{Guid.NewGuid()}'; "
            + $"UserPrincipalName = 'admin@{session.Organization}'; ConnectionUri = 'https://outlook.office365.com' }}");
        return $"function Get-ConnectionInformation {{ {string.Join('\n', rows)} }}";
    }

    /// <summary>Runs a cmdlet at the practice tenant, page after page. Called by the functions.</summary>
    public PSObject Ask(string cmdlet, IDictionary bound)
    {
        ArgumentNullException.ThrowIfNull(bound);
        Bound.Add($"{cmdlet} {string.Join(' ', bound.Keys.Cast<string>().Order())}".TrimEnd());
        var error = Failure?.Cmdlet == cmdlet ? Failure?.Text : null;
        if (error is not null)
            Failure = null;
        var rows = new List<PSObject>();
        var parameters = bound.Keys.Cast<string>().Where(name => name != "Confirm")
            .ToDictionary(name => name, name => Plain(bound[name]));
        var address = $"{program.Invitation.PlainUri}/adminapi/beta/{program.Invitation.Organization}/InvokeCommand";
        for (var next = address; next is not null;)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, next)
            {
                Content = JsonContent.Create(
                    new { CmdletInput = new { CmdletName = cmdlet, Parameters = parameters } }, options: JsonSerializerOptions.Default),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            request.Headers.Add("X-ResponseFormat", "json");
            request.Headers.Add("X-SerializationLevel", "Partial");
            using var reply = Http.Send(request);
            using var body = JsonDocument.Parse(reply.Content.ReadAsStream());
            if (body.RootElement.TryGetProperty("error", out var failed))
            {
                error = failed.GetProperty("details")[0].GetProperty("message").GetString();
                break;
            }
            rows.AddRange(body.RootElement.GetProperty("value").EnumerateArray().Select(Bag));
            next = body.RootElement.TryGetProperty("@odata.nextLink", out var link) ? link.GetString() : null;
        }
        var answer = new PSObject();
        answer.Properties.Add(new PSNoteProperty("Rows", rows.ToArray()));
        answer.Properties.Add(new PSNoteProperty("Error", error));
        return answer;
    }

    private static object? Plain(object? value) => value switch
    {
        SwitchParameter given => given.IsPresent,
        DateTime moment => moment.ToUniversalTime().ToString("o", CultureInfo.InvariantCulture),
        _ => value,
    };

    private static PSObject Bag(JsonElement row)
    {
        var bag = new PSObject();
        bag.TypeNames.Insert(0, "Deserialized.Microsoft.Exchange.Data.Something");
        foreach (var member in row.EnumerateObject().Where(member => !member.Name.Contains('@', StringComparison.Ordinal)))
            bag.Properties.Add(new PSNoteProperty(member.Name, Value(row, member)));
        bag.Properties.Add(new PSNoteProperty("RunspaceId", Guid.NewGuid()));
        return bag;
    }

    private static object? Value(JsonElement row, JsonProperty member)
    {
        var type = row.TryGetProperty(member.Name + "@data.type", out var named) ? named.GetString() : null;
        return member.Value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.True or JsonValueKind.False => member.Value.GetBoolean(),
            JsonValueKind.Number => member.Value.TryGetInt32(out var number) ? number : member.Value.GetInt64(),
            JsonValueKind.Array => new ArrayList(member.Value.EnumerateArray().Select(item => item.ToString()).ToArray()),
            _ when type == "System.DateTime" => member.Value.GetDateTime().ToUniversalTime(),
            _ => member.Value.ToString(),
        };
    }
}
