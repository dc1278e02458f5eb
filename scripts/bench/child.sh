#!/bin/sh
# How long a child takes from its exec to its first answer; see ../bench.sh.
#
# Beside it are the plainest Go program that imports net, and cat. ROUNDS (5) in
# the environment times 40 are the starts of each.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
sh scripts/install.sh "$tmp/bin" >/dev/null
CGO_ENABLED=0 go build -trimpath -o "$tmp/reexec" ./scripts/bench/reexec
go build -trimpath -o "$tmp/starts" ./scripts/bench/starts
"$tmp/starts" -n $((${ROUNDS:-5} * 40)) "$tmp/reexec child" "$tmp/bin/nettool child echo" cat
