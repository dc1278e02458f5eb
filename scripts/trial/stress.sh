#!/bin/sh
# Runs the check's tests again and again, under conditions that find tests which
# only pass on a quiet machine:
#
#	sh scripts/trial/stress.sh [RUNS] [CONDITION]	(20 hog)
#
# CONDITION is hog (a busy loop runs beside the tests), plain, one
# (one CPU for each Go program) or nocc (no C compiler is found, and so there is
# no race detector). What failed is shown; exit 1 when a run failed.
set -eu
cd "$(dirname "$0")/../.."
runs=${1:-20}
condition=${2:-hog}

tmp=$(mktemp -d)
hog='' tests=''
finish() {
	for pid in $hog $tests; do
		kill "$pid" 2>/dev/null || :
	done
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

# without_compiler makes a PATH in which there is everything but C compilers.
without_compiler() {
	chmod 755 "$tmp" # some tests are somebody else
	mkdir "$tmp/bin"
	echo "$PATH" | tr : '\n' | while read -r dir; do
		for program in "$dir"/*; do
			case ${program##*/} in
			cc | gcc | gcc-* | c89* | c99* | clang* | tcc | *-linux-gnu-gcc* | *-linux-gnu-cpp*) ;;
			*) [ ! -x "$program" ] || ln -s "$program" "$tmp/bin" 2>/dev/null || : ;; # the first in PATH counts
			esac
		done
	done
	PATH=$tmp/bin
	export PATH
}

case $condition in
plain) ;;
hog)
	sh -c 'while :; do :; done' &
	hog=$!
	;;
one)
	GOMAXPROCS=1
	export GOMAXPROCS
	;;
nocc) without_compiler ;;
*)
	echo "stress: $condition: there is hog, plain, one and nocc" >&2
	exit 2
	;;
esac

green=0
for run in $(seq "$runs"); do
	began=$(date +%s)
	sh scripts/check.sh tests >"$tmp/log" 2>&1 &
	tests=$!
	if wait "$tests"; then
		green=$((green + 1))
		echo "run $run: green, $(($(date +%s) - began)) s"
	else
		echo "run $run: failed, $(($(date +%s) - began)) s"
		grep -vE '^(ok|\?) ' "$tmp/log" || :
	fi
	tests=
done
echo "$condition: $runs runs, $green green"
[ "$green" = "$runs" ]
