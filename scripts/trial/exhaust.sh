#!/bin/sh
# Shows what tcpserve costs while it is out of something:
#
#	sh scripts/trial/exhaust.sh
#
# 300 clients with 64 descriptors (ulimit -n), soft and hard: it stays up and says
# so once; with wait everybody is served in the end, with reject the surplus is
# closed. The same with 100 clients held back by a full server, and with 100 that
# wait for programs that cannot be started. While clients wait the server must
# use less than 5 % of a processor. Exit 1 otherwise.
set -eu
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d)
server_pid="" load_pid=""
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
finish() {
	[ -z "$load_pid" ] || kill "$load_pid" 2>/dev/null || :
	stop
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	echo "exhaust: $*" >&2
	tail -n 5 "$tmp/server.err" >&2
	exit 1
}

# ticks prints the processor time of the server so far, in ticks.
ticks() {
	sed 's/.*) //' "/proc/$server_pid/stat" | awk '{ print $12 + $13 }'
}

# load starts N clients that stay: load N
load() {
	rm -f "$tmp/gate"
	mkfifo "$tmp/gate"
	"$tmp/crowds" hold "127.0.0.1:$port" "$1" <"$tmp/gate" >"$tmp/held" &
	load_pid=$!
	exec 8>"$tmp/gate"
}

# told waits until N clients know where they are: told N
told() {
	for _ in $(seq 600); do
		[ "$(wc -l <"$tmp/held")" -lt "$1" ] || return 0
		sleep 0.1
	done
	fail "only $(wc -l <"$tmp/held") of $1 clients were answered or closed"
}

# idle measures the server for 3 s while clients wait: idle WHAT
idle() {
	sleep 1
	before=$(ticks)
	sleep 3
	used=$(($(ticks) - before))
	percent=$(awk -v used="$used" -v rate="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f", used * 100 / rate / 3 }')
	echo "$1: $(tail -n 1 "$tmp/held"), $percent % of a processor meanwhile"
	awk -v p="$percent" 'BEGIN { exit p >= 5 }' || fail "$1: $percent % of a processor"
}

# over lets the clients go and stops the server: over WHAT CLIENTS
over() {
	exec 8>&-
	wait "$load_pid" || fail "$1: the clients ended with $?"
	load_pid=
	told "$2"
	echo "  in the end: $(tail -n 1 "$tmp/held"); said: $(grep -c ': error ' "$tmp/server.err" || :) errors, $(grep -c ' reject ' "$tmp/server.err" || :) rejects"
	sed -n "s/.*: error /    error /p" "$tmp/server.err"
	pid=$server_pid
	kill "$pid"
	server_pid=
	wait "$pid" || fail "$1: the server ended with $?"
}

# scarce has 300 clients with 64 descriptors: scarce WHAT FLAG…
scarce() {
	what=$1
	shift
	# shellcheck disable=SC2016,SC3045 # expanded by the inner sh; every sh of Linux has ulimit -n
	start server sh -c 'ulimit -n 64; exec "$0" "$@"' "$tmp/bin/tcpserve" "$@" || fail "no server"
	load 300
	idle "64 descriptors, $what"
	over "$what" 300
	[ "$(sed -n 's/.*: error error="\([a-z-]*\): .*/\1/p' "$tmp/server.err")" = max-conns ] || fail "$what: not said once"
}

sh scripts/install.sh "$tmp/bin" >/dev/null
go build -o "$tmp/crowds" ./scripts/trial/crowds
scarce "wait" 127.0.0.1:0
tail -n 1 "$tmp/held" | grep -q '^300 answered, 0 closed$' || fail "wait: somebody was not served"
scarce "wait, program" 127.0.0.1:0 cat
tail -n 1 "$tmp/held" | grep -q '^300 answered, 0 closed$' || fail "wait: somebody was not served"
scarce "wait, in process" --in-process 127.0.0.1:0
tail -n 1 "$tmp/held" | grep -q '^300 answered, 0 closed$' || fail "wait: somebody was not served"
scarce "reject" --when-full reject 127.0.0.1:0

start server "$tmp/bin/tcpserve" -c 10 127.0.0.1:0 || fail "no server"
load 110
idle "full, 100 wait"
over "full" 110

if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
	echo "no processes: needs root and setpriv, left out"
	exit 0
fi
chmod -R a+rX "$tmp"
start server setpriv --reuid 64911 --clear-groups prlimit --nproc=40 "$tmp/bin/tcpserve" 127.0.0.1:0 cat || fail "no server"
load 100
idle "40 processes and threads, programs"
over "no processes" 100
start server setpriv --reuid 64912 --clear-groups prlimit --nproc=60 "$tmp/bin/tcpserve" 127.0.0.1:0 || fail "no server"
load 100
idle "60 processes and threads, children"
over "no processes" 100
