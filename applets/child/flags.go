// Package child is the connection handler: the process that serve starts by
// re-executing the binary, and a handler for inetd-style servers.
package child

import (
	"slices"
	"strings"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/handler"
)

// Cmd holds the flags of "nettool child HANDLER", which handles the one
// connection that is its standard input.
type Cmd struct {
	Handler string `arg:"" help:"Built-in handler: echo, discard, chargen, daytime or time."`

	QuitOn    string       `placeholder:"PREFIX" help:"A line that starts with PREFIX ends the session."`
	FirstByte cli.Duration `placeholder:"DUR" help:"End the connection when nothing was received for DUR."`
	Idle      cli.Duration `placeholder:"DUR" help:"End the connection after DUR without a byte either way."`
	MaxTime   cli.Duration `placeholder:"DUR" help:"End the connection after DUR."`
}

// Help introduces the applet.
func (c *Cmd) Help() string {
	return "Handle the one connection that is standard input, as a program of inetd, xinetd, " +
		"systemd (Accept=yes), tcpserver or s6-tcpserver."
}

// handler finds the handler that the flags name.
func (c *Cmd) handler() (handler.Func, error) {
	run, _ := handler.Lookup(c.Handler)
	if !slices.Contains(handler.Names(), c.Handler) {
		return nil, exit.Errorf(exit.Usage, "handler %q: there is no such handler; there are %s", c.Handler, strings.Join(handler.Names(), ", "))
	}
	return run, nil
}
