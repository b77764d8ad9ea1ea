# Compiles the help pages beside it (Markdown) to the file that Get-Help reads (MAML). What a page need not say comes
# from the cmdlets: syntax, types, positions, aliases, pipeline input. A page that does not fit its cmdlet is an error.
# Only the engine's language and .NET are used, so that it runs where there is no pwsh.
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

param(
    [Parameter(Mandatory = $true)] [string] $ModulePath,
    [Parameter(Mandatory = $true)] [string] $Destination
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0
$sections = 'Synopsis', 'Description', 'Parameters', 'Inputs', 'Outputs', 'Notes', 'Examples', 'Links'
$common = @([Cmdlet]::CommonParameters)
$automatic = @{
    WhatIf  = 'Shows what would be done and does nothing.'
    Confirm = 'Asks before each change. The cmdlet does so anyway; -Confirm:$false keeps it from asking.'
}
$problems = [System.Collections.Generic.List[string]]::new()

# ---- Pages

# A page: its name, and of each section the parts, each with a title (empty for what stands before the first title).
function Read-Page([string] $path) {
    $page = @{ File = [IO.Path]::GetFileName($path); Name = '' }
    foreach ($section in $sections) { $page[$section] = @() }
    $part, $section, $inCode = $null, '', $false
    foreach ($line in [IO.File]::ReadAllLines($path)) {
        if ($line -match '[^\x20-\x7E]') { $problems.Add("$($page.File): not plain ASCII: $line") }
        if ($line -match '^```') { $inCode = -not $inCode }
        if ($line -match '^```' -and $line -cne $(if ($inCode) { '```powershell' } else { '```' })) {
            $problems.Add("$($page.File): code must stand between ``````powershell and ``````: $line")
        }
        if ($inCode -or $line -notmatch '^(#+) (.+?)\s*$') {
            if ($part) { $part.Lines += $line } elseif ($line) { $problems.Add("$($page.File): out of place: $line") }
            continue
        }
        $level, $title = $Matches[1].Length, $Matches[2]
        if ($level -eq 1) { $page.Name = $title; continue }
        if ($level -eq 2) { $section, $title = $title, '' }
        $part = @{ Title = $title; Lines = @() }
        if ($level -le 3 -and $sections -ccontains $section) { $page[$section] += $part }
        else { $problems.Add("$($page.File): out of place: $line") }
    }
    $page
}

# Lines as paragraphs without Markdown's marks. A blank line or an item of a list begins a new one.
function Get-Paragraph($lines) {
    $text = ''
    foreach ($line in @($lines) + '') {
        if ($text -and $line -match '^(\s*|- .*)$') {
            $text -replace '\[([^\]]+)\]\(([^)]+)\)', '$1 ($2)' -replace '(\*\*|`)(.+?)\1', '$2'
            $text = ''
        }
        $text = "$text $($line.Trim())".Trim()
    }
}

function Get-Text($page, [string] $section) {
    $page[$section] | Where-Object { -not $_.Title } | ForEach-Object { Get-Paragraph $_.Lines }
}

function Get-Titled($page, [string] $section) { $page[$section] | Where-Object { $_.Title } }

# An example: the lines before its code, the code, the lines after it.
function Get-Example($part) {
    $example, $place = @{ Before = @(); Code = @(); After = @(); Fences = 0 }, 'Before'
    foreach ($line in $part.Lines) {
        if ($line -notmatch '^```') { $example[$place] += $line; continue }
        $example.Fences++
        $place = if ($place -eq 'Before') { 'Code' } else { 'After' }
    }
    $example.Code = $example.Code -join "`n"
    $example
}

# ---- What has to fit

function Test-Page($page, $command) {
    if (@(Get-Text $page 'Synopsis').Count -ne 1) { "the synopsis must be one paragraph" }
    foreach ($section in 'Description', 'Notes') {
        if (-not (Get-Text $page $section)) { "the section $section is missing" }
    }
    $filled = Get-Titled $page 'Parameters' | Where-Object { Get-Paragraph $_.Lines }
    $described = @($filled | ForEach-Object { $_.Title })
    $names = @($command.Parameters.Keys | Where-Object { $common + $automatic.Keys -notcontains $_ })
    $wanted = @($names | ForEach-Object { "-$_" })
    foreach ($name in $wanted) { if ($described -cnotcontains $name) { "the parameter $name is not described" } }
    # What every cmdlet that asks has need not be described, and may be.
    $possible = $wanted + @($automatic.Keys | Where-Object { $command.Parameters.ContainsKey($_) } | ForEach-Object { "-$_" })
    foreach ($part in Get-Titled $page 'Parameters') {
        if ($possible -cnotcontains $part.Title) { "there is no parameter $($part.Title) to describe" }
    }
    $outputs = @(Get-Titled $page 'Outputs' | ForEach-Object { $_.Title })
    foreach ($type in $command.OutputType) {
        if ($type.Type -eq [void] -or $outputs -ccontains $type.Name) { continue }
        "the output $($type.Name) is not described"
    }
    if (-not (Get-Titled $page 'Examples')) { 'there are no examples' }
    foreach ($part in Get-Titled $page 'Examples') {
        Test-Example (Get-Example $part) | ForEach-Object { "the example '$($part.Title)' $_" }
    }
}

# Code that parses, and uses of this module only parameters that there are.
function Test-Example($example) {
    if ($example.Fences -ne 2) { 'must have one block of code' }
    $tokens, $faults = $null, $null
    $tree = [Parser]::ParseInput($example.Code, [ref] $tokens, [ref] $faults)
    foreach ($fault in $faults) { "does not parse: $($fault.Message)" }
    foreach ($call in $tree.FindAll({ $args[0] -is [CommandAst] }, $true)) {
        $command = $commands[[string] $call.GetCommandName()]
        if (-not $command) { continue }
        foreach ($word in $call.CommandElements | Where-Object { $_ -is [CommandParameterAst] }) {
            if ($command.Parameters.ContainsKey($word.ParameterName)) { continue }
            "uses -$($word.ParameterName), which $($command.Name) does not have"
        }
    }
}

# ---- MAML

function X($text) { [Security.SecurityElement]::Escape([string] $text) }
function Get-Paras($paragraphs) { -join ($paragraphs | ForEach-Object { "<maml:para>$(X $_)</maml:para>" }) }
function Get-Flag($condition) { if ($condition) { 'true' } else { 'false' } }

# A parameter as a parameter set has it. In the syntax its values are spelled out, and a switch has none.
function Get-ParameterMaml($page, $command, $use, [switch] $InSyntax) {
    $parameter, $type = $command.Parameters[$use.Name], $use.ParameterType
    if ([Nullable]::GetUnderlyingType($type)) { $type = [Nullable]::GetUnderlyingType($type) }
    $isSwitch = $type -eq [switch]
    $part = Get-Titled $page 'Parameters' | Where-Object { $_.Title -eq "-$($use.Name)" }
    $about = @(if ($part) { Get-Paragraph $part.Lines } else { $automatic[$use.Name] })
    $default = (@($about -match '^Default: ') + $(if ($isSwitch) { 'False' } else { 'None' }))[0] -replace '^Default: '
    $rules = $parameter.Attributes
    $choices = @(if ($type.IsEnum) { [Enum]::GetNames($type) } else {
        $rules | Where-Object { $_ -is [ValidateSetAttribute] } | ForEach-Object { $_.ValidValues }
    })
    $value = '<command:parameterValue required="{0}" variableLength="{1}">{2}</command:parameterValue>'
    $values = if ($InSyntax -and $choices) {
        $each = $choices | ForEach-Object { $value -f 'false', 'false', (X $_) }
        "<command:parameterValueGroup>$each</command:parameterValueGroup>"
    } elseif (-not $InSyntax -or -not $isSwitch) {
        $value -f (Get-Flag (-not $isSwitch)), (Get-Flag $type.IsArray), (X $type.Name)
    }
    $ways = @(
        if ($use.ValueFromPipeline) { 'ByValue' }
        if ($use.ValueFromPipelineByPropertyName) { 'ByPropertyName' }
    )
    $facts = [ordered] @{
        required       = Get-Flag $use.IsMandatory
        variableLength = Get-Flag $type.IsArray
        globbing       = Get-Flag ($rules | Where-Object { $_ -is [SupportsWildcardsAttribute] })
        pipelineInput  = if ($ways) { "True ($($ways -join ', '))" } else { 'False' }
        position       = if ($use.Position -ge 0) { $use.Position } else { 'named' }
        aliases        = if ($parameter.Aliases.Count) { $parameter.Aliases -join ', ' } else { 'none' }
    }
    $attributes = -join ($facts.Keys | ForEach-Object { ' {0}="{1}"' -f $_, (X $facts[$_]) })
    "<command:parameter$attributes><maml:name>$($use.Name)</maml:name>
     <maml:description>$(Get-Paras ($about -notmatch '^Default: '))</maml:description>$values
     <dev:type><maml:name>$(X $type.Name)</maml:name></dev:type>
     <dev:defaultValue>$(X $default)</dev:defaultValue></command:parameter>"
}

# A parameter set: first what has a position, then what is required.
function Get-SyntaxMaml($page, $command, $set) {
    $own = @($set.Parameters | Where-Object { $common -notcontains $_.Name })
    $named = @($own | Where-Object { $_.Position -lt 0 })
    $uses = $own | Where-Object { $_.Position -ge 0 }
    $uses = @($uses) + @($named | Where-Object { $_.IsMandatory }) + @($named | Where-Object { -not $_.IsMandatory })
    "<command:syntaxItem><maml:name>$($command.Name)</maml:name>
     $($uses | ForEach-Object { Get-ParameterMaml $page $command $_ -InSyntax })</command:syntaxItem>"
}

function Get-TypeMaml($page, [string] $section, [string] $element) {
    foreach ($part in Get-Titled $page $section) {
        "<command:$element><dev:type><maml:name>$(X $part.Title)</maml:name></dev:type>
         <maml:description>$(Get-Paras (Get-Paragraph $part.Lines))</maml:description></command:$element>"
    }
}

function Get-ExampleMaml($page) {
    $number = 0
    foreach ($part in Get-Titled $page 'Examples') {
        $number, $example = ($number + 1), (Get-Example $part)
        "<command:example><maml:title>---------- Example ${number}: $(X $part.Title) ----------</maml:title>
         <maml:introduction>$(Get-Paras (Get-Paragraph $example.Before))</maml:introduction>
         <dev:code>$(X $example.Code)</dev:code>
         <dev:remarks>$(Get-Paras (Get-Paragraph $example.After))<maml:para/></dev:remarks></command:example>"
    }
}

function Get-LinkMaml([string] $link) {
    [void] ($link -match '^- (.+?)(?: \((https://.+)\))?$')
    "<maml:navigationLink><maml:linkText>$(X $Matches[1])</maml:linkText>
     <maml:uri>$(X $Matches[2])</maml:uri></maml:navigationLink>"
}

function Get-CommandMaml($page, $command) {
    $titles = @(Get-Titled $page 'Parameters' | ForEach-Object { $_.Title })
    $titles += @('-WhatIf', '-Confirm' | Where-Object { $titles -cnotcontains $_ })
    $uses = foreach ($title in $titles) {
        foreach ($set in $command.ParameterSets) {
            $use = $set.Parameters | Where-Object { "-$($_.Name)" -eq $title }
            if ($use) { $use; break }
        }
    }
    "<command:command>
     <command:details><command:name>$($command.Name)</command:name><command:verb>$($command.Verb)</command:verb>
     <command:noun>$($command.Noun)</command:noun>
     <maml:description>$(Get-Paras (Get-Text $page 'Synopsis'))</maml:description></command:details>
     <maml:description>$(Get-Paras (Get-Text $page 'Description'))</maml:description>
     <command:syntax>$($command.ParameterSets | ForEach-Object { Get-SyntaxMaml $page $command $_ })</command:syntax>
     <command:parameters>$($uses | ForEach-Object { Get-ParameterMaml $page $command $_ })</command:parameters>
     <command:inputTypes>$(Get-TypeMaml $page 'Inputs' 'inputType')</command:inputTypes>
     <command:returnValues>$(Get-TypeMaml $page 'Outputs' 'returnValue')</command:returnValues>
     <maml:alertSet><maml:alert>$(Get-Paras (Get-Text $page 'Notes'))</maml:alert></maml:alertSet>
     <command:examples>$(Get-ExampleMaml $page)</command:examples>
     <command:relatedLinks>$(Get-Text $page 'Links' | ForEach-Object { Get-LinkMaml $_ })</command:relatedLinks>
     </command:command>"
}

# ---- All of it

$paths = $ExecutionContext.SessionState.Path
$Destination = $paths.GetUnresolvedProviderPathFromPSPath($Destination)
$manifest = [IO.Path]::Combine($paths.GetUnresolvedProviderPathFromPSPath($ModulePath), 'RestrictedSender.psd1')
$commands, $pages = @{}, @{}
foreach ($command in (Import-Module $manifest -PassThru).ExportedCmdlets.Values) { $commands[$command.Name] = $command }
foreach ($file in [IO.Directory]::GetFiles($PSScriptRoot, '*.md')) {
    $page = Read-Page $file
    $pages[$page.Name] = $page
    if ("$($page.Name).md" -cne $page.File) { $problems.Add("$($page.File): its first heading is '$($page.Name)'") }
    if (-not $commands.ContainsKey($page.Name)) { $problems.Add("$($page.File): the module has no such cmdlet") }
}
$names = [string[]] @($commands.Keys)
[Array]::Sort($names)
foreach ($name in $names) {
    if (-not $pages.ContainsKey($name)) { $problems.Add("${name}: it has no page") }
    else { Test-Page $pages[$name] $commands[$name] | ForEach-Object { $problems.Add("${name}.md: $_") } }
}
if ($problems.Count) { throw "The help does not fit the module:`n- $($problems -join "`n- ")" }

$maml = [xml] "<helpItems schema=""maml"" xmlns=""http://msh"" xmlns:maml=""http://schemas.microsoft.com/maml/2004/10""
    xmlns:command=""http://schemas.microsoft.com/maml/dev/command/2004/10""
    xmlns:dev=""http://schemas.microsoft.com/maml/dev/2004/10"">
    $($names | ForEach-Object { Get-CommandMaml $pages[$_] $commands[$_] })</helpItems>"
$folder = [IO.Path]::GetDirectoryName($Destination)
[void] [IO.Directory]::CreateDirectory($folder)
$maml.Save($Destination)
foreach ($about in [IO.Directory]::GetFiles($PSScriptRoot, 'about_*.help.txt')) {
    [IO.File]::Copy($about, [IO.Path]::Combine($folder, [IO.Path]::GetFileName($about)), $true)
}
