#!/bin/sh
# Measures nettool beside its peers, in one run on one machine:
#
#	sh scripts/bench/run.sh [serve|datagrams|tls|connect|files|probe|child|all]
#
# Each part runs ours and the peers alternately for several rounds and prints a
# Markdown table of medians and ratios. ROUNDS (5) and SECONDS_EACH (1) in the
# environment change how long it takes. It installs nothing: run
# scripts/bench/deps.sh first. A timing is never a test: the exit code is 1 only
# when an answer was wrong or missing, not when something was slow.
set -eu
cd "$(dirname "$0")/../.."
part=${1:-all}

case $part in
serve | datagrams | tls | connect | files | probe | child) exec sh "scripts/bench/$part.sh" ;;
all) ;;
*)
	echo "usage: sh scripts/bench/run.sh [serve|datagrams|tls|connect|files|probe|child|all]" >&2
	exit 2
	;;
esac
status=0
for part in serve datagrams tls connect files probe child; do
	echo "## $part"
	sh "scripts/bench/$part.sh" || status=1
done
exit $status
