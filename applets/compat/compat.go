// Package compat answers to the names of other tools that people's scripts have.
// Each name has a package of its own, which translates that tool's command line
// into the flags of our applets, runs them, and has them speak and end as that
// tool does. Nothing that they do is written twice.
package compat

import (
	"nettool/applets/compat/nc"
	"nettool/internal/cli"
)

// Tool runs a command line, without argv[0], and returns the exit code that
// the tool it stands for would have. It prints what that tool would print.
type Tool func(call *cli.Call, args []string) int

// Named returns the tool of that name, or nil.
func Named(name string) Tool {
	switch name {
	case "nc":
		return nc.Main
	}
	return nil
}
