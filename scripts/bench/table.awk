# Turns measurements, one a line,
#	row-number TAB what TAB target TAB server TAB round TAB key=value …
# into a Markdown table: medians over the rounds, and ours ÷ peer, the median of
# the ratios of each round (rates: more is better; CPU: less is better).
# The first server of a row is ours, the second the one the target is about.
# unit is what a rate counts.
BEGIN {
	FS = "\t"
	print "| what | server | " unit " | p50 µs | p99 µs | CPU µs | failed | ours ÷ it | CPU ours ÷ it | target |"
	print "|---|---|--:|--:|--:|--:|--:|--:|--:|---|"
}
{
	row = $1; server = $4; round = $5
	if (!(row in count)) { rows[++nrows] = row; what[row] = $2; target[row] = $3 }
	if (!((row, server) in seen)) { seen[row, server] = 1; servers[row, ++count[row]] = server }
	if (round > rounds) rounds = round
	n = split($6, pairs, " ")
	for (i = 1; i <= n; i++) {
		split(pairs[i], kv, "=")
		value[row, server, round, kv[1]] = kv[2]
	}
}
function sorted_middle(list, n,   i, j, x) {
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && list[j - 1] > list[j]; j--) { x = list[j]; list[j] = list[j - 1]; list[j - 1] = x }
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}
function median(row, server, key,   r, n, list) {
	for (r = 1; r <= rounds; r++)
		if ((row, server, r, key) in value) list[++n] = value[row, server, r, key] + 0
	return n ? sorted_middle(list, n) : ""
}
function sum(row, server, key,   r, total) {
	for (r = 1; r <= rounds; r++) total += value[row, server, r, key]
	return total + 0
}
function ratio(row, server, key,   r, n, list, ours) {
	ours = servers[row, 1]
	if (server == ours) return ""
	for (r = 1; r <= rounds; r++)
		if (value[row, server, r, key] > 0 && value[row, ours, r, key] > 0)
			list[++n] = value[row, ours, r, key] / value[row, server, r, key]
	return n ? sorted_middle(list, n) : ""
}
function shown(format, x) { return x == "" ? "" : sprintf(format, x) }
END {
	for (i = 1; i <= nrows; i++) {
		row = rows[i]
		for (s = 1; s <= count[row]; s++) {
			server = servers[row, s]
			r = ratio(row, server, "rate")
			goal = ""
			if (s == 2 && target[row] != "" && r != "")
				goal = "≥ " target[row] (r >= target[row] + 0 && cheap(row, server) ? " met" : " **missed**")
			if (median(row, server, "rate") == "") {
				printf "| %s | %s | missing | | | | | | | |\n", s == 1 ? what[row] : "", server
				continue
			}
			printf "| %s | %s | %s | %s | %s | %s | %d | %s | %s | %s |\n", s == 1 ? what[row] : "", server,
				shown("%.0f", median(row, server, "rate")), shown("%.0f", median(row, server, "p50_us")),
				shown("%.0f", median(row, server, "p99_us")), shown("%.0f", median(row, server, "cpu_us")),
				sum(row, server, "failed"), shown("%.2f", r), shown("%.2f", ratio(row, server, "cpu_us")), goal
		}
	}
}

# cheap reports whether the CPU of a row is within its target, as in "0.9; CPU 1.2".
function cheap(row, server) {
	return !match(target[row], /CPU [0-9.]+/) || ratio(row, server, "cpu_us") <= substr(target[row], RSTART + 4, RLENGTH - 4) + 0
}
