#compdef nettool tcpserve tcpconnect tcpprobe
# zsh completion of nettool, tcpserve, tcpconnect and tcpprobe, made from their flags.

# _nettool_address offers kinds of addresses, hosts, and paths of unix sockets.
_nettool_address() {
	if compset -P '(unix|unixgram):' || compset -P '@'; then
		_files
	elif compset -P '(tls|udp|tcp4|tcp6|icmp):'; then
		_hosts -S ''
	elif [[ $PREFIX == (/|./|../)* ]]; then
		_files
	else
		compadd -S '' -X 'kind of address' -- "$@"
		[[ -z $PREFIX ]] || _hosts -S ''
	fi
}

# _nettool_program completes the command line behind word $1.
_nettool_program() {
	words=("${(@)words[$1 + 1, -1]}")
	((CURRENT -= $1))
	_normal
}

# _nettool_command completes the flags and arguments of command $1.
_nettool_command() {
	local command=$1 at=${words[(i)--]} sub last
	local -a specs subs
	if ((at < CURRENT)); then
		_nettool_program $at
		return
	fi
	_nettool_commands $command
	for ((at = 2; at < CURRENT; at++)); do
		sub=${subs[(r)${(b)words[at]}:*]}
		last=$words[at-1]
		if [[ -n $sub ]]; then
			words[at]=()
			((CURRENT--))
			command="$command ${sub%%:*}"
			break
		elif [[ $words[at] != -* && $last != -[^=]# ]]; then
			break
		fi
	done
	_nettool_specs $command
	_arguments -s -S : $specs
}

# _nettool_first offers the commands of tcpprobe, and what stands in their place.
_nettool_first() {
	local -a subs
	_nettool_commands tcpprobe
	_describe -t commands command subs
	_nettool_target
}

_nettool() {
	setopt localoptions extendedglob
	if [[ $service != nettool ]]; then
		_nettool_command $service
	elif ((CURRENT == 2)); then
		local -a subs specs
		_nettool_commands nettool
		_describe -t commands command subs
		_nettool_specs nettool
		_arguments : $specs
	else
		shift words
		((CURRENT--))
		_nettool_command tcp$words[1]
	fi
}

