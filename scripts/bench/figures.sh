#!/bin/sh
# Writes down figures for benchstat (the format of Go's benchmarks), into the file
# $BENCH_FIGURES, if there is one; of the part $BENCH_PART. scripts/bench.sh sets both.
#
#	sh scripts/bench/figures.sh rows UNIT FILE		measurements as rows.sh has them
#	sh scripts/bench/figures.sh values UNIT NAME FILE	the first word of each line
#	sh scripts/bench/figures.sh units			which units are better when they grow
set -eu

case $1 in
units)
	printf 'Unit ops/s better=higher\nUnit MiB/s better=higher\n'
	exit 0
	;;
esac
[ -n "${BENCH_FIGURES-}" ] || exit 0

case $1 in
rows)
	awk -F '\t' -v part="$BENCH_PART" -v unit="$2" '
		$5 > 0 {
			name = part "/" $2 "/" $4
			gsub(/ /, "_", name)
			line = "Benchmark" name " 1"
			n = split($6, pairs, " ")
			for (i = 1; i <= n; i++) {
				split(pairs[i], kv, "=")
				if (kv[1] == "rate") line = line " " kv[2] " " unit
				if (kv[1] == "p50_us") line = line " " kv[2] " p50-µs"
				if (kv[1] == "cpu_us") line = line " " kv[2] " cpu-µs"
			}
			print line
		}' "$3" >>"$BENCH_FIGURES"
	;;
values)
	awk -v part="$BENCH_PART" -v unit="$2" -v name="$3" '
		BEGIN { gsub(/ /, "_", name) }
		{ print "Benchmark" part "/" name " 1 " $1 " " unit }' "$4" >>"$BENCH_FIGURES"
	;;
esac
