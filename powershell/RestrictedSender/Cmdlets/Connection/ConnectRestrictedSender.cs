using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Security;
using System.Security.Cryptography.X509Certificates;
using RestrictedSender.PowerShell.Native;
using RestrictedSender.PowerShell.SignIn;

namespace RestrictedSender.PowerShell;

/// <summary>Connects to an organization, or to a practice tenant on this machine.</summary>
[Cmdlet(VerbsCommunications.Connect, "RestrictedSender", DefaultParameterSetName = SessionSet)]
[OutputType(typeof(RestrictedSenderConnection))]
public sealed class ConnectRestrictedSenderCommand : OperationCmdlet
{
    private const string SecretSet = "ClientSecret", ThumbprintSet = "CertificateThumbprint",
        CertificateSet = "Certificate", FileSet = "CertificateFile", IdentitySet = "ManagedIdentity",
        DeviceSet = "Device", BrowserSet = "Browser", VariableSet = "EnvironmentVariable", TokenSet = "AccessToken", SandboxSet = "Sandbox",
        SessionSet = "ExchangeSession";

    private Session? _session;
    private IReadOnlyList<ExchangeSession> _exchange = [];

    /// <summary>The organization's domain or id.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SecretSet)]
    [Parameter(Mandatory = true, ParameterSetName = ThumbprintSet)]
    [Parameter(Mandatory = true, ParameterSetName = CertificateSet)]
    [Parameter(Mandatory = true, ParameterSetName = FileSet)]
    [Parameter(Mandatory = true, ParameterSetName = IdentitySet)]
    [Parameter(ParameterSetName = DeviceSet)]
    [Parameter(ParameterSetName = BrowserSet)]
    [Parameter(ParameterSetName = VariableSet)]
    [Parameter(Mandatory = true, ParameterSetName = TokenSet)]
    [ValidateNotNullOrEmpty]
    public string? Organization { get; set; }

    /// <summary>The application id of the app registration.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SecretSet)]
    [Parameter(Mandatory = true, ParameterSetName = ThumbprintSet)]
    [Parameter(Mandatory = true, ParameterSetName = CertificateSet)]
    [Parameter(Mandatory = true, ParameterSetName = FileSet)]
    [ValidateNotNullOrEmpty]
    public string? AppId { get; set; }

    /// <summary>The app's client secret.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SecretSet)]
    [ValidateNotNull]
    public SecureString? ClientSecret { get; set; }

    /// <summary>The thumbprint of the app's certificate in a store of the account or of the machine.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ThumbprintSet)]
    [ValidateNotNullOrEmpty]
    public string? CertificateThumbprint { get; set; }

    /// <summary>The app's certificate, with its private key.</summary>
    [Parameter(Mandatory = true, ParameterSetName = CertificateSet)]
    [ValidateNotNull]
    public X509Certificate2? Certificate { get; set; }

    /// <summary>A PFX or PEM file with the app's certificate and its private key.</summary>
    [Parameter(Mandatory = true, ParameterSetName = FileSet)]
    [ValidateNotNullOrEmpty]
    public string? CertificateFilePath { get; set; }

    /// <summary>The password of the PFX file.</summary>
    [Parameter(ParameterSetName = FileSet)]
    [ValidateNotNull]
    public SecureString? CertificatePassword { get; set; }

    /// <summary>Signs in as the managed identity of this machine.</summary>
    [Parameter(Mandatory = true, ParameterSetName = IdentitySet)]
    public SwitchParameter ManagedIdentity { get; set; }

    /// <summary>Another managed identity than the machine's own, by its client id or resource id.</summary>
    [Parameter(ParameterSetName = IdentitySet)]
    [ValidateNotNullOrEmpty]
    public string? ManagedIdentityAccountId { get; set; }

    /// <summary>Shows a code with which somebody signs in in a browser, on this or another device.</summary>
    [Parameter(Mandatory = true, ParameterSetName = DeviceSet)]
    public SwitchParameter Device { get; set; }

    /// <summary>Who signs in, in this machine's browser.</summary>
    [Parameter(Mandatory = true, ParameterSetName = BrowserSet)]
    [ValidateNotNullOrEmpty]
    public string? UserPrincipalName { get; set; }

    /// <summary>The customer's organization that a partner works on.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    [Parameter(ParameterSetName = BrowserSet)]
    [ValidateNotNullOrEmpty]
    public string? DelegatedOrganization { get; set; }

    /// <summary>Signs in as the variables AZURE_CLIENT_ID and so on say.</summary>
    [Parameter(Mandatory = true, ParameterSetName = VariableSet)]
    [Alias("Environment")]
    public SwitchParameter EnvironmentVariable { get; set; }

    /// <summary>An access token for Exchange Online, as text or SecureString.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TokenSet)]
    [ValidateNotNullOrEmpty]
    public object? AccessToken { get; set; }

