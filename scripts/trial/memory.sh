#!/bin/sh
# Serves forty programs, of three megabytes each, in a memory cgroup of 48 MiB,
# and shows whom the kernel kills: programs, not the server. It needs root, a
# cgroup hierarchy with the memory controller that may be written, and nettool in
# PATH:
#
#	sh scripts/trial/memory.sh
#
# Exit 1 when the server is dead, 2 when there is no such cgroup.
set -eu

if [ -d /sys/fs/cgroup/memory ]; then # version 1
	group=/sys/fs/cgroup/memory/nettool-trial limit=memory.limit_in_bytes
else
	group=/sys/fs/cgroup/nettool-trial limit=memory.max
fi
tmp=$(mktemp -d)
server='' clients=''
finish() {
	for pid in $server $clients; do
		kill "$pid" 2>/dev/null || :
	done
	wait
	rmdir "$group" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM
if ! mkdir "$group" 2>/dev/null || ! echo $((48 << 20)) 2>/dev/null >"$group/$limit"; then
	echo "memory: no memory cgroup is to be had here" >&2
	exit 2
fi

cat >"$tmp/eat.sh" <<'EOF'
x=$(head -c 3000000 /dev/zero | tr '\0' x)
echo ${#x}
sleep 2
EOF
mkfifo "$tmp/ready"
(
	# shellcheck disable=SC2016 # the inner shell's
	exec sh -c 'echo $$ >"$1"; exec nettool serve --ready-fd 3 127.0.0.1:0 sh "$2" 3>"$3"' sh "$group/cgroup.procs" "$tmp/eat.sh" "$tmp/ready" 2>"$tmp/log"
) &
server=$!
read -r address <"$tmp/ready"
for _ in $(seq 40); do
	timeout 20 nettool connect --recv-only "$address" >/dev/null 2>&1 </dev/null &
	clients="$clients $!"
done
for pid in $clients; do
	wait "$pid" || :
done
clients=
if ! kill -0 "$server" 2>/dev/null; then
	echo "memory: the server is dead"
	exit 1
fi
echo "memory: the server lives; $(grep -c 'close .*signal=SIGKILL' "$tmp/log" || :) of $(grep -c ' close ' "$tmp/log" || :) programs were killed"
