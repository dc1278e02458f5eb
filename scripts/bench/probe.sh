#!/bin/sh
# probe beside nmap and nc, and its own promises; see ../bench.sh.
#
#	sh scripts/bench/probe.sh [sweep|wait|syn|ping]...
#
# Sweeps need root: they run in a network namespace of their own. ROUNDS (5) is
# how often each is repeated, PING_SECONDS (60) how long ping runs.
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
ping_seconds=${PING_SECONDS:-60}
parts=${*:-sweep wait syn ping}

tmp=$(mktemp -d)
ns=nettool-bench-$$
server=
made_ns=
# shellcheck disable=SC2317 # the trap calls it
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$made_ns" ] || ip netns del "$ns"
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

command -v cc >/dev/null || { echo "bench: no C compiler (run scripts/bench/deps.sh)" >&2; exit 2; }
cc -std=gnu11 -O2 -o "$tmp/prober" scripts/bench/prober.c
sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH
status=0

# serve starts a server of prober's and sets port.
serve() {
	: >"$tmp/port"
	"$tmp/prober" "$1" >"$tmp/port" &
	server=$!
	until [ -s "$tmp/port" ]; do sleep 0.01; done
	port=$(head -n 1 "$tmp/port")
}

unserve() {
	kill "$server"
	wait "$server" || true
	server=
}

# quantile prints the value of a sorted file that the fraction $2 stays within.
quantile() { awk -v q="$2" '{ v[NR] = $1 } END { i = int(q * NR + 0.999999); print v[i < 1 ? 1 : i] }' "$1"; }

# milliseconds runs a command and prints how long it took.
milliseconds() {
	began=$(date +%s%N)
	"$@" >"$tmp/out" 2>&1 || true
	echo $((($(date +%s%N) - began) / 1000000))
}

sweep_of() {
	case $1 in
	"tcpprobe sweep") echo tcpprobe sweep 127.0.0.1:1-65535 ;;
	"nc -z") ! command -v nc >/dev/null || echo nc -z 127.0.0.1 1-65535 ;;
	"nmap -sT -T5") ! command -v nmap >/dev/null || echo nmap -sT -T5 -n -Pn -p1-65535 127.0.0.1 ;;
	esac
}

# sweep times 65,535 closed ports.
sweep() {
	if [ "$(id -u)" != 0 ] || ! ip netns add "$ns" 2>/dev/null; then
		echo "bench: sweep needs root and network namespaces: left out" >&2
		return
	fi
	made_ns=1
	ip netns exec "$ns" ip link set lo up
	for round in $(seq "$rounds"); do
		for name in "tcpprobe sweep" "nc -z" "nmap -sT -T5"; do
			command=$(sweep_of "$name")
			[ -n "$command" ] || { [ "$round" != 1 ] || echo "bench: no ${name%% *}: left out" >&2; continue; }
			# shellcheck disable=SC2086 # words
			milliseconds ip netns exec "$ns" $command >>"$tmp/sweep $name"
			case $name in tcpprobe*) grep -q 'ok 0, refused 65535' "$tmp/out" || { cat "$tmp/out" >&2; status=1; } ;; esac
		done
	done
	ip netns del "$ns"
	made_ns=
	printf '\n| 65,535 closed ports on loopback | median ms | tcpprobe takes |\n|---|---|---|\n'
	for name in "tcpprobe sweep" "nc -z" "nmap -sT -T5"; do
		[ -e "$tmp/sweep $name" ] || continue
		sort -n "$tmp/sweep $name" >"$tmp/sorted"
		sh scripts/bench/figures.sh values ms "sweep/$name" "$tmp/sorted"
		median=$(quantile "$tmp/sorted" 0.5)
		case $name in tcpprobe*) ours=$median ;; esac
		awk -v n="$name" -v m="$median" -v o="$ours" 'BEGIN { printf "| %s | %d | %.2f × |\n", n, m, o / m }'
	done
}

# overshoot measures how long after a port begins to listen a waiter ends.
overshoot() {
	name=$1
	shift
	: >"$tmp/over"
	for delay in 30 100 500; do
		for round in $(seq $((rounds * 4))); do
			"$tmp/prober" late "$delay" "$@" >>"$tmp/over" || status=1
		done
	done
	sort -n "$tmp/over" >"$tmp/sorted"
	sh scripts/bench/figures.sh values µs "wait/$name" "$tmp/sorted"
	awk -v n="$name" -v a="$(quantile "$tmp/sorted" 0.5)" -v b="$(quantile "$tmp/sorted" 0.95)" 'BEGIN { printf "| %s | %.1f | %.1f |\n", n, a / 1000, b / 1000 }'
}

waiting() {
	printf '\n| a server that starts after 30, 100, 500 ms: ms from listen to the end of | p50 | p95 |\n|---|---|---|\n'
	overshoot "tcpprobe wait" tcpprobe wait -q 127.0.0.1:{}
	command -v nc >/dev/null || { echo "bench: no nc: left out" >&2; return; }
	overshoot "until nc -z; do sleep 0.1" sh -c 'until nc -z 127.0.0.1 {}; do sleep 0.1; done'
	rounds=1 overshoot "until nc -z; do sleep 1" sh -c 'until nc -z 127.0.0.1 {}; do sleep 1; done'
}

# syn counts the connections that a server sees of 500 attempts.
syn() {
	printf '\n| 500 attempts, 2 ms apart | accepted by the server |\n|---|---|\n'
	for level in connect syn; do
		serve count
		tcpprobe ping -q --level $level -c 500 -i 2ms "127.0.0.1:$port" || status=1
		unserve
		echo "| --level $level | $(tail -n 1 "$tmp/port") |"
	done
}

# pings runs ping at 10 ms into a file, with standard input open and closed.
pings() {
	serve count
	"$tmp/prober" usage tcpprobe ping -i 10ms --duration "${ping_seconds}s" "127.0.0.1:$port" >"$tmp/open" &
	first=$!
	"$tmp/prober" usage sh -c "exec tcpprobe ping -i 10ms --duration ${ping_seconds}s 127.0.0.1:$port >$tmp/closed.txt <&-" >"$tmp/closed"
	wait "$first" || status=1
	unserve
	printf '\n| ping every 10 ms for %s s into a file | CPU ms | CPU %% | resident KiB | lines |\n|---|---|---|---|---|\n' "$ping_seconds"
	for which in open closed; do
		lines=$(grep -c ' ok ' "$tmp/$which" || true)
		[ "$which" = open ] || lines=$(grep -c ' ok ' "$tmp/closed.txt")
		tail -n 1 "$tmp/$which" | awk -v w="$which" -v s="$ping_seconds" -v l="$lines" '{ printf "| standard input %s | %d | %.1f | %d | %d |\n", w, $1, $1 / s / 10, $2, l }'
	done
}

for part in $parts; do
	case $part in
	sweep) sweep ;;
	wait) waiting ;;
	syn) syn ;;
	ping) pings ;;
	*) echo "usage: sh scripts/bench/probe.sh [sweep|wait|syn|ping]..." >&2; exit 2 ;;
	esac
done
exit $status
