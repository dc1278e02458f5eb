#!/bin/sh
# serve against the servers it wants to replace; see ../bench.sh.
#
#	sh scripts/bench/serve.sh [PATTERN]	only the rows whose name has PATTERN
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-1}
only=${1-}

tmp=$(mktemp -d)
server_pid=
backend_pid=
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
# shellcheck source=scripts/bench/rows.sh
. scripts/bench/rows.sh
trap 'stop; server_pid=$backend_pid; stop; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

command -v cc >/dev/null || { echo "bench: no C compiler (run scripts/bench/deps.sh)" >&2; exit 2; }
for program in loadgen stream forkserver; do
	cc -std=gnu11 -O2 -pthread -o "$tmp/$program" "scripts/bench/$program.c"
done
CGO_ENABLED=0 go build -trimpath -o "$tmp/reexec" ./scripts/bench/reexec
sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH

# command_of prints the command line of a server, or nothing when it is not there.
command_of() {
	case $1 in
	"serve echo") echo tcpserve 127.0.0.1:0 ;;
	"serve echo --max-requests 1") echo tcpserve --max-requests 1 127.0.0.1:0 ;;
	"serve echo --in-process") echo tcpserve --in-process 127.0.0.1:0 ;;
	"serve cat") echo tcpserve 127.0.0.1:0 cat ;;
	"serve cat --proxy-protocol") echo tcpserve --proxy-protocol 127.0.0.0/8 127.0.0.1:0 cat ;;
	"C fork server") echo "$tmp/forkserver" ;;
	"Go re-exec server") echo "$tmp/reexec" ;;
	"tcpserver cat") ! command -v tcpserver >/dev/null || echo tcpserver -RHl0 127.0.0.1 0 cat ;;
	"socat fork PIPE") ! command -v socat >/dev/null || echo socat TCP-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,backlog=128 PIPE ;;
	"serve forward") echo tcpserve 127.0.0.1:0 --handler forward --to "127.0.0.2:$backend" ;;
	"serve forward --in-process") echo tcpserve 127.0.0.1:0 --handler forward --in-process --to "127.0.0.2:$backend" ;;
	"socat fork TCP") ! command -v socat >/dev/null || echo socat TCP-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,backlog=128 "TCP:127.0.0.2:$backend" ;;
	"HAProxy") ! command -v haproxy >/dev/null || echo haproxy -db -f "$tmp/haproxy.cfg" ;;
	"socat fork cat") ! command -v socat >/dev/null || echo socat TCP-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,backlog=128 EXEC:cat ;;
	esac
}

# load runs the generator once against $port and prints its line.
load() {
	if [ "$1" = stream ]; then
		"$tmp/stream" -t "$seconds" 127.0.0.1 "$port"
	else
		header=
		! tr '\0' ' ' <"/proc/$server_pid/cmdline" | grep -q proxy-protocol || header=-p
		# shellcheck disable=SC2086 # words
		"$tmp/loadgen" $header -t "$seconds" $1 127.0.0.1 "$port"
	fi
}

# behind starts the echo server that forwarders have as their backend.
behind() {
	start backend tcpserve --in-process 127.0.0.2:0 # HAProxy has the same port of 127.0.0.1: it cannot choose one
	backend=$port backend_pid=$server_pid
	server_pid=
	cat >"$tmp/haproxy.cfg" <<-EOF
		global
			nbthread 2
		defaults
			mode tcp
			option splice-auto
			timeout connect 10s
			timeout client 60s
			timeout server 60s
		listen forward
			bind 127.0.0.1:$backend
			server backend 127.0.0.2:$backend
	EOF
}

backend=0
table=rates
compare "echo, 1 client" 1.8 "-c 1 crr" "serve echo" "C fork server" "tcpserver cat" "socat fork PIPE"
compare "echo, 8 clients" 1.4 "-c 8 crr" "serve echo" "C fork server" "tcpserver cat" "socat fork PIPE"
compare "echo, 8 clients that shut down" "" "-c 8 -e fin crr" "serve echo" "C fork server"
compare "cat, 1 client" 1.05 "-c 1 -e fin crr" "serve cat" "tcpserver cat" "socat fork cat"
compare "cat, 8 clients" 1.05 "-c 8 -e fin crr" "serve cat" "tcpserver cat" "socat fork cat"
compare "PROGRAM behind PROXY, 1 client" 0.9 "-c 1 -e fin crr" "serve cat --proxy-protocol" "serve cat"
compare "PROGRAM behind PROXY, 8 clients" 0.9 "-c 8 -e fin crr" "serve cat --proxy-protocol" "serve cat"
compare "fresh process each time, 1 client" 1.5 "-c 1 crr" "serve echo --max-requests 1" "Go re-exec server"
compare "fresh process each time, 8 clients" 1.5 "-c 8 crr" "serve echo --max-requests 1" "Go re-exec server"
compare "fresh process, 20 connections a second" "" "-c 8 -r 20 crr" "serve echo --max-requests 1" "Go re-exec server"
compare "in process, 8 clients" 2 "-c 8 crr" "serve echo --in-process" "C fork server"
compare "request and response on one connection" 1 "-c 1 rr" "serve echo" "C fork server"
behind
compare "forward, 1 client" 3 "-c 1 crr" "serve forward" "socat fork TCP" "HAProxy" "serve forward --in-process"
compare "forward, 8 clients" 3 "-c 8 crr" "serve forward" "socat fork TCP" "HAProxy" "serve forward --in-process"
table=streams
compare "forward, long stream" 1 stream "serve forward" "HAProxy" "socat fork TCP" "serve forward --in-process"
compare "long stream" 1.5 stream "serve echo" "C fork server" "serve echo --in-process"

echo "$(nproc) CPUs, Linux $(uname -r), $(go env GOVERSION); $rounds rounds of $seconds s; 64-byte requests, each on a new"
echo "connection unless it says otherwise; CPU: busy time of the whole machine, load generator included, per request (per MiB)."
show_tables
