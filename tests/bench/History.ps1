# The history in 100,000 records of the audit log, read from a CSV file: time and memory, against .NET reading and
# parsing the same file.
$ErrorActionPreference = 'Stop'
$artifacts = [IO.Path]::GetFullPath("$PSScriptRoot/../../target/dotnet")
& dotnet run -c Release --project "$PSScriptRoot/Bench.csproj" --artifacts-path $artifacts -- history
if ($LASTEXITCODE -ne 0) { throw "The benchmark ended with exit code $LASTEXITCODE." }
