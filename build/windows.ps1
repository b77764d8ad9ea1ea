# The library for Windows, built on another system: its toolchain and its checks. What the machine lacks is taken from
# Debian's packages, unpacked under target and never installed. Part of build.ps1, which dot-sources it.

$windows = "$target/win-x64"
$tools = "$windows/toolchain"
$triple = 'x86_64-pc-windows-gnu'

# Whether -Target asks for another system than this one; a target that cannot be built here is an error.
function Test-CrossTarget {
    if (-not $TargetSystem -or $TargetSystem -eq $platform) { return $false }
    if ($system -ne 'linux' -or $TargetSystem -ne 'win-x64') { throw "$TargetSystem is not built on $platform. Run this on $TargetSystem itself." }
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

# ---- Checks of the library

# What Windows itself has, as the library's import table names it.
$systemLibraries = 'advapi32', 'bcrypt', 'bcryptprimitives', 'crypt32', 'kernel32', 'msvcrt', 'ntdll', 'secur32', 'userenv', 'ws2_32'

# The import, export and resource tables of a library for Windows.
function Read-WindowsTables([string] $Library) {
    $program = "$tools/unpacked/usr/bin/x86_64-w64-mingw32-objdump"
    if (-not [IO.File]::Exists($program)) { $program = 'objdump' }
    Assert-Tool $program 'Install binutils.'
    $lines = @(Read-Native $program @('-p', $Library))
    if ($LASTEXITCODE -ne 0) { throw "objdump cannot read ${Library}: $lines" }
    $lines
}

function Find-ForeignImports([string] $Library) {
    $imports = @(Read-WindowsTables $Library | ForEach-Object { if ($_ -match 'DLL Name: (\S+)$') { $Matches[1] } })
    if ($imports.Count -eq 0) { 'No import was found.' }
    $imports | Where-Object { $_ -notmatch '^api-ms-win-' -and $systemLibraries -notcontains $_.ToLowerInvariant().Replace('.dll', '') } |
        ForEach-Object { "imports $_, which is no part of Windows" }
}

function Get-WindowsExports([string] $Library) {
    Read-WindowsTables $Library | ForEach-Object { if ($_ -match '^\s+\[\s*\d+\]\s+(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?(\S+)$') { $Matches[1] } }
}

# The version resource has the workspace's version, as text that ends in a zero; resources are in UTF-16.
function Find-VersionGap([string] $Library) {
    $text = [Text.Encoding]::GetEncoding(28591).GetString([IO.File]::ReadAllBytes($Library)).Replace("`0", '')
    if (-not $text.Contains("ProductVersion$(Get-Version)")) { "has no version resource that says $(Get-Version)" }
}

function Get-LibraryFindings([string] $Library) {
    Find-ForeignImports $Library
    Compare-Exports (Get-WindowsExports $Library)
    Find-VersionGap $Library
}

# That the checks find what they are there for, in a library that has all of it.
function Test-LibraryChecks {
    Say 'Checking a library with planted defects.'
    $folder = "$windows/planted"
    [void] [IO.Directory]::CreateDirectory($folder)
    $compile = @('-shared', '-O2', '-Wall', '-Werror', "$root/tests/wine/planted.c")
    Use-Environment $cargo.Environment {
        Invoke-Native $cargo.Environment.CC_x86_64_pc_windows_gnu ($compile + '-DFOREIGN', '-o', "$folder/foreign.dll")
        Invoke-Native $cargo.Environment.CC_x86_64_pc_windows_gnu ($compile + "$folder/foreign.dll", '-o', "$folder/planted.dll")
    }
    $found = @(Get-LibraryFindings "$folder/planted.dll")
    foreach ($finding in 'imports foreign.dll, which is no part of Windows', 'exported but not in the header: rs_planted',
        'in the header but not exported: rs_version', "has no version resource that says $(Get-Version)") {
        Add-Result "planted: $finding" ($found -contains $finding)
    }
}
