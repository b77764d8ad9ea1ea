//! The table of every error there is. Documentation (docs/errors.md) is printed from it, the module's error ids and
//! categories come from it, and a test of the module walks it and provokes each.

use std::fmt;

/// What sort of failure it is. Names and numbers are those of PowerShell's `ErrorCategory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are PowerShell's and say it")]
pub enum Kind {
    InvalidArgument = 5,
    InvalidData = 6,
    InvalidOperation = 7,
    InvalidResult = 8,
    NotInstalled = 12,
    ObjectNotFound = 13,
    OperationStopped = 14,
    OperationTimeout = 15,
    PermissionDenied = 18,
    ResourceExists = 20,
    ResourceUnavailable = 21,
    SecurityError = 25,
    ConnectionError = 27,
    AuthenticationError = 28,
    LimitsExceeded = 29,
}

/// Whether the same call may succeed later without anybody changing anything.
const LATER: bool = true;
const NEVER: bool = false;

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident = $number:literal, $kind:ident, $retryable:ident, $action:literal;)+) => {
        /// A stable name for each way to fail. Numbers are never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $meaning])+ $name = $number,)+
        }

        impl Code {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// The name without its number, for example `NotListed`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => stringify!($name)),+ }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($meaning),+).trim_ascii()),+ }
            }

            /// What sort of failure it is.
            #[must_use]
            pub fn kind(self) -> Kind {
                match self { $(Code::$name => Kind::$kind),+ }
            }

            /// Whether the same call may succeed later without anybody changing anything.
            #[must_use]
            pub fn retryable(self) -> bool {
                match self { $(Code::$name => $retryable),+ }
            }

            /// What the admin should do.
            #[must_use]
            pub fn recommended_action(self) -> &'static str {
                match self { $(Code::$name => $action),+ }
            }
        }
    };
}

