#!/bin/sh
# Shows what nettool does, on a clean clone, and checks every step as it goes:
#
#	sh scripts/demo.sh
#
# It builds into a temporary directory, uses free ports of the loopback
# interface, and leaves no file and no process behind. Exit 0 when all was right.
set -eu
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
echo_pid="" upper_pid=""
finish() {
	for pid in $echo_pid $upper_pid; do
		kill -9 "$pid" 2>/dev/null || :
	done
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

step=0
say() {
	step=$((step + 1))
	printf '\n%d. %s\n' "$step" "$*"
}

# show prints a line of what was done or seen.
show() {
	printf '   %s\n' "$*"
}

fail() {
	printf 'demo: FAILED at step %d: %s\n' "$step" "$*" >&2
	for log in "$tmp"/*.log; do
		[ ! -s "$log" ] || { echo "--- $(basename "$log")" && tail -n 20 "$log"; } >&2
	done
	exit 1
}

# serve starts tcpserve with -1, which prints the port once it is ready, and sets
# $pid and $port: serve LOG ARGUMENT…
serve() {
	log=$tmp/$1.log
	shift
	show "\$ tcpserve $*"
	rm -f "$tmp/port"
	mkfifo "$tmp/port"
	tcpserve "$@" >"$tmp/port" 2>"$log" &
	pid=$!
	read -r port <"$tmp/port" || fail "tcpserve did not start"
}

# within bounds a client, so that a hang is a failure too.
within() {
	timeout 60 "$@"
}

sum() {
	sha256sum | cut -d' ' -f1
}

say "Build one static program and link its three names to it"
sh scripts/install.sh "$tmp/bin" >"$tmp/install.log" || fail "it does not build"
PATH=$tmp/bin:$PATH
show "$(nettool --version), $(($(wc -c <"$tmp/bin/nettool") / 1024)) KiB: nettool, tcpserve, tcpconnect, tcpprobe"
for name in tcpserve tcpconnect tcpprobe; do
	[ "$("$tmp/bin/$name" --version)" = "$(nettool --version)" ] || fail "$name is not nettool"
done

say "Serve the built-in echo on a free port, with a process for each connection"
serve echo -v -1 127.0.0.1:0
echo_pid=$pid echo_port=$port
show "process $echo_pid listens on port $echo_port"

say "Send the README through tcpconnect and compare what returns"
show "\$ tcpconnect 127.0.0.1:$echo_port < README.md | sha256sum"
sent=$(sum <README.md)
within tcpconnect "127.0.0.1:$echo_port" <README.md >"$tmp/returned" || fail "tcpconnect: exit $?"
got=$(sum <"$tmp/returned")
show "sent     $sent"
show "returned $got"
[ "$sent" = "$got" ] || fail "they differ"

say "Make 50 connections at once, and count the processes that hold them"
mkfifo "$tmp/gate" "$tmp/answers"
exec 7<>"$tmp/gate"
exec 8<"$tmp/gate"
exec 9<>"$tmp/answers"
# client sends a line and then waits, connected, for the gate to close. It is
# a background job of its own, so that no writer of the gate is left in it.
client() {
	exec 7>&- 9>&-
	{ echo "line $1" && cat <&8; } | timeout 60 tcpconnect "127.0.0.1:$echo_port" >"$tmp/answers" 8<&-
}
clients=""
for i in $(seq 50); do
	client "$i" &
	clients="$clients $!"
done
within head -n 50 <&9 | sort >"$tmp/lines"
seq 50 | sed 's/^/line /' | sort | cmp -s - "$tmp/lines" || fail "not every connection was answered"
show "50 connections are open, and each had its line returned"
alive=$(cat /proc/"$echo_pid"/task/*/children)
exec 7>&- 8<&-
for client in $clients; do
	wait "$client" || fail "a client ended with $?"
done
exec 9>&-
show "$(echo "$alive" | wc -w) child processes of $echo_pid are alive meanwhile (two spares among them)"

say "Serve a program: tr reads the connection as its standard input"
serve upper -1 127.0.0.1:0 tr a-z A-Z
upper_pid=$pid upper_port=$port
show "\$ echo hello from a pipe | tcpconnect 127.0.0.1:$upper_port"
answer=$(echo hello from a pipe | within tcpconnect "127.0.0.1:$upper_port") || fail "tcpconnect: exit $?"
show "$answer"
[ "$answer" = "HELLO FROM A PIPE" ] || fail "that is not what tr makes of it"

say "Ask whether both are there"
show "\$ tcpprobe 127.0.0.1:$echo_port 127.0.0.1:$upper_port"
within tcpprobe "127.0.0.1:$echo_port" "127.0.0.1:$upper_port" >"$tmp/probed" || fail "tcpprobe: exit $?"
sed 's/^/   /' "$tmp/probed"

# stopped ends a server with SIGTERM, which must drain it: stopped PID NAME.
stopped() {
	children=$(cat /proc/"$1"/task/*/children)
	kill -TERM "$1"
	wait "$1" || fail "the $2 server ended with $?"
	for child in $children; do
		[ ! -e "/proc/$child" ] || fail "process $child is left over"
	done
}

# closings prints the closing lines of a server's log.
closings() {
	grep ': close ' "$tmp/$1.log" || fail "no closing line of the $1 server"
}

say "Stop both with SIGTERM: each drains and says how every connection went"
stopped "$echo_pid" echo
echo_pid=""
stopped "$upper_pid" upper
upper_pid=""
closings echo >"$tmp/closed"
{ sed -n 1,3p "$tmp/closed" && echo "… and $(($(wc -l <"$tmp/closed") - 3)) more" && closings upper; } | sed 's/^/   /'
# The 50 are those of one short line each.
grep -E ' bytes_in=[78] bytes_out=[78] ' "$tmp/closed" | sed 's/.* pid=\([0-9]*\) .*/\1/' | sort -u >"$tmp/pids"
[ "$(wc -l <"$tmp/pids")" = 50 ] || fail "$(wc -l <"$tmp/pids") processes held the 50 connections"
while read -r holder; do
	case " $alive " in
	*" $holder "*) ;;
	*) fail "process $holder was not alive while the connections were" ;;
	esac
done <"$tmp/pids"
show "the 50 connections were in 50 different processes, all alive at the same time"

say "Ask again, now that nobody listens"
show "\$ tcpprobe 127.0.0.1:$echo_port"
status=0
within tcpprobe "127.0.0.1:$echo_port" >"$tmp/probed" 2>&1 || status=$?
sed 's/^/   /' "$tmp/probed"
[ "$status" = 1 ] || fail "tcpprobe: exit $status, want 1"
show "exit 1: the answer is no"

for exe in /proc/[0-9]*/exe; do
	case $(readlink "$exe" 2>/dev/null || :) in
	"$tmp"/*) fail "a process is left over: $exe" ;;
	esac
done
printf '\nEvery step was right, and no process is left.\n'
