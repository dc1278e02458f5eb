# ask.zsh DIRECTORY ANSWERS LINE...: completes command lines, and writes for each a line
# of what there is into the file ANSWERS. It wants a terminal: zsh/zpty makes one.
if [[ $1 != --inside ]]; then
	zmodload zsh/zpty
	zpty ask zsh -f ${(q)0} --inside ${(q)@}
	while zpty -r ask line; do :; done
	exit
fi
fpath=($2 $fpath)
answers=$3
shift 3
autoload -U compinit
compinit -D -u
zstyle ':completion:*' users root # of its own, zsh knows only those that were named
compadd() {
	local -a hits
	if ((!${argv[(I)-[OAD]]})); then
		builtin compadd -O hits "$@"
		((!$#hits)) || printf '%s\1' $hits >>$answers
	fi
	builtin compadd "$@"
}
ask() {
	compstate[vared]= # a command line, and not a variable's value
	_main_complete
}
zle -C ask complete-word ask
zle-line-init() {
	printf '%s\1' "$BUFFER" >>$answers
	zle ask
	print >>$answers
	zle .accept-line
}
zle -N zle-line-init
for line; do
	vared -c line
done
