# What Check looks at: each check returns its findings, one line each. Part of build.ps1, which dot-sources it.

# Runs one check, prints what it found, and notes whether it found anything.
function Invoke-Check([string] $Name, [scriptblock] $Check) {
    try { $findings = @(& $Check) } catch { $findings = @("$_") }
    foreach ($finding in $findings) { Say "  $finding" }
    if ($findings.Count -eq 0) { Say "ok      $Name" } else {
        Say "FAILED  $Name"
        $results.Failed++
    }
}

function Invoke-Checks {
    Invoke-Check 'build' { Invoke-Build }
    Invoke-Check 'cargo fmt' { Get-Failure 'cargo' @('fmt', '--manifest-path', "$root/Cargo.toml", '--all', '--check') }
    Invoke-Check 'cargo clippy' {
        $arguments = @($cargo.Mode, '--target-dir', $cargo.Target, '--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings')
        Use-CargoFolder { Get-Failure 'cargo' (@('clippy') + $arguments) }
    }
    foreach ($generator in $generators) {
        Invoke-Check "$($generator.File) is as generated" {
            Compare-Text "$root/$($generator.File)" (New-Generated $generator.Cargo)
        }
    }
    # On Windows it is checked where objdump is; the exports are the same source.
    if (-not $onWindows) { Invoke-Check 'exported symbols' { Compare-Exports (Get-Exports) } }
    $forWindows = "$module/win-x64/restricted_sender.dll"
    if ([IO.File]::Exists($forWindows) -and -not $onWindows) {
        Invoke-Check 'imports, exports and version of the library for Windows' { Get-LibraryFindings $forWindows }
    } else { Say '-       the library for Windows, which is not built here: ./build.ps1 Build -Target win-x64' }
    Invoke-Check 'the library tells nothing of this machine' { Find-MachinePaths }
    Invoke-Check 'glibc is as old as the README says' { Compare-Glibc }
    Invoke-Check 'manifest and help' { Get-Failure 'child' @("$root/build.ps1", 'CheckModule', '-Configuration', $Configuration) }
    foreach ($project in @(Get-Files "$root/powershell" '*.csproj' -Recurse) + @(Get-Files "$root/tests" '*.csproj' -Recurse)) {
        $name = [IO.Path]::GetFileName($project)
        Invoke-Check "dotnet format $name" { Get-Failure 'dotnet' @('format', $project, '--verify-no-changes') }
        Invoke-Check "warnings in $name" {
            Get-Failure 'dotnet' @('build', $project, '-c', $Configuration, '--artifacts-path', "$target/dotnet-check", '--no-incremental',
                '-warnaserror', '-nologo', '-v', 'q', '-nodeReuse:false')
        }
    }
    Invoke-Check 'the module against .NET Framework 4.7.2' {
        Get-Failure 'dotnet' @('build', "$moduleSource/RestrictedSender.csproj", '-p:ModuleFramework=net472', '-c', $Configuration,
            '--artifacts-path', "$target/dotnet-net472", '--no-incremental', '-warnaserror', '-nologo', '-v', 'q', '-nodeReuse:false')
    }
    Invoke-Check 'scripts are ASCII with LF' { Find-ForeignCharacters }
    if ($results.Failed -gt 0) { throw "$($results.Failed) checks found something." }
}

# The lines of a command that fails; nothing of one that succeeds.
function Get-Failure([string] $File, [string[]] $Arguments) {
    if ($File -eq 'child') { $File, $Arguments = Get-ChildCommand $Arguments }
    $said = @(Read-Native $File $Arguments)
    if ($LASTEXITCODE -ne 0) { $said + "$File $($Arguments[0]) ended with exit code $LASTEXITCODE." }
}

function Compare-Text([string] $File, [string] $Fresh) {
    if (-not [IO.File]::Exists($File)) { return "$File is missing: ./build.ps1 Generate" }
    $is, $should = [IO.File]::ReadAllText($File).Replace("`r`n", "`n").Split("`n"), $Fresh.Split("`n")
    for ($i = 0; $i -lt $is.Count -or $i -lt $should.Count; $i++) {
        if ($i -ge $is.Count -or $i -ge $should.Count -or $is[$i] -cne $should[$i]) {
            $committed, $generated = '(end)', '(end)'
            if ($i -lt $is.Count) { $committed = $is[$i] }
            if ($i -lt $should.Count) { $generated = $should[$i] }
            return "line $($i + 1), committed: $committed", "line $($i + 1), generated: $generated", './build.ps1 Generate writes it.'
        }
    }
}

function Get-Exports {
    Assert-Tool 'nm' 'Install binutils, or xcode-select --install.'
    $options = @('-D', '--defined-only')
    if ($onMac) { $options = @('-gU') }
    $lines = @(Read-Native 'nm' ($options + "$module/$platform/restricted_sender.$libraryEnd"))
    $lines | ForEach-Object { if ($_ -match '^\S+ T _?(\S+)$') { $Matches[1] } }
}

