@{
    # The version is that of the Rust workspace; build.ps1 writes it here.
    ModuleVersion        = '0.0.0'
    GUID                 = '0f4c5f0e-8a53-4d0b-9d0b-6f0f4e3a51c7'
    Author               = 'The RestrictedSender authors'
    CompanyName          = 'RestrictedSender'
    Copyright            = '(c) 2026 The RestrictedSender authors. MIT License.'
    Description          = 'Who may not send mail from Microsoft 365 (550 5.1.8 bad outbound sender), why, and how to unblock them.'
    RootModule           = 'RestrictedSender.dll'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    DotNetFrameworkVersion = '4.7.2'
    FormatsToProcess     = @('RestrictedSender.Format.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Connect-RestrictedSender'
        'ConvertFrom-NonDeliveryReport'
        'Disconnect-RestrictedSender'
        'Get-NonDeliveryCode'
        'Get-OutboundSendingLimit'
        'Get-RestrictedSender'
        'Get-RestrictedSenderConnection'
        'Get-RestrictedSenderHistory'
        'Measure-OutboundSending'
        'Protect-SenderAccount'
        'Test-RestrictedSender'
        'Test-RestrictedSenderConnection'
        'Test-RestrictedSenderJournal'
        'Test-SenderAccount'
        'Unblock-RestrictedSender'
        'Wait-RestrictedSender'
    )
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('Exchange', 'ExchangeOnline', 'Microsoft365', 'RestrictedEntities', 'Spam', 'Unblock')
            LicenseUri   = 'https://opensource.org/license/mit'
        }
    }
}
