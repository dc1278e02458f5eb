#!/bin/sh
# The tests that stand beside programs of other people which take long, and that
# scripts/check.sh leaves out: scripts with nginx, HAProxy, Prometheus and others, and the
# tables of command lines that are compared with ucspi-tcp's.
#
#	sh scripts/peers.sh
#
# Exit 1 when one failed.
set -eu
cd "$(dirname "$0")/.."
sh scripts/tools/deps.sh
export NETTOOL_PEERS=1

# The names of the scripts that ask for one of them.
heavy=$(sed -n '/^func takesLong/,/^}/s/^\tcase //p' applets/harness_test.go | tr -d '":' | tr ',' '\n' | tr -d ' ' | sed 's/.*/-e \\[!*tool:&\\]/')
# shellcheck disable=SC2086 # words
names=$(grep -l $heavy applets/testdata/script/*.txtar | sed 's,.*/,,; s,\.txtar$,,' | paste -sd '|' -)
race=-race
command -v cc >/dev/null || race=''
go test ${race:+"$race"} -count=1 ./applets/compat/...
go test ${race:+"$race"} -count=1 -parallel 8 -run "^TestTCPServer\$|^TestScripts\$/^($names)\$" ./applets
