#!/bin/sh
# Holds many conversations, floods a server of datagrams from very many addresses, and
# counts what it loses beside socat:
#
#	sh scripts/trial/datagrams.sh [CONVERSATIONS [SOURCES]]	(10000 100000)
#
# As root it does so in a network namespace of its own. Every datagram of every
# conversation must be answered once; a flood must leave the server's memory bounded, its
# conversations answered and its streams served; and nothing that is sent at once by a new
# peer may be lost or come twice. Exit 1 otherwise.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" = 0 ] && [ -z "${NETTOOL_TRIAL_APART-}" ] && unshare -n true 2>/dev/null; then
	NETTOOL_TRIAL_APART=1 exec unshare -n sh -c 'ip link set lo up && exec sh "$@"' sh "$0" "$@"
fi
peers=${1:-10000} sources=${2:-100000}

tmp=$(mktemp -d)
server_pid=
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
trap 'stop; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

fail() {
	echo "datagrams: $*" >&2
	exit 1
}

# peak prints the server's largest resident memory so far, in KiB.
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$server_pid/status"; }

descriptors() { find "/proc/$server_pid/fd" -mindepth 1 | wc -l; }

talk() { "$tmp/talkers" "$@" || fail "$*"; }

sh scripts/install.sh "$tmp/bin" >/dev/null
go build -o "$tmp/talkers" ./scripts/trial/talkers
PATH=$tmp/bin:$PATH

# held holds conversations: held N WHAT ARGUMENT…
held() {
	n=$1 what=$2
	shift 2
	start server tcpserve -q udp:127.0.0.1:0 -c $((n + 10)) --idle 10m --grace 1s "$@" || fail "no server"
	before=$(peak)
	talk hold "127.0.0.1:$port" "$n" 3
	echo "  $what: $(($(peak) - before)) KiB more at the most, $(descriptors) descriptors"
	stop
}
held "$peers" "in process" --in-process
held "$peers" "pool"
held 200 "a program each" cat

start server tcpserve 127.0.0.1:0 --listen udp:127.0.0.1:0 -c 1000 --idle 10m --grace 1s || fail "no server"
streams=$port datagrams=$(sed -n 's/.*listening local=.*,udp:\([0-9.:]*\) .*/\1/p' "$tmp/server.err")
before=$(peak)
talk hold "$datagrams" 100 1
talk forge "$datagrams" "$sources"
talk hold "$datagrams" 100 1
[ "$(echo hello | tcpconnect "127.0.0.1:$streams")" = hello ] || fail "the streams are not served"
more=$(($(peak) - before))
echo "  after the flood: $more KiB more at the most, $(descriptors) descriptors"
[ "$more" -lt 100000 ] || fail "the flood takes $more KiB"
stop

# lost counts what new peers lose: lost WHAT SERVER ARGUMENT…
lost() {
	what=$1
	shift
	start server "$@" || fail "no server"
	counted=$(talk once "127.0.0.1:$port" 50 20)
	echo "  $what: $counted"
	stop
}
lost "serve" tcpserve -q udp:127.0.0.1:0
case $counted in *" 0 lost, "*" 0 twice, 0 joined "*) ;; *) fail "datagrams were lost" ;; esac
lost "serve cat" tcpserve -q udp:127.0.0.1:0 cat
case $counted in *" 0 lost, "*" 0 twice, 0 joined "*) ;; *) fail "datagrams were lost" ;; esac
[ -z "$(command -v socat)" ] || lost "socat fork PIPE" socat -T 1 UDP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr PIPE
