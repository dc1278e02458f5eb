// Package cli holds what an applet gets from its caller besides its flags.
package cli

import "os"

// Call is one invocation of an applet.
type Call struct {
	Name   string   // the applet's name as typed, for messages: "nettool serve", "tcpserve"
	Stdin  *os.File // never read unless the applet says so
	Stdout *os.File // results only
	Stderr *os.File // diagnostics only
	Rest   []string // what followed the first "--", nil when there was none

	Version string // the program's
}

// Plain reports whether none of some arguments is a flag, or empty.
func Plain(args []string) bool {
	for _, arg := range args {
		if arg == "" || arg[0] == '-' {
			return false
		}
	}
	return true
}

// Split divides a command line at its first "--". rest is nil when there is
// none and empty (but not nil) when nothing follows it.
func Split(args []string) (before, rest []string) {
	for i, arg := range args {
		if arg == "--" {
			return args[:i:i], args[i+1:]
		}
	}
	return args, nil
}