    /// <summary>The Microsoft cloud.</summary>
    [Parameter(ParameterSetName = SecretSet)]
    [Parameter(ParameterSetName = ThumbprintSet)]
    [Parameter(ParameterSetName = CertificateSet)]
    [Parameter(ParameterSetName = FileSet)]
    [Parameter(ParameterSetName = IdentitySet)]
    [Parameter(ParameterSetName = DeviceSet)]
    [Parameter(ParameterSetName = BrowserSet)]
    [Parameter(ParameterSetName = VariableSet)]
    [Parameter(ParameterSetName = TokenSet)]
    [ValidateSet("O365Default", "O365USGovGCCHigh", "O365USGovDoD", "O365China")]
    public string? ExchangeEnvironmentName { get; set; }

    /// <summary>Another Exchange endpoint than the cloud's.</summary>
    [Parameter(ParameterSetName = SecretSet)]
    [Parameter(ParameterSetName = ThumbprintSet)]
    [Parameter(ParameterSetName = CertificateSet)]
    [Parameter(ParameterSetName = FileSet)]
    [Parameter(ParameterSetName = IdentitySet)]
    [Parameter(ParameterSetName = DeviceSet)]
    [Parameter(ParameterSetName = BrowserSet)]
    [Parameter(ParameterSetName = VariableSet)]
    [Parameter(ParameterSetName = TokenSet)]
    [ValidateNotNullOrEmpty]
    public string? ConnectionUri { get; set; }

    /// <summary>Another token endpoint than the cloud's.</summary>
    [Parameter(ParameterSetName = SecretSet)]
    [Parameter(ParameterSetName = ThumbprintSet)]
    [Parameter(ParameterSetName = CertificateSet)]
    [Parameter(ParameterSetName = FileSet)]
    [Parameter(ParameterSetName = IdentitySet)]
    [Parameter(ParameterSetName = DeviceSet)]
    [Parameter(ParameterSetName = BrowserSet)]
    [Parameter(ParameterSetName = VariableSet)]
    [Parameter(ParameterSetName = TokenSet)]
    [ValidateNotNullOrEmpty]
    public string? AzureADAuthorizationEndpointUri { get; set; }

    /// <summary>Another address of Microsoft Graph than the cloud's.</summary>
    [Parameter(ParameterSetName = SecretSet)]
    [Parameter(ParameterSetName = ThumbprintSet)]
    [Parameter(ParameterSetName = CertificateSet)]
    [Parameter(ParameterSetName = FileSet)]
    [Parameter(ParameterSetName = IdentitySet)]
    [Parameter(ParameterSetName = DeviceSet)]
    [Parameter(ParameterSetName = BrowserSet)]
    [Parameter(ParameterSetName = VariableSet)]
    [Parameter(ParameterSetName = TokenSet)]
    [ValidateNotNullOrEmpty]
    public string? GraphUri { get; set; }

    /// <summary>Another Security and Compliance endpoint than the cloud's.</summary>
    [Parameter(ParameterSetName = SecretSet)]
    [Parameter(ParameterSetName = ThumbprintSet)]
    [Parameter(ParameterSetName = CertificateSet)]
    [Parameter(ParameterSetName = FileSet)]
    [Parameter(ParameterSetName = IdentitySet)]
    [Parameter(ParameterSetName = DeviceSet)]
    [Parameter(ParameterSetName = BrowserSet)]
    [Parameter(ParameterSetName = VariableSet)]
    [ValidateNotNullOrEmpty]
    public string? ComplianceUri { get; set; }

    /// <summary>Which of several Exchange sessions: what Connect-ExchangeOnline -Prefix named.</summary>
    [Parameter(ParameterSetName = SessionSet)]
    [AllowEmptyString]
    public string? Prefix { get; set; }

    /// <summary>Starts a practice tenant on this machine and connects to it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SandboxSet)]
    public SwitchParameter Sandbox { get; set; }

    /// <summary>What the practice tenant holds.</summary>
    [Parameter(ParameterSetName = SandboxSet)]
    [ValidateSet("Standard", "Empty", "Large", "Difficult", "Standalone", "21Vianet")]
    public string? Scenario { get; set; }

    /// <summary>The practice tenant's seed: the same one makes the same tenant.</summary>
    [Parameter(ParameterSetName = SandboxSet)]
    [ValidateRange(0, int.MaxValue)]
    public int? Seed { get; set; }

    /// <summary>How many times as fast as real time the practice tenant's clock runs; 0 stands still.</summary>
    [Parameter(ParameterSetName = SandboxSet)]
    [ValidateRange(0.0, 1e6)]
    public double? TimeScale { get; set; }

    /// <summary>The folder of all journals; without it, what RESTRICTEDSENDER_JOURNAL names, or the platform's place.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JournalPath { get; set; }

