# The rows of a table of servers that are measured beside each other; sourced after
# servers.sh. Its caller has $tmp, $rounds, $only and $table, and the functions
#
#	command_of SERVER	prints a command line, or nothing when it is not there
#	load HOW SERVER		measures what listens on $port, and prints a line of key=value
# shellcheck shell=sh disable=SC2154
row=0 failures=0

# once measures one server once: once ROW WHAT TARGET SERVER ROUND LOAD.
once() {
	# shellcheck disable=SC2046 # words
	start server $(command_of "$4") || { failures=$((failures + 1)); return 0; }
	if ! line=$(load "$6" "$4"); then
		echo "bench: $2, $4: wrong or missing answers" >&2
		failures=$((failures + 1))
	fi
	stop
	[ -z "$line" ] || printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "$line" >>"$tmp/$table"
}

# compare is one row of a table: compare WHAT TARGET LOAD OURS PEER…
compare() {
	what=$1 target=$2 how=$3
	shift 3
	row=$((row + 1))
	case $what in
	*"$only"*) ;;
	*) return 0 ;;
	esac
	for server; do # the first is ours, there or not
		printf '%s\t%s\t%s\t%s\t0\t\n' "$row" "$what" "$target" "$server" >>"$tmp/$table"
		[ -n "$(command_of "$server")" ] || echo "missing peer: $server" >&2
	done
	round=1
	while [ "$round" -le "$rounds" ]; do
		for server; do
			[ -z "$(command_of "$server")" ] || once "$row" "$what" "$target" "$server" "$round" "$how"
		done
		round=$((round + 1))
	done
}

# show_tables prints what was measured. It fails when a measurement has.
show_tables() {
	[ ! -e "$tmp/rates" ] || sh scripts/bench/figures.sh rows ops/s "$tmp/rates"
	[ ! -e "$tmp/streams" ] || sh scripts/bench/figures.sh rows MiB/s "$tmp/streams"
	[ ! -e "$tmp/rates" ] || { echo; awk -v unit="per second" -f scripts/bench/table.awk "$tmp/rates"; }
	[ ! -e "$tmp/streams" ] || { echo; awk -v unit="MiB/s" -f scripts/bench/table.awk "$tmp/streams"; }
	[ "$failures" = 0 ] || { echo "$failures measurements failed" >&2; exit 1; }
}
