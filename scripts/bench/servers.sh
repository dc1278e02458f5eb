# Starting, finding and ending the servers of a benchmark; sourced, with $tmp
# being a folder of its caller's.
# shellcheck shell=sh disable=SC2154

# start runs a server on a port of its own, waits until it listens, and sets
# $server_pid and $port: start NAME COMMAND…
start() {
	server_name=$1
	shift
	"$@" </dev/null >"$tmp/$server_name.out" 2>"$tmp/$server_name.err" &
	server_pid=$!
	port=
	tries=0
	until port=$(port_of "$server_pid") && [ -n "$port" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 200 ] || ! kill -0 "$server_pid" 2>/dev/null; then
			echo "bench: $server_name does not listen: $*" >&2
			tail -n 3 "$tmp/$server_name.err" >&2
			stop
			return 1
		fi
		sleep 0.05
	done
}

# stop ends the server that start started.
stop() {
	[ -n "${server_pid-}" ] || return 0
	kill "$server_pid" 2>/dev/null || :
	wait "$server_pid" 2>/dev/null || : # how it ends is not measured
	server_pid=
}

# port_of prints the port on which process PID listens by TCP, or takes datagrams, once it
# does.
port_of() {
	# shellcheck disable=SC2012 # a link's target, not its name
	ls -l "/proc/$1/fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\].*/\1/p' |
		awk 'NR == FNR { mine[$1]; next }
			($4 == "0A" || FILENAME ~ /udp/ && $4 == "07") && $10 in mine { print substr($2, index($2, ":") + 1); exit }' - /proc/net/tcp /proc/net/tcp6 /proc/net/udp |
		while read -r hex; do echo $((0x$hex)); done
}
