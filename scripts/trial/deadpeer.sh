#!/bin/sh
# Shows that a peer that is alive but keeps its window shut is not cut without
# --dead-peer, however long it is:
#
#	sh scripts/trial/deadpeer.sh [SECONDS]	(75)
#
# Servers write to clients that read nothing: a built-in, the same in one process,
# and a program; and two with --dead-peer 4s, which must be cut for that reason.
# Then the clients of the others read on. Exit 1 otherwise.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-75}

tmp=$(mktemp -d)
pids=
finish() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
	done
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	echo "deadpeer: $*" >&2
	exit 1
}

# peer starts a server, and a client whose output nobody reads before the gate
# opens: peer NAME ARGUMENT…
peer() {
	name=$1
	shift
	mkfifo "$tmp/$name.ready" "$tmp/$name.out"
	"$tmp/bin/tcpserve" --grace 100ms --ready-fd 3 127.0.0.1:0 "$@" 2>"$tmp/$name.log" 3>"$tmp/$name.ready" &
	pids="$pids $!"
	read -r addr <"$tmp/$name.ready"
	# The reader holds the pipe open, and reads a megabyte once the gate is there.
	sh -c 'until [ -e "$1/gate" ]; do sleep 0.2; done; head -c 10000000 | wc -c' gate "$tmp" <"$tmp/$name.out" >"$tmp/$name.count" &
	pids="$pids $!"
	"$tmp/bin/tcpconnect" --recv-only "$addr" 2>"$tmp/$name.client" >"$tmp/$name.out" &
	pids="$pids $!"
}

sh scripts/install.sh "$tmp/bin" >/dev/null
peer child --handler chargen
peer inside --handler chargen --in-process
peer program cat /dev/zero
peer cut --handler chargen --dead-peer 4s
peer cut-program --dead-peer 4s cat /dev/zero
sleep "$seconds"
for name in child inside program; do
	! grep -q ' close ' "$tmp/$name.log" || fail "$name was cut: $(grep ' close ' "$tmp/$name.log")"
done
for name in cut cut-program; do
	grep -q ' close .*reason=dead_peer' "$tmp/$name.log" || fail "$name was not cut"
	echo "$name, --dead-peer 4s: $(sed -n 's/.* close .*\(reason=[a-z_]*\).*\(duration=[^ ]*\).*/\1 \2/p' "$tmp/$name.log")"
done
: >"$tmp/gate"
for name in child inside program; do
	for _ in $(seq 100); do
		[ -s "$tmp/$name.count" ] && break
		sleep 0.1
	done
	[ "$(cat "$tmp/$name.count")" = 10000000 ] || fail "$name: read $(cat "$tmp/$name.count") bytes in the end"
	echo "$name: not cut in $seconds s, then 10000000 more bytes were read"
done
