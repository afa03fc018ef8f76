#!/usr/bin/env bash
# The long forms of the tests that break the published program; `dotnet test` has a short form of each.
# Usage: tests/break.sh kill [TIMES]      killed under load, 1000 times unless said otherwise
#        tests/break.sh soak [SECONDS]    mixed traffic, an hour unless said otherwise
#        tests/break.sh same              what is committed, built in two folders: the same bytes
# OTELLITE_EXE names the published file, as for dotnet test.
set -euo pipefail
cd "$(dirname "$0")/.."
export OTELLITE_EXE=${OTELLITE_EXE:-dist/$(dotnet --info | sed -n 's/^ *RID: *//p')/otellite} CI=true
case ${1:-} in
kill) export OTELLITE_KILLS=${2:-1000} && test=KilledTests ;;
soak) export OTELLITE_SOAK_SECONDS=${2:-3600} && test=SoakTests ;;
same)
  two=$(mktemp -d)
  trap 'rm -rf "$two"' EXIT
  for folder in "$two/one" "$two/another name"; do
    git clone -q . "$folder"
    (cd "$folder" && ./publish.sh >"$two/log" 2>&1) || { cat "$two/log" >&2; exit 1; }
    (cd "$folder/dist" && cat ./*.sha256) | tee -a "$two/sums"
  done
  # Each line of one build comes once more from the other.
  [ "$(sort "$two/sums" | uniq -c | awk '$1 != 2' | wc -l)" -eq 0 ] && echo "the same bytes twice"
  exit
  ;;
*) sed -n '2,6s/^# //p' "$0" >&2 && exit 2 ;;
esac
dotnet test --filter "FullyQualifiedName~Breaking.$test" --logger "console;verbosity=detailed" tests/OtelLite.Tests
