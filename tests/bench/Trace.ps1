# A message trace of ten million rows, measured against every limit, beside DuckDB, which computes one rolling count of the
# same file; and a million rows through the pipeline, beside a cmdlet that only reads their properties.
$ErrorActionPreference = 'Stop'
$artifacts = [IO.Path]::GetFullPath("$PSScriptRoot/../../target/dotnet")
foreach ($part in 'trace', 'trace-pipeline') {
    & dotnet run -c Release --project "$PSScriptRoot/Bench.csproj" --artifacts-path $artifacts -- $part
    if ($LASTEXITCODE -ne 0) { throw "The benchmark ended with exit code $LASTEXITCODE." }
}
