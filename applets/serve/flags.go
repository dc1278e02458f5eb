// Package serve is the applet.
package serve

import (
	"errors"

	"nettool/internal/cli"
)

// Cmd holds the flags.
type Cmd struct {
	Address string `arg:"" help:"Where."`
}

// Run runs the applet.
func (c *Cmd) Run(call *cli.Call) error { return errors.New("not built yet") }
