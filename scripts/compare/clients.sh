#!/bin/sh
# Shows what connect, nc (openbsd), ncat and socat make of peers that behave
# badly, as a Markdown table:
#
#	sh scripts/compare/clients.sh [-only TEXT]	only the rows whose name has TEXT
#
# It takes about a minute, uses loopback only, and installs nothing; a tool
# that is missing says so in its row.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
sh scripts/install.sh "$tmp/bin" >/dev/null
go build -trimpath -o "$tmp/clients" ./scripts/compare/clients
PATH=$tmp/bin:$PATH "$tmp/clients" "$@"
