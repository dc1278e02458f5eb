#!/bin/sh
# Makes the picture of a terminal that the README shows, from a real run of scene.txt on
# this machine.
#
#	sh scripts/recording/record.sh
set -eu
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH go run ./scripts/recording scripts/recording/scene.txt >"$tmp/nettool.svg"
mv "$tmp/nettool.svg" scripts/recording/nettool.svg
