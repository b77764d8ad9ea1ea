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

# The tests that cannot run under wine, and why: lines of name, tab, reason.
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

# The entry of a case, or that of its test.
function Find-LeftOut([string] $Name) {
    if ($leftOut[$Name]) { $leftOut[$Name] } else { $leftOut[$Name.Split('(')[0]] }
}

# Counts a result. A test on the list is expected to fail: one that passes is a failure until it leaves the list.
function Add-Result([string] $Name, [bool] $Passed) {
    $entry = Find-LeftOut $Name
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
# What hangs is ended after so many minutes; Get-EndOfRun tells that from the exit code.
function Read-Limited([int] $Minutes, [string] $Log, [string[]] $Command) {
    # Into a file and not a pipe: what an ended command leaves behind would hold a pipe open.
    [void] (Read-Native 'sh' (@('-c', 'log=$1; shift; exec timeout --kill-after=10 "$@" >"$log" 2>&1', 'sh', $Log, "${Minutes}m") + $Command))
    [IO.File]::ReadAllLines($Log)
}

# What ended a run that did not come to its end: 124 is what timeout says, 137 when it had to kill.
function Get-EndOfRun([int] $Exit, [string[]] $Lines) {
    $how = if ($Exit -eq 124 -or $Exit -eq 137) { 'was ended after its time' } else { "ended with exit code $Exit" }
    "$how; running then: $(@(Find-Running $Lines) -join ', ')"
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
    $of, $announced, $told, $failed = '', 0, 0, $false
    Invoke-Cargo @('test', '--workspace', '--no-run', '--quiet')
    Use-Environment $wine.Environment {
        Use-CargoFolder {
            $script:said = @(Read-Limited 15 "$windows/rust-tests.log" (@('cargo') + (Get-CargoArguments @('test', '--workspace', '--no-fail-fast'))))
        }
    }
    $exit, $failedBefore = $LASTEXITCODE, $results.Failed
    foreach ($line in $said) {
        if ($line -match '^\s+Running .*[\\/]([^\\/]+)-[0-9a-f]{16}\.exe\)') { $of = $Matches[1] }
        elseif ($line -match '^\s+Doc-tests (\S+)') { $of = "$($Matches[1])-doc" }
        elseif ($line -match '^running (\d+) tests?$') { $announced += [int] $Matches[1] }
        elseif ($line -match '^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED)$') {
            $told++
            Add-Result "${of}::$($Matches[1])" ($Matches[2] -eq 'ok')
        } elseif ($line -match '^test .+ \.\.\. ignored') { $announced-- }
        elseif ($line -match '^---- (.+?)(?: - should panic)? stdout ----$') { $failed = -not (Find-LeftOut "${of}::$($Matches[1])") }
        elseif ($line -eq 'failures:') { $failed = $false }
        if ($failed -and $line.Trim()) { Say "    $line" }
    }
    if ($results.Failed -gt $failedBefore) { Say "All of it: $windows/rust-tests.log" }
    if ($told -eq 0 -or $told -ne $announced -or ($exit -ne 0 -and $results.Failed -eq $failedBefore -and $results.LeftOut -eq 0)) {
        throw "$announced tests were announced and $told told of. The run $(Get-EndOfRun $exit $said)."
    }
}

# The module's tests in PowerShell's engine, published with its runtime for Windows: the sources are those of every
# system. Each class has a process of its own, and so has each test that is left out: what hangs there, or ends the
# process, costs no other class.
function Invoke-WineModuleTests {
    Say 'Testing the module under wine.'
    $project = "$root/tests/Module/Module.Tests.csproj"
    Invoke-Dotnet 'publish' $project @('-r', $TargetSystem, '--self-contained', '-o', "$windows/tests") "$windows/dotnet"
    $names = @(Invoke-ModuleRunner 5 'list' @('--list') | ForEach-Object { if ($_ -match '^test (.+)$') { $Matches[1] } })
    if ($names.Count -eq 0) { throw "The runner lists no tests: $windows/module-tests/list.log" }
    $classes = [Collections.Specialized.OrderedDictionary]::new()
    foreach ($name in $names) {
        $run = if ($leftOut[$name]) { $name } else { $name.Split('.')[0] }
        if (-not $classes.Contains($run)) { $classes[$run] = [Collections.Generic.List[string]]::new() }
        $classes[$run].Add($name)
    }
    foreach ($run in $classes.Keys) { Invoke-ModuleRun $run $classes[$run] }
}

function Invoke-ModuleRunner([int] $Minutes, [string] $Name, [string[]] $Arguments) {
    $log = "$windows/module-tests/$Name.log"
    [void] [IO.Directory]::CreateDirectory("$windows/module-tests")
    Use-Environment $wine.Environment {
        Read-Limited $Minutes $log (@($wine.Program, "$windows/tests/Module.Tests.exe") + $Arguments)
    }
}

# Runs some tests in a process of their own. Each of them has to have told its end, or it has failed; and so has to
# have the runner, whose own exit codes are 0 and 1.
function Invoke-ModuleRun([string] $Name, [string[]] $Tests) {
    $said = @(Invoke-ModuleRunner 5 $Name $Tests)
    $exit, $failed, $told = $LASTEXITCODE, $false, @{}
    foreach ($line in $said) {
        # A test that is skipped has not been seen to pass: here it belongs on the list.
        if ($line -match '^(passed|failed|skipped) (?:RestrictedSender\.Module\.Tests\.)?(.+)$') {
            $failed, $test = ($Matches[1] -ne 'passed'), $Matches[2]
            $told[$test.Split('(')[0]] = $true
            Add-Result $test (-not $failed)
            $failed = $failed -and -not (Find-LeftOut $test)
        } elseif ($failed -and $line.StartsWith('    ')) { Say $line }
    }
    foreach ($test in $Tests) { if (-not $told[$test]) { Add-Result $test $false } }
    if ($said -contains 'finished' -and ($exit -eq 0 -or $exit -eq 1)) { return }
    Say "$Name $(Get-EndOfRun $exit $said). See $windows/module-tests/$Name.log."
    # With whatever it had started.
    Use-Environment $wine.Environment { [void] (Read-Native $wine.Server @('-k')) }
    if (-not $leftOut[$Name] -and $told.Count -eq $Tests.Count) { Add-Result "$Name, after its last test" $false }
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
