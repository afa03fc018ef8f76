#!/usr/bin/env bash
# Builds OtelLite into dist/<rid>/otellite: one file, nothing beside it. Without an argument, for this machine.
# Usage: ./publish.sh [RID]      (linux-x64, linux-arm64, osx-arm64, ...)
set -euo pipefail
cd "$(dirname "$0")"

here=$(dotnet --info | sed -n 's/^ *RID: *//p')
rid=${1:-$here}
log=artifacts/publish-$rid.log
rm -rf "dist/$rid"
mkdir -p artifacts

echo "building for $rid: a native compiler takes a minute or two"
if ! dotnet publish src/OtelLite -c Release -r "$rid" -o "dist/$rid" -p:RunAnalyzers=false >"$log" 2>&1; then
  tail -n 40 "$log"
  echo "publishing failed; the whole log is in $log" >&2
  exit 1
fi

# A trim or AOT warning (ILxxxx) is a promise that the program may break where nobody looked.
warnings=$(grep -cE '(warning|error) IL[0-9]+' "$log" || true)
files=$(find "dist/$rid" -type f | wc -l)
echo "trim and AOT warnings: $warnings (at most 0)"
echo "files in dist/$rid: $files (exactly 1)"
if [ "$warnings" -ne 0 ] || [ "$files" -ne 1 ]; then exit 1; fi

if [ "$rid" = "$here" ]; then
  dotnet run --project bench/OtelLite.Bench -c Release -v quiet -- facts "dist/$rid/otellite"
fi
dotnet run --project bench/OtelLite.Bench -c Release -v quiet -- contents "$(find "dist/$rid" -type f)" "$rid"
echo "dist/$rid/otellite"
