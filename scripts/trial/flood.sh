#!/bin/sh
# Floods tcpserve and tells what is left of it, and what half a million sources
# cost:
#
#	sh scripts/trial/flood.sh [SOURCES]	(500000; 0 leaves them out)
#
# 2,000 clients of 20 addresses connect and say nothing; 50 workers of another
# address must each be answered within 3 s, and afterwards no process, descriptor
# or slot may be left. Then each of SOURCES addresses connects once: the parent's
# memory must stay flat. Exit 1 otherwise.
set -eu
cd "$(dirname "$0")/../.."
sources=${1-500000}

tmp=$(mktemp -d)
server_pid=
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
finish() {
	stop
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	echo "flood: $*" >&2
	exit 1
}

# descriptors and children print how many the server has.
descriptors() {
	find "/proc/$server_pid/fd" -mindepth 1 | wc -l
}
children() {
	cat /proc/"$server_pid"/task/*/children | wc -w
}

# rss prints the server's resident memory in KiB.
rss() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$server_pid/status"
}

# settled waits until a count is what it was: settled COMMAND WANT
settled() {
	for _ in $(seq 300); do
		[ "$($1)" -gt "$2" ] || return 0
		sleep 0.1
	done
	fail "$($1) $1 are left, and $2 were there before"
}

# flood runs the clients: flood WHAT WITHIN ARGUMENT…
flood() {
	what=$1 within=$2
	shift 2
	start server "$tmp/bin/tcpserve" -c 4096 --first-byte 2s --per-source 100 "$@" || fail "no server"
	sleep 0.5
	had_descriptors=$(descriptors) had_children=$(children)
	"$tmp/crowds" flood "127.0.0.1:$port" 2000 50 "$within" >"$tmp/flood" || fail "$what: $(cat "$tmp/flood")"
	echo "$what: $(cat "$tmp/flood")"
	echo "  closed by the timer: $(grep -c 'reason=first_byte' "$tmp/server.err" || :), rejected: $(grep -c ' reject ' "$tmp/server.err" || :)"
	settled children "$had_children"
	settled descriptors "$had_descriptors"
	echo "  left over: $(($(descriptors) - had_descriptors)) descriptors, $(($(children) - had_children)) processes"
	# A slot that was not given back would be missing here: 100 of one source at once.
	"$tmp/crowds" hold "127.0.0.1:$port" 100 </dev/null >"$tmp/held"
	tail -n 1 "$tmp/held" | grep -q '^100 answered, 0 closed$' || fail "slots are missing: $(tail -n 1 "$tmp/held")"
	pid=$server_pid
	kill "$pid"
	server_pid=
	wait "$pid" || fail "the server ended with $?"
}

# distinct has many sources connect once each: distinct WHAT FLAG…
distinct() {
	what=$1
	shift
	start server "$tmp/bin/tcpserve" -q "$@" --per-source 10 --source-rate 5/1h 127.0.0.1:0 || fail "no server"
	"$tmp/crowds" sources "127.0.0.1:$port" 50000 || fail "$what: not every source was served"
	early=$(rss)
	"$tmp/crowds" sources "127.0.0.1:$port" "$sources" || fail "$what: not every source was served"
	late=$(rss)
	echo "$what: 50000 sources: $early KiB resident, $sources sources: $late KiB"
	[ "$late" -lt $((early + 8192)) ] || fail "$what: the parent has grown"
	stop
}

# shellcheck disable=SC3045 # every sh of Linux has ulimit -n
# shellcheck disable=SC3045 # every sh of Linux has ulimit -n
ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
sh scripts/install.sh "$tmp/bin" >/dev/null
go build -o "$tmp/crowds" ./scripts/trial/crowds
flood "left to the kernel while silent" 3s 127.0.0.1:0
flood "a process for each at once" 3s --defer-accept off 127.0.0.1:0
flood "a program for each (no bound: cat is started 2,000 times before the last worker)" 1m --kill-after 1s 127.0.0.1:0 cat
flood "in process" 3s --defer-accept off --in-process 127.0.0.1:0
[ "$sources" = 0 ] || distinct "one process" --in-process
[ "$sources" = 0 ] || distinct "a process for each"