    /// <summary>Seconds that the service may be silent before a request fails.</summary>
    [Parameter]
    [ValidateRange(1, 3600)]
    public int? TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        try
        {
            Library.RequireOneCopy(Copies());
            _session = new Session();
        }
        catch (RestrictedSenderException error)
        {
            ThrowTerminatingError(error.ToErrorRecord());
        }
        var session = _session!;
        try
        {
            if (ParameterSetName == SessionSet)
                _exchange = ExchangeSession.Open(this).Where(IsMeant).ToList();
            StartOn(session, "connect-restricted-sender", Bind, Exchange);
            Finish();
        }
        catch
        {
            session.Close();
            throw;
        }
    }

    /// <summary>What the session has imported under this module's name; nothing where it may not be asked.</summary>
    private IEnumerable<PSModuleInfo> Copies()
    {
        if (MyInvocation.MyCommand.Module is not { } module || InvokeCommand.GetCommand("Get-Module", CommandTypes.Cmdlet) is not { } ask)
            return [];
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        return shell.AddCommand(ask).AddParameter("Name", module.Name).Invoke<PSModuleInfo>();
    }

    private ExchangeSession? Exchange => _exchange.Count == 1 ? _exchange[0] : null;

    private bool IsMeant(ExchangeSession session) =>
        Prefix is null || session.Prefix.Equals(Prefix, System.StringComparison.OrdinalIgnoreCase);

    private void Bind(Operation operation)
    {
        operation.Bind("ExchangeSession", ParameterSetName == SessionSet);
        operation.Add("Sessions", _exchange.Select(session => session.ToString()));
        operation.Bind("TenantId", Exchange?.TenantId);
        operation.Bind("Account", Exchange?.Account);
        operation.Bind("Organization", Organization ?? Exchange?.Organization);
        operation.Bind("AppId", AppId);
        operation.Bind("ClientSecret", ClientSecret);
        BindCertificate(operation);
        operation.Bind("ManagedIdentity", ManagedIdentity.IsPresent);
        operation.Bind("ManagedIdentityAccountId", ManagedIdentityAccountId);
        operation.Bind("Device", Device.IsPresent);
        operation.Bind("UserPrincipalName", UserPrincipalName);
        operation.Bind("DelegatedOrganization", DelegatedOrganization);
        operation.Bind("EnvironmentVariable", EnvironmentVariable.IsPresent);
        BindToken(operation);
        operation.Bind("ExchangeEnvironmentName", ExchangeEnvironmentName);
        operation.Bind("ConnectionUri", ConnectionUri ?? Exchange?.ConnectionUri);
        operation.Bind("AzureADAuthorizationEndpointUri", AzureADAuthorizationEndpointUri);
        operation.Bind("GraphUri", GraphUri);
        operation.Bind("ComplianceUri", ComplianceUri);
        operation.Bind("TimeoutSec", TimeoutSec);
        operation.Bind("Sandbox", Sandbox.IsPresent);
        operation.Bind("Scenario", Scenario);
        operation.Bind("Seed", Seed);
        operation.Bind("TimeScale", TimeScale);
        // The variable is about what really happens: a practice tenant goes by -JournalPath alone.
        operation.Bind("JournalPath", Sandbox.IsPresent
            ? JournalPlace.Named(this, JournalPath)
            : JournalPlace.Chosen(this, JournalPath));
    }

    private void BindCertificate(Operation operation)
    {
        try
        {
            _session!.Certificate = ChosenCertificate();
            _session.Certificate?.Bind(operation);
        }
        catch (CertificateException error)
        {
            operation.Bind("CertificateError", error.Name);
            operation.Bind("CertificateErrorMessage", error.Message);
        }
    }

    private SigningCertificate? ChosenCertificate()
    {
        if (CertificateThumbprint is not null)
            return CertificateStores.Find(CertificateThumbprint);
        if (Certificate is not null)
            return new SigningCertificate(Certificate, isOurs: false);
        if (CertificateFilePath is not null)
            return CertificateFile.Read(FullPath(CertificateFilePath), CertificatePassword);
        return EnvironmentVariable ? CertificateFile.OfEnvironment() : null;
    }

    private string FullPath(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    private void BindToken(Operation operation)
    {
        var token = AccessToken is PSObject wrapped ? wrapped.BaseObject : AccessToken;
        switch (token)
        {
            case null:
                break;
            case SecureString secret:
                operation.Bind("AccessToken", secret);
                break;
            case string text:
                operation.Bind("AccessToken", text);
                break;
            default:
                throw new PSArgumentException(
                    $"-AccessToken takes a String or a SecureString, not a {token.GetType().Name}.", nameof(AccessToken));
        }
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection)
    {
        var made = new RestrictedSenderConnection(_session!, Exchange, row);
        Connections.Here.Add(made);
        return made;
    }
}
