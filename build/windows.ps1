# The Windows library built on another system, and its tests under wine. What the machine lacks is taken from Debian's
# packages, unpacked under target and never installed. Part of build.ps1, which dot-sources it.

$windows = "$target/win-x64"
$tools = "$windows/toolchain"
$triple = 'x86_64-pc-windows-gnu'

# Whether -Target asks for another system than this one; a target that cannot be built here is an error.
function Test-CrossTarget {
    if (-not $TargetSystem -or $TargetSystem -eq "$system-$architecture") { return $false }
    if ($system -ne 'linux' -or $TargetSystem -ne 'win-x64') { throw "$TargetSystem is not built on $system-$architecture. Run this on $TargetSystem itself." }
    $true
}

# ---- Toolchain

# Cargo for Windows: this machine's own where it has the target, else one from Debian's packages.
function Initialize-WindowsCargo {
    if ((Select-CrateSource) -eq 'Debian') {
        throw "Debian's packaged crates leave out what Windows needs (windows-sys and others). Point cargo at a source that " +
            'has all of Cargo.lock, and use -CrateSource Configured.'
    }
    $folder = "$(& rustc --print target-libdir --target $triple)"
    $compiler = 'x86_64-w64-mingw32-gcc'
    $environment = @{}
    if (-not @(Get-Files $folder 'libstd-*.rlib') -or -not (Get-Command $compiler -CommandType Application -ErrorAction Ignore)) {
        if (-not (Test-Debian)) {
            throw "The Windows library needs 'rustup target add $triple' and mingw-w64's gcc ($compiler)."
        }
        Update-WindowsToolchain
        $bin = "$tools/unpacked/usr/bin"
        $compiler = "$bin/x86_64-w64-mingw32-gcc"
        $environment = @{
            PATH = "${bin}:$env:PATH"; RUSTC = "$bin/rustc"; RUSTDOC = "$bin/rustdoc"
            LD_LIBRARY_PATH = "$tools/unpacked/usr/lib/x86_64-linux-gnu"
        }
    }
    $environment.CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER = $environment.CC_x86_64_pc_windows_gnu = $compiler
    Initialize-Cargo
    $cargo.Environment, $cargo.Triple, $cargo.Target = $environment, $triple, "$windows/cargo"
}

