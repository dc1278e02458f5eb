#!/bin/sh
# serve's datagrams against the servers it wants to replace; see ../bench.sh. The C server
# does nothing but recvfrom(2) and sendto(2): it is the limit.
#
#	sh scripts/bench/datagrams.sh [PATTERN]	only the rows whose name has PATTERN
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-1}
# shellcheck disable=SC2034 # rows.sh has it
only=${1-}

tmp=$(mktemp -d)
server_pid=
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
# shellcheck source=scripts/bench/rows.sh
. scripts/bench/rows.sh
trap 'stop; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

command -v cc >/dev/null || { echo "bench: no C compiler (run scripts/bench/deps.sh)" >&2; exit 2; }
cc -std=gnu11 -O2 -o "$tmp/datagrams" scripts/bench/datagrams.c
sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH

# command_of prints the command line of a server, or nothing when it is not there. Those
# that cannot choose a port have the one that was free a moment ago.
command_of() {
	case $1 in
	"serve echo --in-process") echo tcpserve udp:127.0.0.1:0 --in-process -q -c 20000 --idle "$idle" ;;
	"serve echo") echo tcpserve udp:127.0.0.1:0 -q -c 20000 --idle "$idle" ;;
	"serve cat") echo tcpserve udp:127.0.0.1:0 -q -c 2000 --idle "$idle" cat ;;
	"C loop") echo "$tmp/datagrams" serve 127.0.0.1 ;;
	"socat fork PIPE") ! command -v socat >/dev/null || echo socat -T "${idle%s}" UDP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr PIPE ;;
	"ncat -e cat") ! command -v ncat >/dev/null || echo ncat -u -k -l -e /bin/cat 127.0.0.1 "$(free_port)" ;;
	esac
}

# free_port is a UDP port that nobody has now.
free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1")->sockport'; }

# load runs the client once against $port and prints its line.
load() {
	# shellcheck disable=SC2086 # words
	"$tmp/datagrams" -t "$seconds" $1 127.0.0.1 "$port"
}

idle=30s
# shellcheck disable=SC2034
table=rates
compare "echo, 1 conversation" 0.9 "-c 1 rr" "serve echo --in-process" "C loop" "serve echo" "serve cat" "socat fork PIPE" "ncat -e cat"
compare "echo, 64 conversations" 0.9 "-c 64 rr" "serve echo --in-process" "C loop" "serve echo" "serve cat" "socat fork PIPE"
compare "echo, 16 at a time" "" "-b 16 rr" "serve echo --in-process" "C loop"
compare "echo, 16 at a time, 1,200 bytes" "" "-b 16 -s 1200 rr" "serve echo --in-process" "C loop"
idle=1s
compare "new conversations, in process" 5 "-c 8 new" "serve echo --in-process" "socat fork PIPE" "C loop"
compare "new conversations, pool" "" "-c 8 new" "serve echo" "socat fork PIPE"
compare "new conversations, cat" "" "-c 8 new" "serve cat" "socat fork PIPE"

echo "$(nproc) CPUs, Linux $(uname -r), $(go env GOVERSION); $rounds rounds of $seconds s; datagrams of 64 bytes unless a row says more; CPU: busy time of the whole"
echo "machine, client included, per datagram; failed: not answered in a second, and sent again."
show_tables
