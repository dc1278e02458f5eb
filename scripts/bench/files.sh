#!/bin/sh
# connect --send-file and serve --handler receive beside what else sends files; see
# ../bench.sh. Files come from memory and go to memory, where there is enough: the disk is
# not measured.
#
#	sh scripts/bench/files.sh [PATTERN]	only the rows whose name has PATTERN
#
# ROUNDS (5), SIZE (of the large file, in MiB: 2048) and FILES (10000, of 4 KiB).
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
size=${SIZE:-2048}
files=${FILES:-10000}
only=${1-}

memory=${TMPDIR:-/tmp}
[ ! -w /dev/shm ] || memory=/dev/shm
tmp=$(mktemp -d "$memory/files.XXXXXX")
chmod 755 "$tmp"
server_pid=''
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
# shellcheck source=scripts/bench/rows.sh
. scripts/bench/rows.sh
finish() {
	stop
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH
mkdir "$tmp/to" "$tmp/many"
dd if=/dev/urandom of="$tmp/large" bs=1M count="$size" 2>/dev/null
(cd "$tmp/many" && dd if=/dev/urandom bs=4096 count="$files" 2>/dev/null | split -b 4096 -a 4 -)

start free tcpserve -q 127.0.0.1:0 # a port for those that take no port 0
fixed=$port
stop
cat >"$tmp/rsyncd.conf" <<END
use chroot = no
[to]
path = $tmp/to
read only = no
uid = $(id -un)
END
if command -v /usr/sbin/sshd >/dev/null; then
	mkdir -p /run/sshd 2>/dev/null || :
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/host"
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/me"
	cat >"$tmp/sshd.conf" <<END
Port $fixed
ListenAddress 127.0.0.1
HostKey $tmp/host
AuthorizedKeysFile $tmp/me.pub
StrictModes no
PermitRootLogin yes
Subsystem sftp internal-sftp
PidFile none
END
fi

# command_of prints the command line of a server, or nothing when it is not there.
command_of() {
	case $1 in
	nettool*) echo tcpserve -q 127.0.0.1:0 --handler receive --dir "$tmp/to" ;;
	nc | "tar | nc | tar") ! command -v nc >/dev/null || echo nc -l 127.0.0.1 0 ;;
	socat) ! command -v socat >/dev/null || echo socat -u TCP-LISTEN:0,bind=127.0.0.1 "CREATE:$tmp/to/large" ;;
	rsync) ! command -v rsync >/dev/null || echo rsync --daemon --no-detach --address=127.0.0.1 "--port=$fixed" "--config=$tmp/rsyncd.conf" ;;
	scp) [ ! -f "$tmp/me" ] || echo /usr/sbin/sshd -D -e -f "$tmp/sshd.conf" ;;
	esac
}

# send runs a client: send SERVER PATH….
send() {
	client=$1
	shift
	case $client in
	"nettool") tcpconnect --send-file -r "127.0.0.1:$port" "$@" ;;
	"nettool --no-verify") tcpconnect --send-file -r --no-verify "127.0.0.1:$port" "$@" ;;
	"nettool, one process each") find "$@" -type f | head -n 1000 | while read -r f; do tcpconnect --send-file "127.0.0.1:$port" "$f"; done ;;
	nc) nc -N 127.0.0.1 "$port" <"$1" && arrived ;;
	"tar | nc | tar") tar -cf - -C "$tmp" many | nc -N 127.0.0.1 "$port" && arrived && tar -xf "$tmp/server.out" -C "$tmp/to" ;;
	socat) socat -u "OPEN:$1" "TCP:127.0.0.1:$port" && arrived ;;
	rsync) rsync -r --whole-file "$@" "rsync://127.0.0.1:$port/to/" ;;
	scp) scp -q -r -P "$port" -i "$tmp/me" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$@" "127.0.0.1:$tmp/to/" ;;
	esac
}

# arrived waits for the end of a server that ends with its connection. It is a child of
# another shell.
arrived() { while kill -0 "$server_pid" 2>/dev/null && [ "$(cut -d ' ' -f 3 "/proc/$server_pid/stat" 2>/dev/null)" != Z ]; do sleep 0.001; done; }

# busy is the time that all CPUs have worked so far, in hundredths of a second.
busy() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }

# load sends once, and looks whether all has arrived.
load() {
	busy=$(busy) began=$(date +%s%N)
	send "$2" "$tmp/$1" >/dev/null || return 1
	took=$(($(date +%s%N) - began)) busy=$(($(busy) - busy))
	case $1 in
	large) units=$size ;;
	many) units=$files ;;
	esac
	[ "$2" != "nettool, one process each" ] || units=1000
	case $1,$2 in
	large,nc) cmp -s "$tmp/large" "$tmp/server.out" || return 1 ;;
	large,*) cmp -s "$tmp/large" "$tmp/to/large" || return 1 ;;
	*) [ "$(find "$tmp/to" -type f -size 8 | wc -l)" = "$units" ] || return 1 ;;
	esac
	rm -rf "$tmp/to" "$tmp/server.out"
	mkdir "$tmp/to"
	echo "$units $took $busy" | awk '{ printf "rate=%.1f cpu_us=%.1f\n", $1 / ($2 / 1e9), $3 * 10000 / $1 }'
}

table=streams
compare "$size MiB" 0.6 large nettool nc rsync scp
compare "$size MiB, no sums" 1 large "nettool --no-verify" nc socat
table=rates
compare "$files files of 4 KiB" 5 many nettool "nettool, one process each" rsync "tar | nc | tar" scp

echo "$(nproc) CPUs, Linux $(uname -r), $(go env GOVERSION); $rounds rounds; CPU: busy time of the whole machine per MiB (per file)."
show_tables
