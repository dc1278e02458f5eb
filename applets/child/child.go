// Package child is the per-connection process that serve starts by re-executing
// the binary.
package child

import (
	"errors"

	"nettool/internal/cli"
)

// Cmd holds the flags.
type Cmd struct {
	Handler string `arg:"" help:"Built-in handler."`
}

// Run runs the applet.
func (c *Cmd) Run(call *cli.Call) error { return errors.New("not built yet") }

// Started reports whether this process is a child of serve.
func Started(args []string) bool { return false }

// Main is the child's whole run.
func Main() int { return 2 }
