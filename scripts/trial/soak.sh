#!/bin/sh
# Serves a mixed load for a while, in every model, and looks for what grows:
#
#	sh scripts/trial/soak.sh [MINUTES [SVG]]	(10 minutes; soak.svg in the system's temporary folder)
#
# Short, long, aborted, slow and silent clients, TLS, datagrams and file transfers, while
# children are killed, rules are read again and servers are upgraded. Six times the load
# rests, and what each server has then is counted: memory, descriptors, threads, processes,
# goroutines. All samples are drawn. Exit 1 when something has grown, an answer was wrong, or
# a server did not answer.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
sh scripts/install.sh "$tmp/bin" >/dev/null
go build -o "$tmp/soak" ./scripts/trial/soak
PATH=$tmp/bin:$PATH
"$tmp/soak" -minutes "${1:-10}" -svg "${2:-${TMPDIR:-/tmp}/soak.svg}" -dir "$tmp"
