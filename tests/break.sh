#!/usr/bin/env bash
# The long forms of the tests that break the published program; `dotnet test` has a short form of each.
# Usage: tests/break.sh kill [TIMES]      killed under load, 1000 times unless said otherwise
#        tests/break.sh soak [SECONDS]    mixed traffic, an hour unless said otherwise
# OTELLITE_EXE names the published file, as for dotnet test.
set -euo pipefail
cd "$(dirname "$0")/.."
export OTELLITE_EXE=${OTELLITE_EXE:-dist/$(dotnet --info | sed -n 's/^ *RID: *//p')/otellite} CI=true
case ${1:-} in
kill) export OTELLITE_KILLS=${2:-1000} && test=KilledTests ;;
soak) export OTELLITE_SOAK_SECONDS=${2:-3600} && test=SoakTests ;;
*) sed -n '2,5s/^# //p' "$0" >&2 && exit 2 ;;
esac
dotnet test --filter "FullyQualifiedName~Breaking.$test" --logger "console;verbosity=detailed" tests/OtelLite.Tests
