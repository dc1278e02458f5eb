#!/bin/sh
# tcpprobe load beside other generators, each against the same server, on this machine:
# requests a second, latencies, and the busy time of the whole machine for each request.
#
#	sh scripts/bench/load.sh [ROUNDS] [SECONDS]	(5 3)
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-5}
seconds=${2:-3}

tmp=$(mktemp -d)
server_pid=''
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
finish() {
	stop
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH
cc -std=gnu11 -O2 -o "$tmp/bin/loadgen" scripts/bench/loadgen.c -lm
cat >"$tmp/nginx.conf" <<END
daemon off; master_process off; pid $tmp/nginx.pid;
events { worker_connections 4096; }
http {
	access_log off; keepalive_requests 1000000000;
	client_body_temp_path $tmp; proxy_temp_path $tmp; fastcgi_temp_path $tmp; uwsgi_temp_path $tmp; scgi_temp_path $tmp;
	server { listen 127.0.0.1:PORT; location / { return 200 "hello\n"; } }
}
END

# busy is how long the machine's processors have worked, in microseconds.
busy() {
	awk '/^cpu / { printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 10000 }' /proc/stat
}

# key is a number of a JSON line: key NAME FILE. The first match counts.
key() {
	sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$2" | head -n 1
}

# ours, c, wrk and h2load make requests for $seconds and print rate, p50_us, p99_us, and
# how many: GENERATOR PATTERN CLIENTS.
ours() {
	tcpprobe load -q --duration 200ms "127.0.0.1:$port" >/dev/null || :
	if [ "$http" = yes ]; then
		tcpprobe load --no-live -o json --pattern "$1" --conns "$2" --duration "${seconds}s" --answer http --send 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' "127.0.0.1:$port" >"$tmp/json"
	else
		tcpprobe load --no-live -o json --pattern "$1" --conns "$2" --duration "${seconds}s" --verify "127.0.0.1:$port" >"$tmp/json"
	fi
	service=$(sed 's/.*"service":{\([^}]*\)}.*/{\1}/' "$tmp/json")
	echo "$service" >"$tmp/service"
	echo "$(key rate_done "$tmp/json") $(key p50_us "$tmp/service") $(key p99_us "$tmp/service") $(key sent "$tmp/json")"
}
c() {
	loadgen -w 0 -t "$seconds" -c "$2" "$1" 127.0.0.1 "$port" | tr ' ' '\n' | sed 's/=/ /' | awk '{ v[$1] = $2 } END { print v["rate"], v["p50_us"], v["p99_us"], v["requests"] }'
}
wrk_() {
	wrk -t 1 -c "$2" -d "${seconds}s" --latency "http://127.0.0.1:$port/" | awk '
		function us(t) { return t * (t ~ /us$/ ? 1 : t ~ /ms$/ ? 1000 : 1e6) }
		$1 == "50%" { p50 = us($2) } $1 == "99%" { p99 = us($2) } $2 == "requests" { n = $1 } $1 == "Requests/sec:" { r = $2 }
		END { print r, p50, p99, n }'
}
h2load_() {
	h2load --h1 -t 1 -c "$2" -D "$seconds" "http://127.0.0.1:$port/" | awk '
		$1 == "finished" { r = $4 } $1 == "requests:" { n = $2 } END { print r, "-", "-", n }'
}

# measure is one round of one generator: measure ROW WHAT TARGET GENERATOR ROUND PATTERN CLIENTS.
measure() {
	command -v "${4%_}" >/dev/null || [ "$4" = ours ] || [ "$4" = c ] || { echo "missing: ${4%_}" >&2; return 0; }
	before=$(busy)
	"$4" "$6" "$7" >"$tmp/line" || { echo "$4: failed" >&2; return 0; }
	after=$(busy)
	read -r rate p50 p99 n <"$tmp/line"
	name=$4
	[ "$name" != ours ] || name='tcpprobe load'
	[ "$name" != c ] || name='C, one thread'
	printf '%s\t%s\t%s\t%s\t%s\trate=%s p50_us=%s p99_us=%s failed=0 cpu_us=%s\n' "$1" "$2" "$3" "${name%_}" "$5" "$rate" "$p50" "$p99" "$(((after - before) / n))" >>"$tmp/rates"
}

# compare is a row: compare ROW WHAT TARGET PATTERN CLIENTS GENERATOR…
compare() {
	row=$1 what=$2 target=$3 pattern=$4 clients=$5
	shift 5
	for round in $(seq "$rounds"); do
		for generator; do
			measure "$row" "$what" "$target" "$generator" "$round" "$pattern" "$clients"
		done
	done
}

echo "$(nproc) CPUs, Linux $(uname -r); $rounds rounds of $seconds s each"
http=no
start server tcpserve -q 127.0.0.1:0 --in-process
compare 1 "crr, echo, 1 client" "0.9; CPU 1.2" crr 1 ours c
compare 2 "crr, echo, 8 clients" "0.9; CPU 1.2" crr 8 ours c
compare 3 "rr, echo, 1 client" "0.9; CPU 1.2" rr 1 ours c
compare 4 "rr, echo, 8 clients" "0.9; CPU 1.2" rr 8 ours c
stop
if command -v nginx >/dev/null; then
	http=yes
	start server tcpserve -q 127.0.0.1:0 # nginx takes no port 0: the kernel finds one
	stop
	sed "s/PORT/$port/" "$tmp/nginx.conf" >"$tmp/nginx.run"
	nginx -c "$tmp/nginx.run" -e "$tmp/error.log" &
	server_pid=$!
	tcpprobe wait --quiet "127.0.0.1:$port"
	compare 5 "rr, nginx, 8 clients" "0.9" rr 8 ours wrk_ h2load_
	compare 6 "rr, nginx, 64 clients" "0.9" rr 64 ours wrk_ h2load_
fi
awk -v unit="per second" -f scripts/bench/table.awk "$tmp/rates"