codes! {
    /// No connection to an organization.
    NotConnected = 1001, ConnectionError, NEVER,
        "Connect first: Connect-ExchangeOnline, whose session is then used, or Connect-RestrictedSender -Organization <domain> -AppId <id> -ClientSecret <SecureString>, or with -CertificateThumbprint instead of the secret, or -ManagedIdentity, or -AccessToken <token>; or yourself with -UserPrincipalName <name> or -Device; or use -Sandbox to try it on a practice tenant.";
    /// The connection was closed.
    Disconnected = 1002, ConnectionError, NEVER,
        "Connect again with Connect-RestrictedSender.";
    /// The connection is already in use for an organization.
    AlreadyConnected = 1003, InvalidOperation, NEVER,
        "Open a connection of its own for each organization.";
    /// A parameter of the connection is missing or contradicts another.
    InvalidConnection = 1004, InvalidArgument, NEVER,
        "Give -Organization with one way to sign in, such as -AppId and a certificate, -ManagedIdentity or -AccessToken; or -UserPrincipalName or -Device; or -Sandbox alone.";
    /// An endpoint is not an absolute https address (http is taken for this machine only).
    InvalidUri = 1005, InvalidArgument, NEVER,
        "Give an address such as https://host.example without path or query.";
    /// Not an email address.
    InvalidAddress = 1006, InvalidArgument, NEVER,
        "Give a full address such as user@contoso.com, or a pattern with * or ?.";
    /// Not the id of a connector.
    InvalidConnectorId = 1007, InvalidArgument, NEVER,
        "Give the connector's GUID; Get-RestrictedSender -EntityType Connector shows it.";
    /// The input names neither a sender address nor a connector.
    NothingNamed = 1008, InvalidArgument, NEVER,
        "Give -SenderAddress or -ConnectorId, or objects that have one of these properties.";
    /// The input names a sender address and a connector at once.
    BothNamed = 1009, InvalidArgument, NEVER,
        "Give one of -SenderAddress and -ConnectorId for each entity.";
    /// The object belongs to another organization than the connection.
    WrongOrganization = 1010, InvalidArgument, NEVER,
        "Choose the connection of that organization with -Connection; Get-RestrictedSenderConnection lists them.";
    /// The change needs a confirmation and nobody can be asked.
    ConfirmationImpossible = 1011, InvalidOperation, NEVER,
        "After the account is secured, run it with -Confirm:$false.";
    /// A pattern where a single entity must be named.
    PatternNotAllowed = 1012, InvalidArgument, NEVER,
        "Name the address in full, or pipe from Get-RestrictedSender, which takes patterns.";
    /// A duration of a wait is out of its range, or is given without a wait.
    InvalidWait = 1013, InvalidArgument, NEVER,
        "Give -TimeoutSec from 0 (one look) to 604800 and -PollIntervalSec from 1 to 3600; Unblock-RestrictedSender takes them with -Wait.";
    /// A time span ends before it begins, or has not begun yet.
    InvalidDateRange = 1014, InvalidArgument, NEVER,
        "Give a -StartDate or -Since that has passed, and an -EndDate after the start; a time without a zone is a local time.";

    /// Nothing was said of what to do.
    NothingChosen = 1015, InvalidArgument, NEVER,
        "Give at least one of -DisableForwarding, -DisableInboxRule, -RevokeSession, -BlockSignIn and -ResetPassword; Test-SenderAccount shows which are needed.";

    /// The text is no status code.
    InvalidStatusCode = 1016, InvalidArgument, NEVER,
        "Give a code such as 5.7.708; Get-NonDeliveryCode without a code shows all that are known.";

    /// The test message cannot be sent as it is asked for.
    InvalidTestMessage = 1017, InvalidArgument, NEVER,
        "Give -TestRecipient an address outside the organization, with -SmtpServer (host or host:port) and -Credential of whoever may send as the sender.";

    /// The client secret is wrong.
    WrongSecret = 2001, AuthenticationError, NEVER,
        "Check -ClientSecret: it must be the secret's value, not its id, and belong to the app given by -AppId.";
    /// The client secret has expired.
    SecretExpired = 2002, AuthenticationError, NEVER,
        "Create a new client secret for the app in Microsoft Entra and use it.";
    /// The organization has no such app.
    AppNotFound = 2003, AuthenticationError, NEVER,
        "Check -AppId (application id) and -Organization: the app must be consented in this organization and cloud.";
    /// There is no such organization.
    TenantNotFound = 2004, AuthenticationError, NEVER,
        "Check -Organization (for example contoso.onmicrosoft.com) and -ExchangeEnvironmentName.";
    /// The token endpoint refused for another reason.
    TokenRefused = 2005, AuthenticationError, NEVER,
        "Read the AADSTS number in the message; the sign-in log in Microsoft Entra has the details.";
    /// The access token has expired.
    TokenExpired = 2006, AuthenticationError, NEVER,
        "Get a new access token and connect again; with -AppId and a credential the module renews tokens itself.";
    /// Exchange did not accept the token: the app has no permission there, or the token is for somebody else.
    NotAuthorized = 2007, AuthenticationError, NEVER,
        "Grant the app role Exchange.ManageAsApp and consent to it; check that the token is for Exchange Online and for this organization.";
    /// The account or app lacks the role for this cmdlet.
    NoRole = 2008, PermissionDenied, NEVER,
        "Assign Organization Management or Security Administrator (Global Reader is enough for reading); a new role needs up to an hour to arrive.";
    /// The account or app may not search the audit log.
    NoAuditRole = 2009, PermissionDenied, NEVER,
        "Assign the Exchange role View-Only Audit Logs or Audit Logs (the role groups Compliance Management and Organization Management have it), or give exports of the audit log with -Path.";
    /// There is no such certificate.
    CertificateNotFound = 2010, ObjectNotFound, NEVER,
        "Check the thumbprint or the path. A thumbprint is looked for in the stores My of CurrentUser and LocalMachine: import the certificate there, for the account that runs this.";
    /// The file of a certificate cannot be read: it is none, or the password is wrong.
    CertificateUnreadable = 2011, InvalidData, NEVER,
        "Give a PFX file with its password in -CertificatePassword, or a PEM file that has the certificate and its unencrypted key.";
    /// The certificate cannot sign: its private key is missing, of another kind than RSA, or out of reach.
    CertificateUnusable = 2012, SecurityError, NEVER,
        "Use a certificate with an RSA private key that the account running this may read; on Windows that is set with Manage Private Keys in the certificate's menu.";
    /// The certificate has expired.
    CertificateExpired = 2013, AuthenticationError, NEVER,
        "Create a new certificate, add it to the app registration in Microsoft Entra and use it.";
    /// The app registration does not have this certificate, or the one it has is expired.
    CertificateRefused = 2014, AuthenticationError, NEVER,
        "Add the certificate (.cer) to the app registration given by -AppId, in Microsoft Entra under Certificates and secrets; a new one takes a minute to arrive.";
    /// Nobody has consented to what the app may do in the organization.
    ConsentMissing = 2015, PermissionDenied, NEVER,
        "Let an administrator of the organization consent to the app's permissions in Microsoft Entra.";
    /// A policy of the organization (conditional access, security defaults) does not let the sign-in through.
    ConditionalAccess = 2016, PermissionDenied, NEVER,
        "Look the sign-in up in the sign-in log of Microsoft Entra: it names the policy. Sign in in the way that the policy allows, or with an app.";
    /// No managed identity gives tokens here.
    ManagedIdentityUnavailable = 2017, ResourceUnavailable, NEVER,
        "Run it on an Azure resource, or a machine that Azure Arc manages, whose identity is switched on.";
    /// The managed identity is not assigned to this machine.
    ManagedIdentityNotFound = 2018, ObjectNotFound, NEVER,
        "Check -ManagedIdentityAccountId, and that this identity is assigned to the resource that runs this; without the parameter its own identity is used.";
    /// The variables of the environment do not say how to sign in.
    EnvironmentUnusable = 2019, InvalidArgument, NEVER,
        "Set AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE.";
    /// The person declined the sign-in.
    SignInDeclined = 2020, AuthenticationError, NEVER,
        "Connect again and confirm the sign-in in the browser.";
    /// The sign-in was not completed in time, or has ended meanwhile.
    SignInExpired = 2021, AuthenticationError, NEVER,
        "Connect again with Connect-RestrictedSender -UserPrincipalName or -Device and sign in within the time that the message names.";

    /// The connection has no way to Microsoft Graph.
    NoGraph = 2022, AuthenticationError, NEVER,
        "Connect with Connect-RestrictedSender by an app (-AppId with a certificate, -ManagedIdentity) or yourself with -Device; give -GraphUri where -ConnectionUri names an endpoint of your own.";
    /// The account or app lacks a permission in Microsoft Graph.
    NoGraphPermission = 2023, PermissionDenied, NEVER,
        "Grant the app the permission of Microsoft Graph that the message names, in Microsoft Entra under API permissions, and let an administrator consent to it; an account takes a directory role that has it.";

    /// The host name could not be resolved.
    HostNotFound = 3001, ConnectionError, LATER,
        "Check the address, DNS and the network connection.";
    /// The host did not accept the connection.
    HostUnreachable = 3002, ConnectionError, LATER,
        "Check the address, the firewall and the proxy settings.";
    /// No trusted encrypted connection.
    TlsFailure = 3003, SecurityError, NEVER,
        "Check the machine's clock and its trusted root certificates; an inspecting proxy's certificate authority must be trusted here.";
    /// No reply in time.
    Timeout = 3004, OperationTimeout, LATER,
        "Try again; raise -TimeoutSec when the service is slow.";
    /// The connection broke before the reply was complete.
    ConnectionLost = 3005, ConnectionError, LATER,
        "Try again; if it persists, look at proxies and firewalls between here and the service.";
    /// The reply is larger than anything the service should send.
    ResponseTooLarge = 3006, InvalidResult, NEVER,
        "Narrow the request; if it persists, something else answers in the service's place.";
    /// The reply is not what the service should send.
    ResponseUnreadable = 3007, InvalidResult, NEVER,
        "See whether a proxy or a sign-in page answers in the service's place.";
    /// The list changed or its page link expired while it was read.
    PageExpired = 3008, InvalidResult, LATER,
        "Run the command again to read the list from its beginning.";
    /// The service asks to slow down.
    Throttled = 3009, LimitsExceeded, LATER,
        "Wait the time named in the message (or a few minutes), then try again.";
    /// The service has a problem of its own.
    ServiceUnavailable = 3010, ResourceUnavailable, LATER,
        "Try again in a few minutes; see the service health page of the admin center.";
    /// The proxy between here and the service wants to know who is there.
    ProxyRefused = 3011, AuthenticationError, NEVER,
        "Let the network team allow this machine through the proxy without signing in, or put name and password into the proxy's address.";

    /// Known to the organization, but not in the list of restricted entities.
    NotListed = 4001, ObjectNotFound, NEVER,
        "Nothing to unblock here. List what is restricted with Get-RestrictedSender; a bounce with another code has another cause.";
    /// Neither in the list of restricted entities nor known to the organization.
    UnknownAddress = 4002, ObjectNotFound, NEVER,
        "Check the spelling and the organization.";
    /// The entry had left the list before the unblock.
    AlreadyGone = 4003, ObjectNotFound, NEVER,
        "Nothing to do: somebody else unblocked it or the restriction ended. Effect can take up to 24 hours.";
    /// The service unblocks this entity no more.
    UnblockLimitReached = 4004, LimitsExceeded, NEVER,
        "Open a case with Microsoft Support: only they can lift this restriction now. Find out first why it came back.";
    /// Nobody can tell whether the unblock took effect: its reply was lost, or no look at the list succeeded.
    OutcomeUnknown = 4005, InvalidResult, NEVER,
        "Do not repeat it blindly: an entry stays listed for up to an hour after an unblock. Ask Test-RestrictedSender later and unblock again only if it is still listed.";
    /// Exchange refused the cmdlet.
    CmdletFailed = 4006, InvalidOperation, NEVER,
        "Read the service's message; Microsoft Support can look up the request id.";

    /// The evidence does not say that the sender is safe, and it was required.
    NotSafe = 4007, InvalidOperation, NEVER,
        "Run the commands that the message lists, look again with Test-SenderAccount, and unblock then; or unblock with -RequireEvidence -Override <reason>, which is kept in the journal.";
    /// Microsoft Entra has no account of that name.
    AccountNotFound = 4008, ObjectNotFound, NEVER,
        "Check the address: a sender on premises, a device or a contact has no account in Microsoft Entra that could be secured here.";
    /// The account comes from a directory on premises, which alone can change it.
    SynchronizedAccount = 4009, InvalidOperation, NEVER,
        "Change it in the directory on premises (Active Directory Users and Computers, Set-ADAccountPassword) and wait for the synchronization.";
    /// Microsoft Graph refused the request.
    GraphFailed = 4010, InvalidOperation, NEVER,
        "Read the service's message; Microsoft Support can look up the request id.";

    /// The journal cannot be written.
    JournalUnwritable = 5001, ResourceUnavailable, NEVER,
        "Check the folder's permissions and free space, or name another folder with -JournalPath or the environment variable RESTRICTEDSENDER_JOURNAL.";
    /// The journal, or a file of it, cannot be read.
    JournalUnreadable = 5002, ResourceUnavailable, NEVER,
        "Check the folder and its permissions; a journal exists from the first unblock on.";
    /// The file is no export of the audit log.
    ExportUnreadable = 5003, InvalidData, NEVER,
        "Give the CSV file that the audit search of the Microsoft Purview portal exports, or Search-UnifiedAuditLog piped to Export-Csv or ConvertTo-Json.";
    /// The cloud has no audit log that can be searched.
    AuditLogUnavailable = 5004, ResourceUnavailable, NEVER,
        "Rely on the journal: the cloud of 21Vianet does not offer Search-UnifiedAuditLog.";

    /// The file of a delivery report cannot be read.
    ReportUnreadable = 5005, ResourceUnavailable, NEVER,
        "Check the path and its permissions. A folder is read with all files in it, without those of its folders.";

    /// A file is no message trace, or cannot be read.
    TraceUnreadable = 6001, InvalidData, NEVER,
        "Give what Get-MessageTraceV2 piped to Export-Csv wrote, or a message trace report of the Exchange admin center; unpacked or packed with gzip.";
    /// Nobody says which domains are the organization's own.
    AcceptedDomainsUnknown = 6002, InvalidArgument, NEVER,
        "Give -AcceptedDomain contoso.com, contoso.onmicrosoft.com (what Get-AcceptedDomain shows; *.contoso.com also means what is below it), or connect with Connect-RestrictedSender.";
    /// There is a file of the plot's name already, which is to be kept.
    PlotExists = 6003, ResourceExists, NEVER,
        "Give another name with -PlotPath, or leave -NoClobber out to write over it.";
    /// The file of a plot cannot be written.
    PlotUnwritable = 6004, ResourceUnavailable, NEVER,
        "Give -PlotPath the name of a file in a folder that exists and that you may write to.";
    /// The service stopped answering in the middle of a message trace: what is newer was read.
    TraceIncomplete = 6005, InvalidResult, LATER,
        "Run it again with the -StartDate and -EndDate that the message names for what is left. Of a window that reaches across that border both tell too little.";

    /// The mail server cannot be reached, does not encrypt, or broke the connection off. Nothing was sent.
    MailServerUnavailable = 7001, ConnectionError, LATER,
        "Check -SmtpServer (for mailboxes of Exchange Online smtp.office365.com:587) and that this machine may reach it; the proof is also found when the sender writes to somebody outside by themselves.";
    /// The mail server does not let the account sign in. Nothing was sent.
    MailSignInRefused = 7002, AuthenticationError, NEVER,
        "Check -Credential, and that SMTP AUTH is on for the mailbox (Get-CASMailbox, SmtpClientAuthenticationDisabled); or let the sender write to somebody outside.";
    /// The mail server refused the test message for another reason than a restriction. Nothing was sent.
    TestMessageRefused = 7003, InvalidOperation, NEVER,
        "Read the server's answer; whoever signs in must be allowed to send as the sender. ConvertFrom-NonDeliveryReport explains its code.";
    /// Nobody can tell whether mail flows again: the trace could not be read, or a test message may have been sent.
    ProofUnknown = 7004, InvalidResult, NEVER,
        "Wait again with -Proof Sent, which needs a role that may read the message trace; a message that was sent meanwhile is found then. Do not send a test message twice blindly.";


    /// The operation was cancelled.
    Cancelled = 9001, OperationStopped, NEVER,
        "Start it again when wanted; a change that had been sent may have taken effect.";
    /// A program used the library in a way it does not allow.
    Misuse = 9002, InvalidOperation, NEVER,
        "This is a defect of the calling program: report it with the message.";
    /// The library failed in a way that its makers did not foresee.
    Panic = 9003, InvalidResult, NEVER,
        "This is a defect of RestrictedSender: report it with the message and the location.";
    /// The native library is missing, or of another version or processor than the module. Told by the module itself.
    LibraryUnusable = 9004, NotInstalled, NEVER,
        "Install the module again, for this operating system and processor, and start a new PowerShell session.";
    /// A second copy of the module was imported from another folder. Told by the module itself.
    SecondCopy = 9005, InvalidOperation, NEVER,
        "Start a new PowerShell session and import the copy that you want there.";
}

impl Code {
    /// The code as scripts see it, for example `RS4001`.
    #[must_use]
    pub fn id(self) -> String {
        format!("RS{}", self as u16)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_every_text_is_a_sentence() {
        assert!(Code::ALL.windows(2).all(|pair| (pair[0] as u16) < (pair[1] as u16)));
        for code in Code::ALL {
            assert!(code.meaning().ends_with('.'), "{code}: {}", code.meaning());
            assert!(code.recommended_action().ends_with('.'), "{code}");
            assert!(code.recommended_action().is_ascii(), "{code}: consoles of Windows PowerShell");
        }
    }
}
