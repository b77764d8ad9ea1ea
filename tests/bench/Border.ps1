# What the border between the library and PowerShell costs, and what a thousand connections leave behind.
$ErrorActionPreference = 'Stop'
$artifacts = [IO.Path]::GetFullPath("$PSScriptRoot/../../target/dotnet")
& dotnet run -c Release --project "$PSScriptRoot/Bench.csproj" --artifacts-path $artifacts
if ($LASTEXITCODE -ne 0) { throw "The benchmark ended with exit code $LASTEXITCODE." }
