#!/bin/sh
# What nc, ncat, nmap, fping, curl, bash and tcpprobe say of the same targets,
# and what they exit with, as a Markdown table:
#
#	sh scripts/compare/probes.sh
#
# The targets are opened here, on 127.0.0.1. A tool that is not installed is left
# out and named.
set -eu
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d)
servers=
# shellcheck disable=SC2317 # the trap calls it
cleanup() {
	for pid in $servers; do kill "$pid" 2>/dev/null || true; done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

command -v cc >/dev/null || { echo "compare: no C compiler (run scripts/bench/deps.sh)" >&2; exit 2; }
cc -std=gnu11 -O2 -o "$tmp/prober" scripts/bench/prober.c
sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH

# serve starts a server of prober's and sets port.
serve() {
	: >"$tmp/port"
	"$tmp/prober" "$1" >"$tmp/port" &
	servers="$servers $!"
	until [ -s "$tmp/port" ]; do sleep 0.01; done
	port=$(cat "$tmp/port")
}

# run runs a tool against host $1 port $2.
run() {
	host=$1 port=$2
	case $tool in
	"nc -z") nc -vz -w 2 "$host" "$port" ;;
	"ncat -z") ncat -vz -w 2 "$host" "$port" ;;
	"nmap -sT") nmap -sT -Pn -n -p "$port" --max-retries 1 "$host" | grep -E '/tcp|resolve' ;;
	fping) fping -t 500 "$host" ;;
	"curl telnet://") curl -sS -m 2 "telnet://$host:$port" ;;
	"bash /dev/tcp") timeout 2 bash -c "exec 3<>/dev/tcp/$host/$port" ;;
	tcpprobe) tcpprobe --timeout 2s "$host:$port" ;;
	"tcpprobe --level stay=100ms") tcpprobe --timeout 2s --level stay=100ms "$host:$port" ;;
	esac
}

# cell is one answer: its last line, and the exit code.
cell() {
	code=0
	(run "$1" "$2") >"$tmp/said" 2>&1 </dev/null || code=$?
	[ "$tool" != "nmap -sT" ] || code=0 # grep's is of no interest, and nmap's is always 0
	said=$(grep -v '^$' "$tmp/said" | tail -n 1 | sed "s/$2/PORT/g; s/|/\\\\|/g" | cut -c 1-90)
	printf ' %s | %s |' "${said:-(nothing)}" "$code"
}

serve hold && open=$port
serve none && closed=$port
serve full && filtered=$port
serve drop && dropping=$port

printf '| tool | open | exit | closed | exit | filtered | exit | accepts and closes | exit | no such name | exit |\n'
printf '|---|---|---|---|---|---|---|---|---|---|---|\n'
for tool in "nc -z" "ncat -z" "nmap -sT" fping "curl telnet://" "bash /dev/tcp" tcpprobe "tcpprobe --level stay=100ms"; do
	command -v "${tool%% *}" >/dev/null || { echo "compare: no ${tool%% *}: left out" >&2; continue; }
	printf '| %s |' "$tool"
	cell 127.0.0.1 "$open"
	cell 127.0.0.1 "$closed"
	cell 127.0.0.1 "$filtered"
	cell 127.0.0.1 "$dropping"
	cell nosuch.invalid "$open"
	echo
done
