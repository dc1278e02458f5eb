// Command nettool puts programs on TCP ports, talks to them from scripts and
// checks on them. See README.md.
package main

import (
	"os"

	"nettool/applets"
	"nettool/applets/child"
)

func main() {
	if child.Started(os.Args) {
		os.Exit(child.Main())
	}
	os.Exit(applets.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
