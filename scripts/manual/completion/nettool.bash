# bash completion of nettool, tcpserve, tcpconnect and tcpprobe, made from their flags.
# It needs nothing; where bash-completion is, it completes the arguments of programs.

# _nettool_join makes words of COMP_WORDS as the program will get them: readline breaks
# them at : and =. first[i] is where word i begins in COMP_WORDS.
_nettool_join() {
	local line=$COMP_LINE blanks piece i
	words=() first=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		piece=${COMP_WORDS[i]}
		blanks=${line%%[![:blank:]]*}
		line=${line:${#blanks}}
		line=${line#"$piece"}
		if ((i == 0)) || [[ -n $blanks ]]; then
			words+=("$piece")
			first+=("$i")
		else
			words[${#words[@]} - 1]+=$piece
		fi
	done
	cword=$((${#words[@]} - 1))
	cur=${words[cword]}
}

# _nettool_add offers words that begin with cur, behind a prefix that they have anyway.
_nettool_add() {
	local prefix=$1 rest=${cur#"$1"} word
	shift
	for word; do
		[[ $word != "$rest"* ]] || found+=("$prefix$word")
	done
}

# _nettool_compgen offers what compgen finds, behind such a prefix.
_nettool_compgen() {
	local prefix=$1 rest=${cur#"$1"} word
	shift
	while IFS= read -r word; do
		found+=("$prefix$word")
	done < <(compgen "$@" -- "$rest")
}

_nettool_files() {
	compopt -o filenames 2>/dev/null
	_nettool_compgen "$1" -f
}

# _nettool_address offers kinds of addresses, hosts, and paths of unix sockets.
_nettool_address() {
	local prefix=$1 rest=${cur#"$1"}
	shift
	case $rest in
	unix:* | unixgram:*) _nettool_files "$prefix${rest%%:*}:" ;;
	@*) _nettool_files "$prefix@" ;;
	/* | ./* | ../*) _nettool_files "$prefix" ;;
	tls:* | udp:* | tcp4:* | tcp6:* | icmp:*) _nettool_compgen "$prefix${rest%%:*}:" -A hostname ;;
	*)
		_nettool_add "$prefix" "$@"
		[[ -z $rest ]] || _nettool_compgen "$prefix" -A hostname
		;;
	esac
}

# _nettool_offer offers what can stand behind a prefix of cur.
_nettool_offer() {
	local kind=$1 prefix=$2 i
	shift 2
	case $kind in
	words) _nettool_add "$prefix" "$@" ;;
	list)
		[[ ${cur#"$prefix"} != *,* ]] || prefix=${cur%,*},
		_nettool_add "$prefix" "$@"
		;;
	files)
		_nettool_add "$prefix" "$@"
		_nettool_files "$prefix"
		;;
	folders)
		compopt -o filenames 2>/dev/null
		_nettool_compgen "$prefix" -d
		;;
	listen | dial | target) _nettool_address "$prefix" "$@" ;;
	user) _nettool_compgen "$prefix" -u ;;
	group) _nettool_compgen "$prefix" -g ;;
	program) _nettool_compgen "$prefix" -c ;;
	interface)
		for i in /sys/class/net/*; do
			_nettool_add "$prefix" "${i##*/}"
		done
		;;
	esac
}

# _nettool_program completes the command line that begins with word $1.
_nettool_program() {
	if ((cword == $1)); then
		_nettool_compgen '' -c
	elif declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "${first[$1]}"
		return
	elif declare -F _command_offset >/dev/null; then
		_command_offset "${first[$1]}"
		return
	else
		_nettool_files ''
	fi
	_nettool_reply
}

# _nettool_flags offers flags; in a list of them, with what they are for.
_nettool_flags() {
	local flags=() i flag
	_nettool_flags_of "$command"
	for ((i = 0; i < ${#flags[@]}; i += 2)); do
		[[ ${flags[i]} != "$cur"* ]] || found+=("${flags[i]}")
	done
	if [[ ${COMP_TYPE-} != 63 ]] || ((${#found[@]} < 2)); then
		return
	fi
	found=()
	for ((i = 0; i < ${#flags[@]}; i += 2)); do
		[[ ${flags[i]} == "$cur"* ]] || continue
		printf -v flag '%-26s %s' "${flags[i]}" "${flags[i + 1]}"
		found+=("${flag:0:${COLUMNS:-80} - 2}")
	done
}

# _nettool_reply cuts off what readline does not take for a part of the word.
_nettool_reply() {
	local breaks='' cut='' i
	[[ $COMP_WORDBREAKS != *:* ]] || breaks+=':'
	[[ $COMP_WORDBREAKS != *=* ]] || breaks+='='
	[[ -z $breaks ]] || cut=${cur%"${cur##*["$breaks"]}"}
	COMPREPLY=()
	for i in "${found[@]}"; do
		COMPREPLY+=("${i#"$cut"}")
	done
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *[:=/@] ]] || compopt -o nospace 2>/dev/null
}

_nettool() {
	local words first cword cur found=() command=${1##*/} place=0 i word value
	_nettool_join
	for ((i = 1; i < cword; i++)); do
		word=${words[i]}
		value=()
		case $word in
		--)
			_nettool_program $((i + 1))
			return
			;;
		-?*)
			_nettool_value "$command" "$word"
			[[ ${value[0]-free} != free ]] || continue
			((++i < cword)) || {
				_nettool_offer "${value[0]}" '' "${value[@]:1}"
				_nettool_reply
				return
			}
			;;
		*)
			if ((place == 0)) && _nettool_subcommand "$command" "$word"; then
				continue
			fi
			if _nettool_runs "$command" "$place"; then
				_nettool_program "$i"
				return
			fi
			((++place))
			;;
		esac
	done
	_nettool_last
	_nettool_reply
}

# _nettool_last offers what can stand where no flag wants a value.
_nettool_last() {
	local value=()
	case $cur in
	--*=*)
		_nettool_value "$command" "${cur%%=*}"
		[[ ${value[0]-} != free ]] || value=("${value[@]:1}")
		((${#value[@]} == 0)) || _nettool_offer "${value[0]}" "${cur%%=*}=" "${value[@]:1}"
		;;
	-*) _nettool_flags ;;
	*)
		if _nettool_runs "$command" "$place"; then
			_nettool_compgen '' -c
			return
		fi
		((place > 0)) || _nettool_subcommands "$command"
		_nettool_argument "$command" "$place"
		((${#value[@]} == 0)) || _nettool_offer "${value[0]}" '' "${value[@]:1}"
		;;
	esac
}

