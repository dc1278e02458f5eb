#!/bin/sh
# connect against the clients it wants to replace; see ../bench.sh.
#
#	sh scripts/bench/connect.sh [TEXT]	only the rows whose name has TEXT
#
# ROUNDS (5) and SIZE (bytes of a stream, 1 GiB) in the environment change how
# long it takes; SIZE bytes of memory are used for a file.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
sh scripts/install.sh "$tmp/bin" >/dev/null
go build -trimpath -o "$tmp/connect" ./scripts/bench/connect
PATH=$tmp/bin:$PATH "$tmp/connect" -rounds "${ROUNDS:-5}" -size "${SIZE:-1073741824}" -only "${1-}"
