# ask.bash SCRIPT: completes command lines as readline would ask. A line of input is
# the command line, cut where the cursor is; its words, as readline breaks them, follow
# with \1 before each. The answer is a line, too.
source "$1" || exit
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
while IFS= read -r input; do
	IFS=$'\1' read -r -a parts <<<"$input"$'\1'
	COMP_LINE=${parts[0]}
	COMP_POINT=${#COMP_LINE}
	COMP_WORDS=("${parts[@]:1}")
	[[ $COMP_LINE != *' ' ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_nettool "${COMP_WORDS[0]}"
	printf '%s\1' "$COMP_LINE" "${COMPREPLY[@]}"
	printf '\n'
done