# The library exports the functions of the header, all of them and nothing else.
function Compare-Exports([string[]] $Exported) {
    $header = [IO.File]::ReadAllText("$root/$($generators[0].File)") -replace '(?s)/\*.*?\*/', '' -replace '//[^\n]*', ''
    $declared = @([regex]::Matches($header, '\b(rs_\w+)\s*\(') | ForEach-Object { $_.Groups[1].Value })
    if ($declared.Count -eq 0) { 'The header declares no function.' }
    $exported | Where-Object { $declared -cnotcontains $_ } | ForEach-Object { "exported but not in the header: $_" }
    $declared | Where-Object { $exported -cnotcontains $_ } | ForEach-Object { "in the header but not exported: $_" }
}

function Find-MachinePaths {
    $bytes = [IO.File]::ReadAllBytes("$module/$platform/restricted_sender.$libraryEnd")
    $text = [Text.Encoding]::GetEncoding(28591).GetString($bytes)
    foreach ($folder in $root, (Get-CargoHome), [Environment]::GetFolderPath('UserProfile')) {
        $at = $text.IndexOf("$folder/", [StringComparison]::Ordinal)
        if ($at -ge 0) { "has $($text.Substring($at, [Math]::Min(80, $text.Length - $at)))" }
    }
}

# The README names the oldest C library that the packaged one runs with.
function Compare-Glibc {
    if ($system -ne 'linux') { return }
    Assert-Tool 'objdump' 'Install binutils.'
    if ([IO.File]::ReadAllText("$root/README.md") -notmatch 'glibc (\d+\.\d+)') { return 'The README names no glibc.' }
    $promised = [version] $Matches[1]
    Read-Native 'objdump' @('-T', "$module/$platform/restricted_sender.$libraryEnd") |
        ForEach-Object { if ($_ -match 'GLIBC_(\d+\.\d+)' -and [version] $Matches[1] -gt $promised) { "needs glibc $($Matches[1]): $_" } }
}

# Windows PowerShell reads scripts as ANSI, and other systems stop at a first line that ends in CR.
function Find-ForeignCharacters {
    foreach ($folder in "$root/build", "$root/powershell", "$root/tests") { $scripts += @(Get-Files $folder '*.ps*1' -Recurse) }
    foreach ($file in @("$root/build.ps1") + $scripts) {
        $text = [IO.File]::ReadAllText($file)
        if ($file -notmatch 'xml$' -and $text -match '[^\x00-\x7f]') { "${file}: has '$($Matches[0])', which is not ASCII" }
        if ($text.Contains("`r")) { "${file}: has CR" }
    }
}

# In a process of its own, since a module that is loaded stays: the manifest and the help say what the assembly does.
function Invoke-ModuleChecks {
    $manifest = "$module/RestrictedSender.psd1"
    $declared = (Test-ModuleManifest $manifest).ExportedCmdlets.Keys
    $imported = Import-Module $manifest -PassThru
    # From the assembly itself: what a module exports is already narrowed by its manifest.
    $assembly = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'RestrictedSender' }
    $cmdlets = @($assembly.GetExportedTypes() | ForEach-Object {
            $_.GetCustomAttributes([Management.Automation.CmdletAttribute], $false) | ForEach-Object { "$($_.VerbName)-$($_.NounName)" }
        })
    $findings = @(
        if ($cmdlets.Count -eq 0) { 'The assembly has no cmdlets.' }
        $cmdlets | Where-Object { $declared -notcontains $_ } | ForEach-Object { "not in CmdletsToExport: $_" }
        $declared | Where-Object { $cmdlets -notcontains $_ } | ForEach-Object { "no such cmdlet: $_" }
        if ("$($imported.Version)" -ne (Get-Version)) { "ModuleVersion $($imported.Version) is not the workspace's, $(Get-Version)" }
        $imported.ExportedCmdlets.Keys | ForEach-Object { Find-HelpGaps $_ }
    )
    $findings | ForEach-Object { Say $_ }
    if ($findings.Count -gt 0) { exit 1 }
}

function Find-HelpGaps([string] $Cmdlet) {
    $help = Get-Help $Cmdlet -Full
    if (-not "$($help.Synopsis)".Trim() -or "$($help.Synopsis)" -match "^\s*$Cmdlet\s") { "${Cmdlet}: no synopsis" }
    $described = @{}
    foreach ($parameter in @($help.parameters.parameter)) {
        if ($parameter) { $described[$parameter.name] = "$(@($parameter.description | ForEach-Object { $_.Text }))".Trim() }
    }
    $common = [Management.Automation.PSCmdlet]::CommonParameters + [Management.Automation.PSCmdlet]::OptionalCommonParameters
    foreach ($name in (Get-Command $Cmdlet).Parameters.Keys) {
        if ($common -notcontains $name -and -not $described[$name]) { "${Cmdlet}: -$name is not described" }
    }
}
