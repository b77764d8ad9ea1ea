# Delivery reports to objects, classification included, on one core: against MimeKit reading the same messages.
$ErrorActionPreference = 'Stop'
$artifacts = [IO.Path]::GetFullPath("$PSScriptRoot/../../target/dotnet")
& dotnet run -c Release --project "$PSScriptRoot/Bench.csproj" --artifacts-path $artifacts -- bounces
if ($LASTEXITCODE -ne 0) { throw "The benchmark ended with exit code $LASTEXITCODE." }
