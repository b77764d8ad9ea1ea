# The tests of the library for Windows, and of the module with it, under wine. Part of build.ps1, which dot-sources it.

$wine = @{ Program = ''; Server = ''; Environment = @{} }

# Wine: this machine's own, else from Debian's packages; with a Windows of its own under target.
function Initialize-Wine {
    $wine.Program, $wine.Server = 'wine', 'wineserver'
    $libraries = ''
    if (-not (Get-Command 'wine' -CommandType Application -ErrorAction Ignore)) {
        if (-not (Test-Debian)) { throw "The Windows tests need wine 8 or newer: install it, and run this again." }
        Update-Packages "$windows/wine" @('wine64')
        $usr = "$windows/wine/unpacked/usr"
        $libraries = "$usr/lib/x86_64-linux-gnu"
        $wine.Program, $wine.Server = "$usr/lib/wine/wine64", "$usr/lib/wine/wineserver64"
        # Debian's wineserver is a script that looks for the real one where it would be installed.
        [IO.File]::Copy($wine.Server, "$usr/lib/wine/wineserver", $true)
    }
    $wine.Environment = @{
        WINEPREFIX = "$windows/prefix"; WINEARCH = 'win64'; WINEDEBUG = '-all'; LD_LIBRARY_PATH = $libraries
        # Wine cannot map memory twice, which .NET does with code that it has compiled.
        DOTNET_EnableWriteXorExecute = '0'
        RESTRICTEDSENDER_OUT = 'Z:' + $out.Replace('/', '\')
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER = $wine.Program
    }
    if ([IO.File]::Exists("$windows/prefix/complete")) { return }
    Say 'Preparing a Windows for the tests, under wine.'
    if ([IO.Directory]::Exists("$windows/prefix")) { [IO.Directory]::Delete("$windows/prefix", $true) }
    $system32 = "$windows/prefix/drive_c/windows/system32"
    [void] [IO.Directory]::CreateDirectory($system32)
    # What an installed wine finds by itself.
    $zlib = "$windows/wine/unpacked/usr/x86_64-w64-mingw32/lib/zlib1.dll"
    if ([IO.File]::Exists($zlib)) { Invoke-Native 'cp' @('-L', $zlib, $system32) }
    # Only while the Windows is made: afterwards .NET needs what this switches off.
    Use-Environment ($wine.Environment + @{ WINEDLLOVERRIDES = 'mscoree,mshtml=' }) {
        Invoke-Quiet $wine.Program @('wineboot', '-i')
    }
    Use-Environment $wine.Environment {
        Invoke-Quiet $wine.Program @('reg', 'add', 'HKCU\Software\Wine', '/v', 'Version', '/d', 'win10', '/f')
    }
    if (-not [IO.File]::Exists("$system32/bcryptprimitives.dll")) {
        Use-Environment $cargo.Environment {
            Invoke-Native $cargo.Environment.CC_x86_64_pc_windows_gnu @('-shared', '-O2', '-Wall', '-Werror', "$root/tests/wine/bcryptprimitives.c",
                '-ladvapi32', '-o', "$system32/bcryptprimitives.dll")
        }
    }
    [IO.File]::WriteAllText("$windows/prefix/complete", '')
}

function Invoke-Quiet([string] $File, [string[]] $Arguments) {
    $said = @(Read-Native $File $Arguments)
    if ($LASTEXITCODE -ne 0) { throw "$File $Arguments ended with exit code $($LASTEXITCODE):`n$($said -join "`n")" }
}

# The tests that cannot run under wine, and why: lines of name, tab, reason. A name stands for all cases of a test.
function Get-LeftOut {
    $listed = @{}
    foreach ($line in [IO.File]::ReadAllLines("$root/tests/wine/left-out.tsv")) {
        if (-not $line -or $line.StartsWith('#')) { continue }
        $name, $reason = $line.Split("`t", 2)
        if (-not $reason) { throw "tests/wine/left-out.tsv: $name has no reason." }
        $listed[$name] = @{ Reason = $reason; Seen = 0 }
    }
    $listed
}

# Counts a result. A test on the list is expected to fail: one that passes is a failure until it leaves the list.
function Add-Result([string] $Name, [bool] $Passed) {
    $entry = $leftOut[$Name.Split('(')[0]]
    if ($entry) {
        $entry.Seen++
        if ($Passed) {
            Say "FAILED: $Name passes under wine; take it off tests/wine/left-out.tsv."
            $results.Failed++
        } else { $results.LeftOut++ }
    } elseif ($Passed) { $results.Passed++ } else {
        Say "FAILED: $Name"
        $results.Failed++
    }
}

# Runs a command of tests with its output in a log, and returns the log's lines; the caller looks at $LASTEXITCODE.
# What hangs is ended after so many minutes, with an error that names the tests that had begun and not ended.
function Read-Limited([int] $Minutes, [string] $Log, [string[]] $Command) {
    # Into a file and not a pipe: what an ended command leaves behind would hold a pipe open.
    Read-Native 'sh' (@('-c', 'log=$1; shift; exec timeout --kill-after=10 "$@" >"$log" 2>&1', 'sh', $Log, "${Minutes}m") + $Command)
    $exit = $LASTEXITCODE
    $lines = [IO.File]::ReadAllLines($Log)
    # 124 is what timeout says, 137 when it had to kill.
    if ($exit -eq 124 -or $exit -eq 137) {
        throw "The tests had not ended after $Minutes minutes. Running then: $(@(Find-Running $lines) -join ', '). See $Log."
    }
    $lines
}

# The tests that a log has beginning and not ending: of the module those, of Rust those that took longer than a minute.
function Find-Running([string[]] $Lines) {
    $running = [Collections.Generic.List[string]]::new()
    foreach ($line in $Lines) {
        if ($line -match '^(started) (.+)$|^test (.+) has been running for over 60 seconds') { $running.Add("$($Matches[2])$($Matches[3])") }
        elseif ($line -match '^(?:passed|failed|skipped) (.+)$|^test (.+?)(?: - should panic)? \.\.\. ') {
            [void] $running.Remove("$($Matches[1])$($Matches[2])")
        }
    }
    if ($running.Count -eq 0) { 'none that is known, after ' + "$($Lines | ForEach-Object { $last = $_ })$last" } else { $running }
}

function Invoke-WineRustTests {
    Say 'Testing the Rust workspace under wine.'
    $of, $counted = '', 0
    Invoke-Cargo @('test', '--workspace', '--no-run', '--quiet')
    Use-Environment $wine.Environment {
        Use-CargoFolder {
            $script:said = @(Read-Limited 15 "$windows/rust-tests.log" (@('cargo') + (Get-CargoArguments @('test', '--workspace', '--no-fail-fast'))))
        }
    }
    $exit = $LASTEXITCODE
    $failedBefore = $results.Failed
    foreach ($line in $said) {
        if ($line -match '^\s+Running .*[\\/]([^\\/]+)-[0-9a-f]{16}\.exe\)') { $of = $Matches[1] }
        elseif ($line -match '^\s+Doc-tests (\S+)') { $of = "$($Matches[1])-doc" }
        elseif ($line -match '^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED)$') {
            $counted++
            Add-Result "${of}::$($Matches[1])" ($Matches[2] -eq 'ok')
        }
    }
    if ($counted -eq 0 -or ($exit -ne 0 -and $results.Failed -eq $failedBefore -and $results.LeftOut -eq 0)) {
        throw "cargo test ended with exit code ${exit}: $windows/rust-tests.log"
    }
    if ($results.Failed -gt $failedBefore) { Say "What they said: $windows/rust-tests.log" }
}

# The module's tests in PowerShell's engine, published with its runtime for Windows: the sources are those of every system.
function Invoke-WineModuleTests {
    Say 'Testing the module under wine.'
    $project = "$root/tests/Module/Module.Tests.csproj"
    Invoke-Dotnet 'publish' $project @('-r', $TargetSystem, '--self-contained', '-o', "$windows/tests") "$windows/dotnet"
    Use-Environment $wine.Environment {
        $script:said = @(Read-Limited 20 "$windows/module-tests.log" @($wine.Program, "$windows/tests/Module.Tests.exe"))
    }
    $exit, $counted, $failed = $LASTEXITCODE, 0, $false
    foreach ($line in $said) {
        if ($line -match '^(passed|failed|skipped) RestrictedSender\.Module\.Tests\.(.+)$') {
            $failed = $Matches[1] -eq 'failed'
            $counted++
            if ($Matches[1] -ne 'skipped') { Add-Result $Matches[2] (-not $failed) }
            $failed = $failed -and -not $leftOut[$Matches[2].Split('(')[0]]
        } elseif ($failed -and $line.StartsWith('    ')) { Say $line }
    }
    # 0 and 1 are the runner's own: it came to its end.
    if ($counted -eq 0 -or ($exit -ne 0 -and $exit -ne 1)) { throw "The tests ended with exit code ${exit}: $($said[-1])" }
}

function Invoke-WineTests {
    $script:leftOut = Get-LeftOut
    $results.LeftOut = 0
    try {
        Invoke-Build
        Invoke-Step 'Checks of the library' { Test-LibraryChecks }
        Initialize-Wine
        Invoke-Step 'Rust tests under wine' { Invoke-WineRustTests }
        Invoke-Step 'Module tests under wine' { Invoke-WineModuleTests }
        foreach ($name in $leftOut.Keys) {
            if ($leftOut[$name].Seen -eq 0) {
                Say "FAILED: tests/wine/left-out.tsv has $name, and there is no such test."
                $results.Failed++
            }
        }
    } catch {
        $results.Failed++
        Say "FAILED: $_"
    } finally {
        if ($wine.Environment.Count -gt 0) { Use-Environment $wine.Environment { [void] (Read-Native $wine.Server @('-k')) } }
    }
    Say "Left out, since they cannot run under wine (tests/wine/left-out.tsv): $($results.LeftOut)"
}
