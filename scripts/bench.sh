#!/bin/sh
# Measures nettool beside its peers, in one run on one machine:
#
#	sh scripts/bench.sh [--save] [--compare REF] [serve|datagrams|tls|connect|files|probe|child|all]
#
# Each part runs ours and the peers alternately for several rounds and prints a
# Markdown table of medians and ratios. ROUNDS (5) and SECONDS_EACH (1) in the
# environment change how long it takes. It installs nothing: run
# scripts/bench/deps.sh first. A timing is never a test: the exit code is 1 only
# when an answer was wrong or missing, not when something was slow.
#
# --save keeps every figure of every round in .bench/, under the commit, once the
# commit has all there is. --compare holds this run against what was saved of
# another commit (on the same machine, in the same state, or it says nothing), by
# benchstat's test: "~" is no difference that could not be chance. The peers stand
# in it too: when they differ, it is the machine that does. It takes six rounds or
# more to tell a difference that is small.
set -eu
cd "$(dirname "$0")/.."

usage() {
	echo "usage: sh scripts/bench.sh [--save] [--compare REF] [serve|datagrams|tls|connect|files|probe|child|all]" >&2
	exit 2
}

# file_of is where the figures of a commit are.
file_of() { echo ".bench/$(git rev-parse --short=12 "$1^{commit}").txt"; }

part=all save='' before=''
while [ $# -gt 0 ]; do
	case $1 in
	--save) save=1 ;;
	--compare)
		[ $# -gt 1 ] || usage
		shift
		before=$(file_of "$1") || exit 2
		[ -s "$before" ] || { echo "bench: nothing was saved of $1: run --save there" >&2; exit 2; }
		;;
	serve | datagrams | tls | connect | files | probe | child | all) part=$1 ;;
	*) usage ;;
	esac
	shift
done
if [ -n "$save" ] && [ -n "$(git status --porcelain)" ]; then
	echo "bench: --save: there are changes that are not in a commit" >&2
	exit 2
fi

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
trap 'exit 130' INT TERM
[ -z "$save$before" ] || export BENCH_FIGURES="$figures"
[ "$part" != all ] || part="serve datagrams tls connect files probe child"
status=0
for BENCH_PART in $part; do
	export BENCH_PART
	[ "$part" = "$BENCH_PART" ] || echo "## $BENCH_PART"
	sh "scripts/bench/$BENCH_PART.sh" || status=1
done
if [ -n "$save" ]; then
	mkdir -p .bench
	cat "$figures" >>"$(file_of HEAD)"
	echo "saved in $(file_of HEAD)"
fi
if [ -n "$before" ]; then
	echo
	benchstat=$(go -C scripts/tools tool -n benchstat)
	sh scripts/bench/figures.sh units | cat - "$before" >"$figures.before"
	sh scripts/bench/figures.sh units | cat - "$figures" >"$figures.now"
	"$benchstat" "before=$figures.before" "now=$figures.now" || status=1
	rm -f "$figures.before" "$figures.now"
fi
exit $status
