#!/usr/bin/env bash
# Fuzzes a decoder with AFL++ and SharpFuzz, starting from the recorded bodies. Ends with 1 when something crashed or hung.
# Needs afl-fuzz (Debian: apt-get install afl++).
# Usage: tests/OtelLite.Fuzz/run.sh json|metrics|logs|traces [SECONDS]      (60 s unless said otherwise)
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${1:?json, metrics, logs or traces}
seconds=${2:-60}
work=artifacts/fuzz/$target

dotnet build tests/OtelLite.Fuzz -c Release -v quiet -o "$work/bin"
dotnet tool restore --tool-manifest tests/OtelLite.Fuzz/dotnet-tools.json >/dev/null
# Run from the manifest's folder, which is where dotnet looks for it.
(cd tests/OtelLite.Fuzz && dotnet tool run sharpfuzz "../../$work/bin/otellite.dll")

rm -rf "$work/in" "$work/out"
mkdir -p "$work/in"
case $target in
json) cp tests/OtelLite.Tests/recorded/json/s0*.json tests/OtelLite.Tests/recorded/traces/t03-*.json "$work/in" ;;
*) cp tests/OtelLite.Tests/recorded/*/*-"$target"-*.bin "$work/in" ;;
esac

AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
  afl-fuzz -V "$seconds" -t 2000 -m none -i "$work/in" -o "$work/out" -- dotnet "$work/bin/OtelLite.Fuzz.dll" "$target" >"$work/log" 2>&1 ||
  { tail -n 20 "$work/log"; exit 1; }

stats=$work/out/default/fuzzer_stats
runs=$(sed -n 's/^execs_done *: //p' "$stats")
crashes=$(find "$work/out/default/crashes" "$work/out/default/hangs" -type f ! -name README.txt | wc -l)
echo "$target: $runs bodies in $seconds s, $crashes crashed or hung"
[ "$crashes" -eq 0 ]
