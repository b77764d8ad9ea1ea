# Where crates come from: cargo's configured source or, where that cannot be reached on a Debian-like machine, Debian
# trixie's packaged crates. Part of build.ps1, which dot-sources it.

function Get-CargoHome {
    if ($env:CARGO_HOME) { return $env:CARGO_HOME }
    [Environment]::GetFolderPath('UserProfile') + '/.cargo'
}

# Where this machine can get crates from; the answer is kept until something that it depends on changes.
function Select-CrateSource {
    if ($CrateSource -ne 'Auto') { return $CrateSource }
    $cargoHome = Get-CargoHome
    $state = $cargoHome
    foreach ($file in "$cargoHome/config.toml", "$root/Cargo.toml", "$root/Cargo.lock") {
        if ([IO.File]::Exists($file)) { $state += [IO.File]::ReadAllText($file) }
    }
    $state = Get-Hash $state
    $memory = "$target/crate-source"
    if ([IO.File]::Exists($memory)) {
        $chosen, $stateThen = [IO.File]::ReadAllText($memory).Split(' ')
        if ($stateThen -eq $state) { return $chosen }
    }

    Say 'Asking the configured source for the crates.'
    $saved = $env:CARGO_NET_RETRY, $env:CARGO_HTTP_TIMEOUT
    $env:CARGO_NET_RETRY, $env:CARGO_HTTP_TIMEOUT = '0', '10'
    try { $said = @(Read-Native 'cargo' @('fetch', '--locked', '--manifest-path', "$root/Cargo.toml")) }
    finally { $env:CARGO_NET_RETRY, $env:CARGO_HTTP_TIMEOUT = $saved }
    $chosen = 'Configured'
    if ($LASTEXITCODE -ne 0) {
        if (-not (Test-Debian) -or "$said" -match '--locked') { throw "The crates cannot be had:`n$($said -join "`n")" }
        $chosen = 'Debian'
        Say "It cannot be reached: $($said[-1].Trim())"
    }
    [void] [IO.Directory]::CreateDirectory($target)
    [IO.File]::WriteAllText($memory, "$chosen $state")
    $chosen
}

# Triple and Environment are those of another system, where one is built for.
$cargo = @{ Folder = ''; Target = ''; Mode = ''; Triple = ''; Environment = @{} }

# Cargo, from the folder that has the chosen crates, in the target folder that belongs to it.
function Initialize-Cargo {
    if ($cargo.Folder) { return }
    $source = Select-CrateSource
    Say "Crate source: $source"
    if ($source -eq 'Debian') {
        Update-DebianCrates
        Update-DebianWorkspace
        $cargo.Folder, $cargo.Target, $cargo.Mode = "$target/debian/workspace", "$target/debian/target", '--offline'
    } else {
        $cargo.Folder, $cargo.Target, $cargo.Mode = $root, $target, '--locked'
    }
    # What is shipped tells nothing of this machine: neither where its crates lie nor where the sources are.
    $flags = @("--remap-path-prefix=$root=/restricted-sender", "--remap-path-prefix=$(Get-CargoHome)=/cargo")
    if ($env:RUSTFLAGS) { $flags = $env:RUSTFLAGS.Split(' ', [StringSplitOptions]::RemoveEmptyEntries) + $flags }
    $env:CARGO_ENCODED_RUSTFLAGS = $flags -join [char] 0x1f
}

# The arguments of a cargo command in the chosen folder, mode and profile; what follows "--" stays last.
function Get-CargoArguments([string[]] $Arguments) {
    $command, $rest = $Arguments
    $all = @($command, $cargo.Mode, '--target-dir', $cargo.Target)
    if ($Configuration -eq 'Release') { $all += '--release' }
    if ($cargo.Triple) { $all += '--target', $cargo.Triple }
    $all + @($rest)
}

function Use-CargoFolder([scriptblock] $Step) {
    Initialize-Cargo
    $saved = $PWD.ProviderPath
    $ExecutionContext.SessionState.Path.SetLocation($cargo.Folder) | Out-Null
    try { Use-Environment $cargo.Environment $Step } finally { $ExecutionContext.SessionState.Path.SetLocation($saved) | Out-Null }
}

function Invoke-Cargo([string[]] $Arguments) { Use-CargoFolder { Invoke-Native 'cargo' (Get-CargoArguments $Arguments) } }

# ---- Debian's packaged crates: private lists, downloaded and unpacked, never installed

$crates = "$target/debian-crates"

# Package names of every crate and feature that the workspace's members ask for, tests and build scripts included.
function Get-DebianRequests {
    $json = & cargo metadata --no-deps --offline --format-version 1 --manifest-path "$root/Cargo.toml"
    if ($LASTEXITCODE -ne 0) { throw 'cargo metadata failed.' }
    $requests = [Collections.Generic.SortedSet[string]]::new([StringComparer]::Ordinal)
    foreach ($package in [Text.Json.JsonDocument]::Parse("$json").RootElement.GetProperty('packages').EnumerateArray()) {
        foreach ($dependency in $package.GetProperty('dependencies').EnumerateArray()) {
            if ($dependency.GetProperty('source').ValueKind -eq 'Null') { continue }
            $name = $dependency.GetProperty('name').GetString().Replace('_', '-').ToLowerInvariant()
            if ($dependency.GetProperty('req').GetString() -notmatch '(0\.\d+|\d+)') { throw "${name}: no version is required." }
            $name = "librust-$name-$($Matches[1])"
            [void] $requests.Add("$name-dev")
            if ($dependency.GetProperty('uses_default_features').GetBoolean()) { [void] $requests.Add("$name+default-dev") }
            foreach ($feature in $dependency.GetProperty('features').EnumerateArray()) {
                [void] $requests.Add("$name+$($feature.GetString().Replace('_', '-').ToLowerInvariant())-dev")
            }
        }
    }
    [string[]] @($requests)
}

function Initialize-CratesApt {
    $mirror, $keyring = Get-DebianMirror
    if (-not $keyring -and [IO.File]::Exists('/usr/share/keyrings/debian-archive-keyring.gpg')) {
        $keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
    }
    $source = "Types: deb`nURIs: $mirror`nSuites: trixie`nComponents: main`n"
    if ($keyring) { $source += "Signed-By: $keyring`n" }
    Initialize-Apt $crates $source
    Say "Debian's crates come from $mirror, trixie."
}

# Names of the archives that make up the requests with everything that they depend on; crates only.
function Resolve-DebianCrates([string[]] $Requests) {
    $known = $Requests
    foreach ($attempt in 1, 2) {
        $said = @(Read-Apt $crates (@('install', '--print-uris', '-qq', '-y') + $known))
        if ($LASTEXITCODE -eq 0) { return $said | ForEach-Object { if ($_ -match "^'.*' (librust-\S+\.deb) ") { $Matches[1] } } }
        # A feature that switches nothing on has no package name; cargo says so if that was wrong.
        $missing = @($said | ForEach-Object { if ($_ -match 'Unable to locate package (\S+)') { $Matches[1] } })
        $known = @($known | Where-Object { $missing -notcontains $_ })
    }
    throw "Debian's packages do not make up what the workspace needs:`n$($said -join "`n")"
}

function Update-DebianCrates {
    $requests = Get-DebianRequests
    $stamp = "$crates/unpacked/complete"
    if ([IO.File]::Exists($stamp) -and [IO.File]::ReadAllText($stamp) -eq "$requests") { return }

    Initialize-CratesApt
    Update-AptLists $crates
    $archives = @(Resolve-DebianCrates $requests)
    Say "Downloading $($archives.Count) packages of crates."
    Save-Archives $crates $archives
    Say 'Unpacking them.'
    Expand-Archives $crates $archives
    [IO.File]::WriteAllText($stamp, "$requests")
}

# A copy of the sources without Cargo.lock, whose versions and checksums are another source's. Unchanged files keep
# their times, so that cargo builds only what has changed.
function Update-DebianWorkspace {
    $workspace = "$target/debian/workspace"
    $wanted = [Collections.Generic.HashSet[string]]::new()
    $folders = 'rust', 'tests', 'powershell', 'docs'
    $sources = @(Get-Files $root '*') + @($folders | ForEach-Object { Get-Files "$root/$_" '*' -Recurse })
    foreach ($source in $sources) {
        $relative = $source.Substring($root.Length + 1)
        if ($relative -eq 'Cargo.lock') { continue }
        $copy = "$workspace/$relative"
        [void] $wanted.Add($copy)
        $from, $to = [IO.FileInfo] $source, [IO.FileInfo] $copy
        if (-not $to.Exists -or $to.Length -ne $from.Length -or $to.LastWriteTimeUtc -ne $from.LastWriteTimeUtc) {
            [void] $to.Directory.Create()
            [IO.File]::Copy($source, $copy, $true)
        }
    }
    foreach ($copy in @(Get-Files $workspace '*' -Recurse)) {
        if (-not $wanted.Contains($copy) -and $copy -ne "$workspace/Cargo.lock") { [IO.File]::Delete($copy) }
    }
    [void] [IO.Directory]::CreateDirectory("$workspace/.cargo")
    [IO.File]::WriteAllText("$workspace/.cargo/config.toml",
        "[source.crates-io]`nreplace-with = `"debian`"`n`n[source.debian]`ndirectory = `"$crates/unpacked/usr/share/cargo/registry`"`n")
}
