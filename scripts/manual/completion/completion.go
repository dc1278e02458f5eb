// Package completion writes what bash, zsh and fish offer when the command lines of
// nettool, tcpserve, tcpconnect and tcpprobe are typed.
package completion

import "nettool/scripts/manual/reference"

// names are the programs that are completed.
func names() []string { return []string{"nettool", "tcpserve", "tcpconnect", "tcpprobe"} }

// Files are the scripts, by their names below $PREFIX/share. The shells look for a
// file by the name of the program; zsh looks into it for names.
func Files(programs []*reference.Command) map[string]string {
	all := entries(programs)
	files := map[string]string{"zsh/site-functions/_nettool": zsh(all)}
	for _, name := range names() {
		files["bash-completion/completions/"+name] = bash(all)
		files["fish/vendor_completions.d/"+name+".fish"] = fish(all)
	}
	return files
}
