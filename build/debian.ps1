# Debian's packages without installing any: private apt lists, archives that are downloaded and unpacked under target.
# Part of build.ps1, which dot-sources it.

function Test-Debian {
    (Get-Command 'apt-get' -ErrorAction Ignore) -and (Get-Command 'dpkg-deb' -ErrorAction Ignore)
}

# The machine's own Debian mirror and its keyring, from either form of apt's sources.
function Get-DebianMirror {
    $suites = 'sid|unstable|testing|(old){0,2}stable|forky|trixie|bookworm|bullseye'
    foreach ($file in @(Get-Files '/etc/apt/sources.list.d' '*.sources')) {
        foreach ($stanza in [IO.File]::ReadAllText($file) -replace '(?m)^#.*\n', '' -split '\n\s*\n') {
            if ($stanza -notmatch '(?im)^Enabled:\s*no' -and $stanza -match '(?im)^Types:.*\bdeb\b' -and
                $stanza -match "(?im)^Suites:(.*\s)?($suites)(\s|$)" -and $stanza -match '(?im)^URIs:\s*(\S+)') {
                $mirror, $keyring = $Matches[1], ''
                if ($stanza -match '(?im)^Signed-By:\s*(/\S+)') { $keyring = $Matches[1] }
                return $mirror, $keyring
            }
        }
    }
    foreach ($file in @('/etc/apt/sources.list') + @(Get-Files '/etc/apt/sources.list.d' '*.list')) {
        if ([IO.File]::Exists($file) -and
            [IO.File]::ReadAllText($file) -match "(?m)^\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+($suites)\s") {
            $mirror, $options, $keyring = $Matches[2], $Matches[1], ''
            if ($options -match 'signed-by=([^\s\]]+)') { $keyring = $Matches[1] }
            return $mirror, $keyring
        }
    }
    throw "No Debian mirror was found in /etc/apt. Point cargo at a reachable source and use -CrateSource Configured."
}

# Private apt in a folder: its own lists and cache; the machine's proxies still apply. With a source of its own nothing
# counts as installed; without one it reads the machine's sources, and what the machine has is not fetched again.
function Initialize-Apt([string] $Folder, [string] $Source) {
    Assert-Tool 'apt-get' 'Debian''s packages can be had on Debian only.'
    Assert-Tool 'dpkg-deb' 'It belongs to Debian''s dpkg.'
    foreach ($part in 'state/lists/partial', 'cache/archives/partial', 'empty', 'archives') {
        [void] [IO.Directory]::CreateDirectory("$Folder/$part")
    }
    $status = '/var/lib/dpkg/status'
    $lines = @(
        '#clear APT::Update::Post-Invoke; #clear APT::Update::Post-Invoke-Success; #clear DPkg::Post-Invoke;'
        'APT::Install-Recommends "false"; APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "3";'
        'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false"; Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";'
    )
    if ($Source) {
        $status = "$Folder/state/status"
        [IO.File]::WriteAllText($status, '')
        [IO.File]::WriteAllText("$Folder/own.sources", $Source)
        $lines += "Dir::Etc::sourcelist `"$Folder/own.sources`"; Dir::Etc::sourceparts `"$Folder/empty`";"
        $lines += "Dir::Etc::preferences `"/dev/null`"; Dir::Etc::preferencesparts `"$Folder/empty`";"
    }
    $lines += "Dir::State `"$Folder/state`"; Dir::State::status `"$status`"; Dir::Cache `"$Folder/cache`";"
    [IO.File]::WriteAllText("$Folder/apt.conf", $lines -join "`n")
}

function Read-Apt([string] $Folder, [string[]] $Arguments) {
    Read-Native 'env' (@('LC_ALL=C', 'apt-get', '-c', "$Folder/apt.conf") + $Arguments)
}

function Update-AptLists([string] $Folder) {
    Say 'Reading the package lists.'
    $said = @(Read-Apt $Folder @('update', '-q'))
    if ($LASTEXITCODE -ne 0 -or "$said" -match '(?m)^[EW]: .*Failed to fetch') {
        throw "Debian's package lists cannot be read (NO_PUBKEY means: upgrade debian-archive-keyring):`n$($said -join "`n")"
    }
}

# Downloads archives, named as apt names them; what an earlier run has got stays.
function Save-Archives([string] $Folder, [string[]] $Archives) {
    $saved = $PWD.ProviderPath
    $ExecutionContext.SessionState.Path.SetLocation("$Folder/archives") | Out-Null
    try { $said = @(Read-Apt $Folder (@('download', '-q') + @($Archives | ForEach-Object { $_.Split('_')[0] }))) }
    finally { $ExecutionContext.SessionState.Path.SetLocation($saved) | Out-Null }
    if ($LASTEXITCODE -ne 0) { throw "The download failed:`n$($said -join "`n")" }
}

# Unpacks them afresh.
function Expand-Archives([string] $Folder, [string[]] $Archives) {
    if ([IO.Directory]::Exists("$Folder/unpacked")) { [IO.Directory]::Delete("$Folder/unpacked", $true) }
    foreach ($archive in $Archives) { Invoke-Native 'dpkg-deb' @('-x', "$Folder/archives/$archive", "$Folder/unpacked") }
}
