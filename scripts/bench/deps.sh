#!/bin/sh
# Installs the peers of the benchmarks (as root) and builds their programs:
#
#	sh scripts/bench/deps.sh [DIR]
#
# DIR (default: bench under $TMPDIR or /tmp) gets loadgen, stream, forkserver and reexec.
set -eu
dir=${1:-${TMPDIR:-/tmp}/bench}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cd "$(dirname "$0")/../.."
sh scripts/tools/deps.sh bench >&2
for program in forkserver loadgen stream; do
	cc -std=gnu11 -O2 -Wall -Wextra -pthread -o "$dir/$program" "scripts/bench/$program.c"
done
CGO_ENABLED=0 go build -trimpath -o "$dir/reexec" ./scripts/bench/reexec
echo "$dir"
