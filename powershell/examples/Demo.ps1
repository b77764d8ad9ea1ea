# The story of a blocked sender on a practice tenant: see, understand, unblock, see it gone. Nothing here is real.
# The practice tenant's clock runs 1200 times as fast as yours, so that half an hour passes in a second and a half.
param([double] $TimeScale = 1200)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../../out/RestrictedSender/RestrictedSender.psd1"

# Shows a command as typed at a prompt, then what it prints.
function Show([string] $Command) {
    $Host.UI.WriteLine("PS> $Command")
    . ([scriptblock]::Create($Command)) | Out-Default
}

Show "Connect-RestrictedSender -Sandbox -TimeScale $TimeScale"

$Host.UI.WriteLine('# The help desk forwards a bounce: 550 5.1.8 Access denied, bad outbound sender. Who is blocked, and why?')
Show 'Get-RestrictedSender'

$Host.UI.WriteLine('# The chief executive types her own address; the list has her user principal name. It finds her all the same.')
Show 'Test-RestrictedSender megan.bowen@contoso.com'

$Host.UI.WriteLine('# What is to be done, and what does she have to know? She can still receive mail.')
Show '(Get-RestrictedSender megan.bowen@contoso.com).Advice'
Show '(Get-RestrictedSender megan.bowen@contoso.com).UserMessage'

$Host.UI.WriteLine('# That is spam: her account is to be secured first. The newsletter only outgrew a limit. What would an unblock do?')
Show 'Get-RestrictedSender news@contoso.com | Unblock-RestrictedSender -WhatIf'

$Host.UI.WriteLine('# Its list has been split. At a prompt, leave out -Confirm:$false and read the question before you say yes.')
$Host.UI.WriteLine('# The service takes its time until an entry leaves the list: usually up to an hour. -Wait stays until it has.')
Show 'Get-RestrictedSender news@contoso.com | Unblock-RestrictedSender -Confirm:$false -Reason "List was split" -Wait'
Show 'Test-RestrictedSender news@contoso.com'
Show 'Disconnect-RestrictedSender'
