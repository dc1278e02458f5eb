//go:build !linux

package child

import (
	"nettool/internal/cli"
	"nettool/internal/exit"
)

// Main refuses: the process model is Linux's.
func Main() int { return int(exit.Usage) }

// Run refuses: the process model is Linux's.
func (c *Cmd) Run(call *cli.Call) error {
	return exit.Errorf(exit.Usage, "child works on Linux only")
}
