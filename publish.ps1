# Builds OtelLite into dist/<rid>/otellite: one file, nothing beside it. Without an argument, for this machine.
# Usage: ./publish.ps1 [RID]      (win-x64, win-arm64, ...); on Windows from a Developer PowerShell, which has the C compiler.
param([string] $Rid)
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot

$here = (dotnet --info | Select-String '^ *RID: *(\S+)').Matches[0].Groups[1].Value
if (-not $Rid) { $Rid = $here }
$log = "artifacts/publish-$Rid.log"
if (Test-Path "dist/$Rid") { Remove-Item -Recurse -Force "dist/$Rid" }
New-Item -ItemType Directory -Force artifacts | Out-Null

"building for ${Rid}: a native compiler takes a minute or two"
dotnet publish src/OtelLite -c Release -r $Rid -o "dist/$Rid" -p:RunAnalyzers=false *> $log
if ($LASTEXITCODE -ne 0) {
    Get-Content $log -Tail 40
    throw "publishing failed; the whole log is in $log"
}

# A trim or AOT warning (ILxxxx) is a promise that the program may break where nobody looked.
$warnings = @(Select-String -Path $log -Pattern '(warning|error) IL[0-9]+').Count
$files = @(Get-ChildItem "dist/$Rid" -Recurse -File).Count
"trim and AOT warnings: $warnings (at most 0)"
"files in dist/${Rid}: $files (exactly 1)"
if ($warnings -ne 0 -or $files -ne 1) { exit 1 }

$executable = (Get-ChildItem "dist/$Rid" -File).FullName
if ($Rid -eq $here) {
    dotnet run --project bench/OtelLite.Bench -c Release -v quiet -- facts $executable
    if ($LASTEXITCODE -ne 0) { exit 1 }
}
dotnet run --project bench/OtelLite.Bench -c Release -v quiet -- contents $executable $Rid
if ($LASTEXITCODE -ne 0) { exit 1 }
$executable
