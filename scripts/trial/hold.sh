#!/bin/sh
# Holds many connections open at once against tcpserve, and tells what that
# costs: first with a process for each, then with --in-process. With forward they are
# forwarded to another server, beside what HAProxy and socat take for that.
#
#	sh scripts/trial/hold.sh [CONNECTIONS [forward]]	(5000)
#
# Every connection must be answered when it is opened and again when all are
# open, and the parent must not grow a thread for each. Exit 1 otherwise.
set -eu
cd "$(dirname "$0")/../.."
n=${1:-5000}
kind=${2-}

tmp=$(mktemp -d)
server_pid="" load_pid="" backend_pid=""
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
finish() {
	[ -z "$load_pid" ] || kill "$load_pid" 2>/dev/null || :
	stop
	server_pid=$backend_pid
	stop
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	echo "hold: $*" >&2
	exit 1
}

# allowances raises the descriptor limit and says what is too small here.
# shellcheck disable=SC3045 # every sh of Linux has ulimit -n
allowances() {
	ulimit -n $((4 * n + 1000)) 2>/dev/null || ulimit -n "$(ulimit -Hn)"
	descriptors=$(ulimit -n)
	[ "$descriptors" = unlimited ] || [ "$descriptors" -ge $((2 * n + 100)) ] ||
		echo "note: only $descriptors descriptors are allowed for $n connections (ulimit -n)"
	pids=$(cat /proc/sys/kernel/pid_max)
	[ "$pids" -ge $((5 * n)) ] || echo "note: pid_max is $pids, and threads count: $n processes may be too many"
	group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/pids.max
	[ ! -r "$group" ] || [ "$(cat "$group")" = max ] || [ "$(cat "$group")" -ge $((4 * n)) ] ||
		echo "note: this cgroup allows $(cat "$group") processes and threads"
}

# contents prints /proc/PID/FILE of many processes: contents FILE PID…
contents() {
	file=$1
	shift
	printf "/proc/%s/$file\n" "$@" | xargs cat 2>/dev/null || : # one may just have ended
}

# memory prints "PRIVATE PSS" in KiB, summed over processes.
memory() {
	contents smaps_rollup "$@" |
		awk '/^Private/ { private += $2 } /^Pss:/ { pss += $2 } END { printf "%d %d\n", private, pss }'
}

# threads prints how many a process has.
threads() {
	awk '/^Threads:/ { print $2 }' "/proc/$1/status"
}

# children reports the processes of the connections, in all and each.
children() {
	# shellcheck disable=SC2046 # a list of pids
	set -- $(cat /proc/"$server_pid"/task/*/children)
	[ $# -gt 0 ] || { echo "  children: none"; return 0; }
	contents status "$@" | awk -v n=$# '
		/^Threads:/ { sum += $2; if ($2 > max) max = $2 }
		END { printf "  children: %d processes, %.2f threads each (at most %d), %d threads in all\n", n, sum / n, max, sum }'
	memory "$@" | awk -v n=$# '{ printf "  children: %.0f KiB private each, %.0f MiB private in all (PSS %.0f MiB)\n", $1 / n, $1 / 1024, $2 / 1024 }'
}

# hold opens the connections to one of our servers and reports: hold WHAT FLAG…
hold() {
	what=$1
	shift
	echo "$what: tcpserve ${*:+$* }-c $((n + 1000)) 127.0.0.1:0"
	start server "$tmp/bin/tcpserve" -q "$@" -c $((n + 1000)) 127.0.0.1:0 || fail "no server"
	keep
	[ "$parent" -lt 32 ] || fail "the parent has $parent threads"
	pid=$server_pid
	kill "$pid"
	server_pid=
	wait "$pid" || fail "the server ended with $?: $(tail -n 3 "$tmp/server.err")"
	echo "  stopped with SIGTERM: exit 0"
}

# peer does the same with another server, if it is there: peer COMMAND…
peer() {
	command -v "$1" >/dev/null || { echo "missing peer: $1" >&2; return 0; }
	echo "$*"
	start server "$@" || fail "no server"
	keep
	stop
}

# keep opens the connections and reports.
keep() {
	echo "  before: parent has $(threads "$server_pid") threads"
	rm -f "$tmp/gate" "$tmp/said"
	mkfifo "$tmp/gate" "$tmp/said"
	"$tmp/loadgen" -n "$n" -c 64 hold 127.0.0.1 "$port" <"$tmp/gate" >"$tmp/said" &
	load_pid=$!
	exec 8>"$tmp/gate" 9<"$tmp/said"
	read -r line <&9 || fail "the load generator gave up"
	echo "  opened: $line"
	parent=$(threads "$server_pid")
	memory "$server_pid" | awk -v t="$parent" '{ printf "  parent: %d threads, %.1f MiB private\n", t, $1 / 1024 }'
	children
	exec 8>&-
	read -r line <&9 || fail "the load generator gave up"
	exec 9<&-
	echo "  all open, once more: $line"
	wait "$load_pid" || fail "not every connection was answered"
	load_pid=
}

# forwarded holds connections that go on to another server.
forwarded() {
	start backend "$tmp/bin/tcpserve" -q --in-process -c off 127.0.0.2:0
	backend_pid=$server_pid backend=$port
	hold "forwarded" --handler forward --to "127.0.0.2:$backend"
	hold "forwarded in process" --in-process --handler forward --to "127.0.0.2:$backend"
	start free "$tmp/bin/tcpserve" -q 127.0.0.1:0 # HAProxy takes no port 0
	stop
	cat >"$tmp/haproxy.cfg" <<-END
		global
		  nbthread 2
		  maxconn $((n + 1000))
		defaults
		  mode tcp
		  option splice-auto
		  timeout connect 5s
		  timeout client 10m
		  timeout server 10m
		listen forward
		  bind 127.0.0.1:$port
		  maxconn $((n + 1000))
		  server backend 127.0.0.2:$backend
	END
	peer haproxy -db -f "$tmp/haproxy.cfg"
	peer socat TCP-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,backlog=128 "TCP:127.0.0.2:$backend"
}

command -v cc >/dev/null || fail "no C compiler (run scripts/bench/deps.sh)"
allowances
cc -std=gnu11 -O2 -o "$tmp/loadgen" scripts/bench/loadgen.c
sh scripts/install.sh "$tmp/bin" >/dev/null
if [ "$kind" = forward ]; then
	forwarded
else
	hold "a process for each"
	hold "in process" --in-process
fi
