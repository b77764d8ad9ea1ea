# An hour of a bad day, in a minute, on a practice tenant: an account was taken over and unblocked without being secured; it
# sends spam again and is blocked again. Find out, secure it, unblock it, prove that mail flows, keep the evidence.
# Nothing here is real. With -TimeScale 0 the practice tenant's clock stands still and jumps ahead while something waits.
param([string] $Folder = [IO.Path]::GetTempPath(), [double] $TimeScale = 1200)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../../out/RestrictedSender/RestrictedSender.psd1"

function Say([string] $Text) { $Host.UI.WriteLine("`n# $Text") }

# Shows a command as typed at a prompt, then what it prints. Dot-sourced, so that what it assigns stays.
function Show([string] $Command) {
    $Host.UI.WriteLine("PS> $Command")
    . ([scriptblock]::Create($Command)) | Out-Default
}

# The control plane of the practice tenant, which stands in for the intruder, for customers and for time.
function Ask([string] $Method, [string] $What, [string] $Body) {
    $web = [Net.WebClient]::new()
    try {
        if ($Method -eq 'GET') { return $web.DownloadString("$($tenant.PracticeUri)/sandbox/$What") }
        $web.UploadString("$($tenant.PracticeUri)/sandbox/$What", $Method, $Body)
    } finally { $web.Dispose() }
}

$adele = 'adele.vance@contoso.com'
. Show "`$tenant = Connect-RestrictedSender -Sandbox -TimeScale $TimeScale"

Say 'Last week somebody took over the account of Adele Vance, and a colleague unblocked it without a second look.'
[void] (Ask 'DELETE' 'restrictions' "{`"senderAddress`": `"$adele`"}")
Say 'The intruder still has the password, and sends.'
$recipients = @(1..10 | ForEach-Object { "`"victim$_@fabrikam.example`"" }) -join ', '
$sent = 0
do {
    $said = Ask 'POST' 'submissions' "{`"authenticatedUser`": `"$adele`", `"recipients`": [$recipients], `"subject`": `"Invoice overdue`", `"spam`": true}"
    if ($said -match '"outcome":\s*"accepted"') { $sent++ }
    elseif ($said -match '"outcome":\s*"delayed"') { [void] (Ask 'POST' 'clock' '{"advanceSeconds": 30}') }
} until ($said -match '"outcome":\s*"refused"')
$Host.UI.WriteLine("$sent messages to 10 people each went out; then the service refused.")

Say 'Adele forwards what she got back. What is it?'
$report = [IO.Path]::Combine($Folder, 'drill-report.eml')
[IO.File]::WriteAllText($report, (Ask 'GET' 'delivery-reports/1' ''))
. Show "ConvertFrom-NonDeliveryReport '$report' | Where-Object RecipientAddress -EQ victim1@fabrikam.example"

Say 'Who is blocked, why, and which message did it?'
. Show "Get-RestrictedSender $adele"
. Show "Measure-OutboundSending -SenderAddress $adele"

Say 'Is the account safe? Not with what the intruder has left there.'
. Show "Test-SenderAccount $adele"
Say 'Secure it. At a prompt, leave out -Confirm:$false and read each question.'
. Show "Protect-SenderAccount $adele -ResetPassword -RevokeSession -DisableInboxRule -DisableForwarding -Reason 'Drill' -Confirm:`$false"
. Show "Test-SenderAccount $adele"

Say 'She signs in with the password that she was told, and chooses her own.'
$chosen = 'Correct-horse-' + [guid]::NewGuid().ToString('N')
[void] (Ask 'POST' "accounts/$adele" "{`"password`": `"$chosen`"}")
Say 'What remains is for people to decide: her other authenticator and the app are gone through with her. Unblock, and say why.'
. Show "Unblock-RestrictedSender $adele -RequireEvidence -Override 'Gone through with Adele on the phone' -Reason 'Drill' -Confirm:`$false -Wait"

Say 'Off the list is not yet able to send. One test message with her own account, and a look into the message trace:'
$password = [Security.SecureString]::new()
foreach ($character in $chosen.ToCharArray()) { $password.AppendChar($character) }
$credential = [pscredential]::new($adele, $password)
. Show "Wait-RestrictedSender $adele -TestRecipient me@fabrikam.example -SmtpServer `$tenant.PracticeSmtpAddress -Credential `$credential -Confirm:`$false"

Say 'And what there is to show for it: the history, the journal, the picture.'
. Show "Get-RestrictedSenderHistory $adele -StartDate ([datetime]::UtcNow.AddDays(-2))"
. Show '$tenant | Test-RestrictedSenderJournal'
$picture = [IO.Path]::Combine($Folder, 'drill.svg')
. Show "`$null = Measure-OutboundSending -SenderAddress $adele -PlotPath '$picture'"
$Host.UI.WriteLine("The picture is $picture.")
. Show 'Disconnect-RestrictedSender'
