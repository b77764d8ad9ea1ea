#!/usr/bin/env -S dotnet run --project powershell/Shell --
<#
.SYNOPSIS
    The one door: builds, tests, measures and checks everything here.
.DESCRIPTION
    Runs in PowerShell 7, in Windows PowerShell 5.1 and, where neither is, in powershell/Shell: by its first line on
    Linux and macOS, from the repository root. So it uses only the engine's own language, .NET and native commands.

    Build     out/RestrictedSender (the module) and out/bin (the practice tenant's program)
    Test      Build, then every test; the last line is "N passed, N failed"
    Demo      Build, then powershell/examples/Demo.ps1
    Drill     Build, then powershell/examples/Drill.ps1
    Bench     Build, then the engine of the limits, and every tests/bench/*.ps1
    Check     format, lints, generated files, exported symbols, manifest, help; CheckModule is its part that imports
    Generate  writes the generated files that are committed
    Clean     removes out and target
.PARAMETER TargetSystem
    Also -Target. For another system than this one. On Linux, win-x64: Build and Test then take what the machine lacks from Debian's
    packages, unpacked under target, and test under wine.
.PARAMETER CrateSource
    Configured is what cargo is configured for; Debian is Debian's packaged crates, unpacked under target. Auto takes
    the first one that can be reached.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Demo', 'Drill', 'Bench', 'Check', 'CheckModule', 'Generate', 'Clean')]
    [string] $Task = 'Build',
    [ValidateSet('Debug', 'Release')] [string] $Configuration = 'Release',
    [ValidateSet('Auto', 'Configured', 'Debian')] [string] $CrateSource = 'Auto',
    [ValidateSet('', 'linux-x64', 'win-x64')] [Alias('Target')] [string] $TargetSystem = ''
)

Set-StrictMode -Version 1
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
$env:DOTNET_CLI_TELEMETRY_OPTOUT = $env:DOTNET_NOLOGO = '1'

$root = $PSScriptRoot
$out = "$root/out"
$target = "$root/target"
$module = "$out/RestrictedSender"
$moduleSource = "$root/powershell/RestrictedSender"
$profileName = $Configuration.ToLowerInvariant()
$onWindows = [IO.Path]::DirectorySeparatorChar -eq '\'
$onMac = [Runtime.InteropServices.RuntimeInformation]::IsOSPlatform([Runtime.InteropServices.OSPlatform]::OSX)
$libraryPrefix, $libraryEnd, $programEnd, $system = 'lib', 'so', '', 'linux'
if ($onMac) { $libraryEnd, $system = 'dylib', 'osx' }
if ($onWindows) { $libraryPrefix, $libraryEnd, $programEnd, $system = '', 'dll', '.exe', 'win' }
$platform = "$system-$([Runtime.InteropServices.RuntimeInformation]::OSArchitecture)".ToLowerInvariant()

# Files that are generated, committed, and compared with a fresh generation by Check.
$generators = @(
    @{ File = 'rust/abi/include/restricted_sender.h'; Cargo = 'run', '-q', '-p', 'restricted-sender-abi', '--example', 'header' }
    @{ File = 'docs/errors.md'; Cargo = 'run', '-q', '-p', 'restricted-sender-core', '--example', 'errors' }
)

. "$root/build/debian.ps1"
. "$root/build/crates.ps1"
. "$root/build/windows.ps1"
. "$root/build/wine.ps1"
. "$root/build/check.ps1"
. "$root/build/sanitizer.ps1"

# ---- Steps and native commands

function Say([string] $Text) { $Host.UI.WriteLine($Text) }

function Assert-Tool([string] $Name, [string] $HowToGet) {
    if (-not (Get-Command $Name -CommandType Application -ErrorAction Ignore)) { throw "'$Name' was not found. $HowToGet" }
}

function Assert-BuildTools {
    $rust = 'Install Rust 1.85 or newer from https://rustup.rs.'
    Assert-Tool 'cargo' $rust
    Assert-Tool 'rustc' $rust
    Assert-Tool 'dotnet' 'Install the .NET SDK 10 from https://dot.net.'
    if (-not $onWindows) { Assert-Tool 'cc' 'Install a C compiler, which Rust links with: apt install gcc, or xcode-select --install.' }
}

# Runs a native command with its output on the console; an exit code other than 0 is an error.
function Invoke-Native([string] $File, [string[]] $Arguments) {
    & $File @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$File $Arguments ended with exit code $LASTEXITCODE." }
}

# Runs a native command and returns its lines, standard error included; the caller looks at $LASTEXITCODE.
function Read-Native([string] $File, [string[]] $Arguments) {
    $ErrorActionPreference = 'Continue'
    & $File @Arguments 2>&1 | ForEach-Object { "$_" }
}

# Full names with forward slashes, in a fixed order, without what .NET builds put beside the sources.
function Get-Files([string] $Folder, [string] $Pattern, [switch] $Recurse) {
    if (-not [IO.Directory]::Exists($Folder)) { return }
    $depth = [IO.SearchOption]::TopDirectoryOnly
    if ($Recurse) { $depth = [IO.SearchOption]::AllDirectories }
    $files = [IO.Directory]::GetFiles($Folder, $Pattern, $depth)
    [Array]::Sort($files, [StringComparer]::Ordinal)
    $files | ForEach-Object { $_.Replace('\', '/') } |
        Where-Object { $_.Substring($Folder.Length) -notmatch '/(bin|obj|TestResults)/' -or $_ -match '/src/bin/' }
}

# Runs the step with these environment variables, and puts them back as they were.
function Use-Environment([hashtable] $Variables, [scriptblock] $Step) {
    $saved = @{}
    foreach ($name in $Variables.Keys) {
        $saved[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $Variables[$name])
    }
    try { & $Step } finally {
        foreach ($name in $saved.Keys) {
            # To .NET a null of PowerShell is an empty text, and an empty variable is not a missing one.
            $before = if ($null -eq $saved[$name]) { [NullString]::Value } else { $saved[$name] }
            [Environment]::SetEnvironmentVariable($name, $before)
        }
    }
}

function Get-Hash([string] $Text) {
    $sha = [Security.Cryptography.SHA256]::Create()
    [BitConverter]::ToString($sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($Text))).Replace('-', '')
}

# Runs the step unless its input files are those of its last success; what it made must still be there.
function Invoke-Unchanged([string] $Name, [string[]] $Files, [string] $Product, [scriptblock] $Step) {
    $state = Get-Hash (($Files | ForEach-Object { "$_ $([IO.File]::GetLastWriteTimeUtc($_).Ticks)" }) -join "`n")
    $stamp = "$target/stamps/$Name-$profileName"
    if ([IO.File]::Exists($Product) -and [IO.File]::Exists($stamp) -and [IO.File]::ReadAllText($stamp) -eq $state) { return }
    & $Step
    [void] [IO.Directory]::CreateDirectory("$target/stamps")
    [IO.File]::WriteAllText($stamp, $state)
}

# The program and arguments that run a script in a new process of the PowerShell that runs this one.
function Get-ChildCommand([string[]] $ScriptAndArguments) {
    $program = [Diagnostics.Process]::GetCurrentProcess().MainModule.FileName
    $start = @('-NoProfile', '-File')
    if ($Host.Name -eq 'RestrictedSender.Shell') {
        $program, $start = 'dotnet', (@([Reflection.Assembly]::GetEntryAssembly().Location) + $start)
    }
    $program, ($start + $ScriptAndArguments)
}

function Invoke-ChildScript([string] $Script, [string[]] $Arguments) {
    $program, $all = Get-ChildCommand (@($Script) + $Arguments)
    Invoke-Native $program $all
}

# ---- Build

function Get-Version {
    if ([IO.File]::ReadAllText("$root/Cargo.toml") -notmatch '(?m)^version = "([^"]+)"') { throw 'Cargo.toml has no version.' }
    $Matches[1]
}

# Puts a file in its place by renaming: a process that has the old one loaded goes on with the old one.
function Publish-File([string] $Source, [string] $Destination) {
    if ([IO.File]::Exists($Destination)) {
        $old, $new = [IO.File]::ReadAllBytes($Destination), [IO.File]::ReadAllBytes($Source)
        if ([Collections.StructuralComparisons]::StructuralEqualityComparer.Equals($old, $new)) { return }
    }
    [void] [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($Destination))
    [void] [IO.Directory]::CreateDirectory($staging)
    [IO.File]::Copy($Source, "$staging/new", $true)
    if ([IO.File]::Exists($Destination)) { [IO.File]::Move($Destination, "$staging/$([Guid]::NewGuid())") }
    [IO.File]::Move("$staging/new", $Destination)
}
$staging = "$out/.staging-$PID"

# Leftovers of earlier builds too; Windows keeps what is still loaded somewhere.
function Remove-Staging {
    if (-not [IO.Directory]::Exists($out)) { return }
    foreach ($folder in [IO.Directory]::GetDirectories($out, '.staging-*')) {
        try { [IO.Directory]::Delete($folder, $true) } catch { Say "Still in use: $folder" }
    }
}

# What dotnet says is shown as it comes, without the summary that it prints even when told to be quiet.
function Invoke-Dotnet([string] $Command, [string] $Project, [string[]] $More, [string] $Artifacts = "$target/dotnet") {
    # Apart from what an editor or "dotnet run" builds, which may be running this script.
    $common = '-c', $Configuration, '--artifacts-path', $Artifacts, '-nologo', '-v', 'q', '-nodeReuse:false'
    Read-Native 'dotnet' (@($Command, $Project) + $common + $More) | ForEach-Object {
        if ($_ -notmatch '^\s*($|Build succeeded|0 Warning|0 Error|Time Elapsed|Test run for|A total of)') { Say $_ }
    }
    if ($LASTEXITCODE -ne 0) { throw "dotnet $Command $Project ended with exit code $LASTEXITCODE." }
}

function Invoke-Build {
    Assert-BuildTools
    $version = Get-Version
    if ($cross) { Initialize-WindowsCargo } else { Initialize-Cargo }
    Say "Building the Rust workspace for $platform, version $version, $Configuration."
    Invoke-Cargo @('build', '--workspace', '--quiet')
    $built = [IO.Path]::Combine($cargo.Target, $cargo.Triple, $profileName)
    Publish-File "$built/${libraryPrefix}restricted_sender.$libraryEnd" "$module/$platform/restricted_sender.$libraryEnd"
    Publish-File "$built/restricted-sender-sandbox$programEnd" "$out/bin/restricted-sender-sandbox$programEnd"
    Publish-Module $version
}

# What is the same on every system: the assembly, views, manifest and help.
function Publish-Module([string] $version) {
    $assembly = "$target/dotnet/bin/RestrictedSender/$profileName/RestrictedSender.dll"
    $sources = @(Get-Files $moduleSource '*.cs*' -Recurse) + "$root/Directory.Build.props", "$root/Cargo.toml", "$root/.editorconfig"
    Invoke-Unchanged 'module' $sources $assembly {
        Say 'Building the module.'
        Invoke-Dotnet 'build' "$moduleSource/RestrictedSender.csproj"
    }
    Publish-File $assembly "$module/RestrictedSender.dll"
    foreach ($view in @(Get-Files $moduleSource '*.ps1xml' -Recurse)) { Publish-File $view "$module/$([IO.Path]::GetFileName($view))" }
    [void] [IO.Directory]::CreateDirectory($staging)
    $manifest = [IO.File]::ReadAllText("$moduleSource/RestrictedSender.psd1").Replace("'0.0.0'", "'$version'")
    [IO.File]::WriteAllText("$staging/manifest", $manifest)
    Publish-File "$staging/manifest" "$module/RestrictedSender.psd1"

    $compiler, $help = "$moduleSource/help/compile.ps1", 'en-US/RestrictedSender.dll-Help.xml'
    if ([IO.File]::Exists($compiler)) {
        Invoke-Unchanged 'help' (@(Get-Files "$moduleSource/help" '*' -Recurse) + $assembly) "$module/$help" {
            Say 'Compiling the help.'
            Invoke-ChildScript $compiler @('-ModulePath', $module, '-Destination', "$staging/$help")
            foreach ($file in @(Get-Files "$staging/en-US" '*')) { Publish-File $file "$module/en-US/$([IO.Path]::GetFileName($file))" }
        }
    }
    Remove-Staging
    Say "Built $module."
}

# ---- Test, Demo, Bench, Generate, Clean

$results = @{ Passed = 0; Failed = 0 }

# A step that fails counts as one failure, and the next step runs.
function Invoke-Step([string] $Name, [scriptblock] $Step) {
    try { & $Step } catch {
        $results.Failed++
        Say "FAILED: ${Name}: $_"
    }
}

function Invoke-RustTests {
    Say 'Testing the Rust workspace.'
    $failedBefore = $results.Failed
    Use-CargoFolder {
        Read-Native 'cargo' (Get-CargoArguments @('test', '--workspace', '--no-fail-fast', '--quiet')) | ForEach-Object {
            if ($_ -match '^test result: \w+\. (\d+) passed; (\d+) failed') {
                $results.Passed += [int] $Matches[1]
                $results.Failed += [int] $Matches[2]
            } elseif ($_.Trim() -and $_ -notmatch '^running \d+ tests?$|^[.i]+( \d+/\d+)?$') { Say $_ }
        }
    }
    if ($LASTEXITCODE -ne 0 -and $results.Failed -eq $failedBefore) { throw "cargo test ended with exit code $LASTEXITCODE." }
}

function Invoke-DotnetTests([string] $Project) {
    $name = [IO.Path]::GetFileNameWithoutExtension($Project)
    Say "Testing $name."
    $report = "$target/test-results/$name.trx"
    [void] [IO.Directory]::CreateDirectory("$target/test-results")
    [IO.File]::Delete($report)
    $failure = $null
    try { Invoke-Dotnet 'test' $Project @('--logger', "trx;LogFileName=$name.trx", '--results-directory', "$target/test-results") }
    catch { $failure = $_ }
    if (-not [IO.File]::Exists($report)) { throw $failure }
    $counters = ([xml] [IO.File]::ReadAllText($report)).TestRun.ResultSummary.Counters
    $results.Passed += [int] $counters.passed
    # What is skipped (tests of another system) counts among the total, and not among the executed.
    $failed = [int] $counters.executed - [int] $counters.passed
    $results.Failed += $failed
    if ($failure -and $failed -eq 0) { throw $failure }
}

function Invoke-Tests {
    if ($cross) { Invoke-WineTests } else {
        Invoke-Step 'Build' { Invoke-Build }
        Invoke-Step 'Rust tests' { Invoke-RustTests }
        Invoke-Step 'Address sanitizer' { Build-SanitizedLibrary }
        foreach ($project in @(Get-Files "$root/tests" '*.Tests.csproj' -Recurse)) {
            # Its tests speak to it by signals and start "sh". Windows has a PowerShell of its own, and nobody starts it there.
            if ($onWindows -and $project -match '/Shell\.Tests\.csproj$') { Say 'Left out on Windows, which has PowerShell itself: Shell.Tests.' }
            else { Invoke-Step $project { Invoke-DotnetTests $project } }
        }
    }
    Say "$($results.Passed) passed, $($results.Failed) failed"
    if ($results.Failed -gt 0 -or $results.Passed -eq 0) { exit 1 }
}

function Invoke-Benchmarks {
    Invoke-Build
    Say 'Running the engine of the limits.'
    Invoke-Cargo @('run', '--release', '--quiet', '-p', 'restricted-sender-limits', '--example', 'throughput')
    $scripts = @(Get-Files "$root/tests/bench" '*.ps1')
    if ($scripts.Count -eq 0) { Say 'There are no benchmarks in tests/bench.' }
    foreach ($script in $scripts) {
        Say "Running $script."
        Invoke-ChildScript $script @()
    }
}

function New-Generated([string[]] $Command) {
    $lines = @(Use-CargoFolder { & cargo (Get-CargoArguments $Command) })
    if ($LASTEXITCODE -ne 0) { throw "cargo $Command ended with exit code $LASTEXITCODE." }
    ($lines -join "`n") + "`n"
}

function Invoke-Generators {
    Assert-BuildTools
    foreach ($generator in $generators) {
        Say "Writing $($generator.File)."
        $text = New-Generated $generator.Cargo
        [void] [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName("$root/$($generator.File)"))
        [IO.File]::WriteAllText("$root/$($generator.File)", $text)
    }
}

function Remove-Products {
    foreach ($folder in $out, $target) {
        Say "Removing $folder."
        if ([IO.Directory]::Exists($folder)) { [IO.Directory]::Delete($folder, $true) }
    }
}

try {
    $cross = Test-CrossTarget
    if ($cross) {
        if ($Task -ne 'Build' -and $Task -ne 'Test') { throw "$Task is for this system alone: -Target goes with Build and Test." }
        $libraryPrefix, $libraryEnd, $programEnd, $platform = '', 'dll', '.exe', $TargetSystem
    }
    switch ($Task) {
        'Build' { Invoke-Build }
        'Test' { Invoke-Tests }
        { $_ -in 'Demo', 'Drill' } {
            Invoke-Build
            Invoke-ChildScript "$root/powershell/examples/$Task.ps1" @()
        }
        'Bench' { Invoke-Benchmarks }
        'Check' { Invoke-Checks }
        'CheckModule' { Invoke-ModuleChecks }
        'Generate' { Invoke-Generators }
        'Clean' { Remove-Products }
    }
} catch {
    Say "FAILED: $_"
    exit 1
}
