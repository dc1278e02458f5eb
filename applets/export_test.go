package applets

import (
	"os"

	"nettool/internal/cli"
)

// Parses reports what is wrong with the flags of a command line, argv[0] first. It
// does not run it.
func Parses(args []string) error {
	name, applet, rest := dispatch(args)
	before, _ := cli.Split(rest)
	cmd := newApplet(applet)
	parser, _, err := newParser(cmd, &cli.Call{Name: name, Stdout: os.Stdout, Stderr: os.Stderr})
	if err != nil {
		return err
	}
	if _, ok := cmd.(mixer); ok {
		before = arrange(parser.Model, before)
	}
	_, err = parser.Parse(before)
	return err
}