# Names of the archives that a package needs beyond what the machine has.
function Resolve-Missing([string] $Folder, [string[]] $Packages) {
    $said = @(Read-Apt $Folder (@('install', '--print-uris', '-qq', '-y') + $Packages))
    if ($LASTEXITCODE -ne 0) { throw "This machine's Debian does not have $($Packages):`n$($said -join "`n")" }
    $said | ForEach-Object { if ($_ -match "^'.*' (\S+\.deb) ") { $Matches[1] } }
}

# Unpacks packages in a folder, once: what they need and the machine lacks comes with them.
function Update-Packages([string] $Folder, [string[]] $Packages) {
    $stamp = "$Folder/unpacked/complete"
    if ([IO.File]::Exists($stamp) -and [IO.File]::ReadAllText($stamp) -eq "$Packages") { return }
    Initialize-Apt $Folder ''
    Update-AptLists $Folder
    $archives = @(Resolve-Missing $Folder $Packages)
    Say "Downloading and unpacking $($archives.Count) packages for $Packages."
    Save-Archives $Folder $archives
    Expand-Archives $Folder $archives
    [IO.File]::WriteAllText($stamp, "$Packages")
}

# Debian has newer Rust for its browsers (rustc-web), but no standard library for Windows beside it: that is built from
# its sources.
function Update-WindowsToolchain {
    Update-Packages $tools @('rustc-web', 'cargo-web', 'rust-web-src', 'gcc-mingw-w64-x86-64-win32')
    $usr = "$tools/unpacked/usr"
    # Installed, Debian's alternatives make this name, by which windres looks for it.
    Invoke-Native 'ln' @('-sf', 'x86_64-w64-mingw32-gcc-win32', "$usr/bin/x86_64-w64-mingw32-gcc")
    $libraries = "$usr/lib/rustlib/$triple/lib"
    if ([IO.File]::Exists("$libraries/complete")) { return }
    Say "Building Rust's standard library for Windows, once: some minutes."
    $source = @([IO.Directory]::GetDirectories("$usr/src", 'rustc-*'))[0] + '/library'
    $package = "$tools/std"
    [void] [IO.Directory]::CreateDirectory("$package/home")
    [void] [IO.Directory]::CreateDirectory("$package/src")
    [IO.File]::WriteAllText("$package/home/config.toml",
        "[source.crates-io]`nreplace-with = `"vendor`"`n[source.vendor]`ndirectory = `"$source/vendor`"`n")
    [IO.File]::WriteAllText("$package/Cargo.toml",
        "[package]`nname = `"std-for-windows`"`nversion = `"0.0.0`"`nedition = `"2021`"`n[workspace]`n[profile.release]`npanic = `"unwind`"`n")
    [IO.File]::WriteAllText("$package/src/lib.rs", '')
    $environment = @{
        PATH = "$usr/bin:$env:PATH"; RUSTC = "$usr/bin/rustc"; LD_LIBRARY_PATH = "$usr/lib/x86_64-linux-gnu"
        # A released compiler builds its own library only when it is told that it may.
        CARGO_HOME = "$package/home"; RUSTC_BOOTSTRAP = '1'; CARGO_ENCODED_RUSTFLAGS = "--remap-path-prefix=$source=/rustc/library"
    }
    Use-Environment $environment {
        Invoke-Native 'cargo' @('build', '--release', '--offline', '--quiet', '-Zbuild-std=std,panic_unwind,proc_macro,test',
            '--target', $triple, '--manifest-path', "$package/Cargo.toml", '--target-dir', "$package/target")
    }
    [void] [IO.Directory]::CreateDirectory($libraries)
    foreach ($file in @(Get-Files "$package/target/$triple/release/deps" '*.rlib')) {
        if ($file -notmatch 'std_for_windows') { [IO.File]::Copy($file, "$libraries/$([IO.Path]::GetFileName($file))", $true) }
    }
    [IO.File]::WriteAllText("$libraries/complete", '')
    [IO.Directory]::Delete("$package/target", $true)
}

# ---- Build

function Invoke-WindowsBuild {
    Assert-BuildTools
    $version = Get-Version
    Initialize-WindowsCargo
    Say "Building the Rust workspace for $TargetSystem, version $version, $Configuration."
    Invoke-Cargo @('build', '--workspace', '--quiet')
    $built = "$($cargo.Target)/$triple/$profileName"
    Publish-File "$built/restricted_sender.dll" "$module/$TargetSystem/restricted_sender.dll"
    Publish-File "$built/restricted-sender-sandbox.exe" "$out/bin/restricted-sender-sandbox.exe"
    Publish-Module $version
}

# ---- Tests under wine

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
        Invoke-WindowsBuild
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

# ---- Check

# What Windows itself has, as the library's import table names it.
$systemLibraries = 'advapi32', 'bcrypt', 'bcryptprimitives', 'crypt32', 'kernel32', 'msvcrt', 'ntdll', 'secur32', 'userenv', 'ws2_32'

function Get-WindowsLibrary { "$module/win-x64/restricted_sender.dll" }

# The import and export tables, and the resources' strings, of the library for Windows.
function Read-WindowsTables {
    $program = 'objdump'
    if ([IO.File]::Exists("$tools/unpacked/usr/bin/x86_64-w64-mingw32-objdump")) { $program = "$tools/unpacked/usr/bin/x86_64-w64-mingw32-objdump" }
    Assert-Tool $program 'Install binutils.'
    $lines = @(Read-Native $program @('-p', (Get-WindowsLibrary)))
    if ($LASTEXITCODE -ne 0) { throw "objdump cannot read $(Get-WindowsLibrary): $lines" }
    $lines
}

function Find-ForeignImports {
    $imports = @(Read-WindowsTables | ForEach-Object { if ($_ -match 'DLL Name: (\S+)$') { $Matches[1] } })
    if ($imports.Count -eq 0) { 'No import was found.' }
    $imports | Where-Object { $_ -notmatch '^api-ms-win-' -and $systemLibraries -notcontains $_.ToLowerInvariant().Replace('.dll', '') } |
        ForEach-Object { "imports $_, which is no part of Windows" }
}

function Get-WindowsExports {
    Read-WindowsTables | ForEach-Object { if ($_ -match '^\s+\[\s*\d+\]\s+(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?(\S+)$') { $Matches[1] } }
}
