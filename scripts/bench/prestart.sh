#!/bin/sh
# How long a client waits for the first answer of a program that is slow to start: with
# and without --prestart, beside others. Five connections a second, one at a time.
#
#	sh scripts/bench/prestart.sh [CONNECTIONS]	of each measurement (50)
set -eu
cd "$(dirname "$0")/../.."
count=${1:-50}

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
cat >"$tmp/python3" <<'END'
import sys
print(sys.stdin.readline().upper(), end="", flush=True)
END
cat >"$tmp/perl" <<'END'
$| = 1; use strict; use POSIX; print uc(<STDIN>);
END
cat >"$tmp/node" <<'END'
process.stdin.once("data", d => { process.stdout.write(d.toString().toUpperCase(), () => process.exit(0)); });
END

# row measures one server and prints its line: row LANGUAGE NAME COMMAND…
row() {
	language=$1 name=$2
	shift 2
	if ! command -v "$1" >/dev/null; then
		echo "missing peer: $1" >&2
		return 0
	fi
	start server "$@" || return 0
	sleep 1 # what waits has started
	tcpprobe ping --quiet --count 3 --interval 200ms --timeout 5s --send 'hello\n' --expect HELLO "127.0.0.1:$port" || :
	tcpprobe ping --count "$count" --interval 200ms --timeout 5s --send 'hello\n' --expect HELLO -o json "127.0.0.1:$port" >"$tmp/json" || echo "$name: wrong or missing answers" >&2
	stop
	printf '%-9s %-24s %s\n' "$language" "$name" "$(sed -n 's/.*"total_us":\([0-9]*\).*/\1/p' "$tmp/json" | sort -n | awk '{ v[NR] = $1 } END { printf "%8.2f %8.2f %8.2f", v[int((NR + 1) / 2)] / 1000, v[int(NR * 0.95 + 0.5)] / 1000, v[NR] / 1000 }')"
}

echo "$(nproc) CPUs, Linux $(uname -r); $count connections; connect to first answer, ms"
printf '%-9s %-24s %8s %8s %8s\n' language server p50 p95 max
for language in ${LANGUAGES:-python3 perl node}; do
	command -v "$language" >/dev/null || { echo "missing: $language" >&2; continue; }
	row "$language" "serve --prestart 4" tcpserve -q 127.0.0.1:0 --prestart 4 -- "$language" "$tmp/$language"
	row "$language" "serve" tcpserve -q 127.0.0.1:0 -- "$language" "$tmp/$language"
	row "$language" "tcpserver" tcpserver -RHl0 127.0.0.1 0 "$language" "$tmp/$language"
	row "$language" "socat fork EXEC" socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr "EXEC:$language $tmp/$language"
done
