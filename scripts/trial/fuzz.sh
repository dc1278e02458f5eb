#!/bin/sh
# Runs every fuzz test of the tree, one after the other:
#
#	sh scripts/trial/fuzz.sh [SECONDS]
#
# each for SECONDS (10). What makes one fail is kept by Go in a testdata/fuzz
# folder beside the test: commit it with the fix. Exit 1 when any failed.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-10}

# tests lists "package Name" for every fuzz test.
tests() {
	find . -path ./scripts/tools -prune -o -name '*_test.go' -print | sort | while read -r file; do
		sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$(dirname "$file") \1|p" "$file"
	done
}

ran=0 failed=
list=$(tests)
while read -r package name; do
	[ -n "$name" ] || continue
	echo "== $package $name"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "${seconds}s" "$package" </dev/null || failed="$failed $package:$name"
	ran=$((ran + 1))
done <<LIST
$list
LIST
echo "$ran fuzz tests ran for $seconds s each"
if [ -n "$failed" ]; then
	echo "failed:$failed" >&2
	exit 1
fi
[ "$ran" -gt 0 ]
