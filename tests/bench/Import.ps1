# How long a PowerShell that imports the module and lists 10,200 entities of a practice tenant takes, against the same
# PowerShell doing nothing: whole processes, in turn, medians. The peer is the bare engine.
$ErrorActionPreference = 'Stop'
$rounds = 5
$module = [IO.Path]::GetFullPath("$PSScriptRoot/../../out/RestrictedSender/RestrictedSender.psd1")

$program, $start = [Diagnostics.Process]::GetCurrentProcess().MainModule.FileName, @('-NoProfile')
if ($Host.Name -eq 'RestrictedSender.Shell') {
    $program, $start = 'dotnet', @([Reflection.Assembly]::GetEntryAssembly().Location)
}

function Measure-Process([string] $Command) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $lines = & $program @start -Command $Command
    if ($LASTEXITCODE -ne 0) { throw "The measured process failed: $lines" }
    $watch.Elapsed.TotalMilliseconds
}

function Get-Median([double[]] $Values) {
    [Array]::Sort($Values)
    $Values[[int][Math]::Floor($Values.Count / 2)]
}

$commands = [ordered] @{
    'bare engine'                = '$null'
    'import'                     = "Import-Module '$module'"
    'import, connect, list 10200' = "Import-Module '$module'; `$c = Connect-RestrictedSender -Sandbox -Scenario Large 3> `$null; `$n = 0; Get-RestrictedSender | ForEach-Object { `$n++ }; if (`$n -ne 10200) { throw `"`$n`" }"
}
$times = @{}
foreach ($name in $commands.Keys) {
    $times[$name] = @()
    [void] (Measure-Process $commands[$name])
}
for ($round = 0; $round -lt $rounds; $round++) {
    foreach ($name in $commands.Keys) { $times[$name] += Measure-Process $commands[$name] }
}
$bare = Get-Median $times['bare engine']
foreach ($name in $commands.Keys) {
    $median = Get-Median $times[$name]
    $Host.UI.WriteLine(('{0,-28} {1,8:N0} ms  {2,6:N2} x the bare engine' -f $name, $median, ($median / $bare)))
}
