#!/bin/sh
# Runs all tests of the check again and again, under conditions that find tests
# which only pass on a quiet machine. They are compiled once:
#
#	sh scripts/trial/stress.sh [RUNS] [CONDITION]	(20 hog)
#
# CONDITION is hog (a busy loop runs beside the tests), plain, one
# (one CPU for each Go program), nocc (no C compiler is found, and so there is
# no race detector) or lag (each verb of a script comes late by up to 900 ms, and
# twenty scripts run at the same time: one such run finds what many others do not).
# What failed is shown; exit 1 when a run failed.
set -eu
cd "$(dirname "$0")/../.."
runs=${1:-20}
condition=${2:-hog}

tmp=$(mktemp -d)
chmod 755 "$tmp" # some tests are somebody else
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

parallel=6
export parallel
case $condition in
plain | hog) ;;
one)
	GOMAXPROCS=1
	export GOMAXPROCS
	;;
nocc) without_compiler ;;
lag)
	NETTOOL_LAG=900ms
	export NETTOOL_LAG
	parallel=20
	;;
*)
	echo "stress: $condition: there is hog, plain, one, nocc and lag" >&2
	exit 2
	;;
esac

# build compiles the tests of all packages, as the check's step does.
build() {
	race=-race
	command -v cc >/dev/null || race=
	mkdir "$tmp/tests"
	go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./... >"$tmp/packages"
	while read -r package dir; do
		# shellcheck disable=SC2086 # no word when empty
		go test $race -c -o "$tmp/tests/$(echo "$package" | tr / .)" "$package" || return 1
		echo "$tmp/tests/$(echo "$package" | tr / .) $dir"
	done <"$tmp/packages" >"$tmp/list"
}

# shellcheck disable=SC2016 # the inner shell's
# all runs every test once, of two packages at the same time. A shell ignores
# SIGINT for what it starts in the background.
all() {
	xargs -P 2 -L 1 sh -c 'cd "$1" && env --default-signal=INT,QUIT,HUP "$0" -test.paniconexit0 -test.count=1 -test.parallel=$parallel -test.timeout=30m >"$0.log" 2>&1 || { echo "$0"; cat "$0.log"; exit 1; }' <"$tmp/list"
}

build
if [ "$condition" = hog ]; then
	sh -c 'while :; do :; done' &
	hog=$!
fi
green=0
for run in $(seq "$runs"); do
	began=$(date +%s)
	all >"$tmp/log" 2>&1 &
	tests=$!
	if wait "$tests"; then
		green=$((green + 1))
		echo "run $run: green, $(($(date +%s) - began)) s"
	else
		echo "run $run: failed, $(($(date +%s) - began)) s"
		cat "$tmp/log"
	fi
	tests=
done
echo "$condition: $runs runs, $green green"
[ "$green" = "$runs" ]
