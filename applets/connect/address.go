package connect

import (
	"fmt"
	"strconv"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/socket"
)

// times is the value of --retry; forever is negative.
type times int

// UnmarshalText parses a number, or "forever".
func (n *times) UnmarshalText(text []byte) error {
	if string(text) == "forever" {
		*n = -1
		return nil
	}
	v, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("retry %q: want a number, or forever", text)
	}
	*n = times(v)
	return nil
}

// version is the value of --proxy-protocol, 0 for none.
type version = cli.ProxyVersion

// Plain fills the arguments of a command line that has no flags.
func (c *Cmd) Plain(args []string) (run func(*cli.Call) error, ok bool) {
	if len(args) < 1 || len(args) > 2 || !cli.Plain(args) {
		return nil, false
	}
	c.Address = args[0]
	if len(args) == 2 {
		c.Port = args[1]
	}
	return c.Run, true
}

// advised adds what may have been meant to an error about the address.
func (c *Cmd) advised(err error) error {
	switch _, failed := strconv.ParseUint(c.Address, 10, 16); {
	case failed != nil || c.Port == "":
		return err
	case c.Status.Quiet:
		return exit.Hint(err, "-q is --quiet here; for nc -q SECONDS use --after-eof, as in --after-eof 1s")
	default:
		return exit.Hint(err, "the host comes first, as in "+c.Port+" "+c.Address)
	}
}

// target is the peer's address, from one argument or from HOST PORT.
func (c *Cmd) target() (socket.Addr, error) {
	if !c.Files.any() && len(c.Names) > 0 {
		return socket.Addr{}, exit.Errorf(exit.Usage, "unexpected argument %q: files need --send-file or --get", c.Names[0])
	}
	var a socket.Addr
	var err error
	if c.Port == "" || c.Files.any() {
		a, err = socket.Parse(c.Address)
	} else {
		a, err = socket.ParseHostPort(c.Address, c.Port)
	}
	if err != nil {
		return a, c.advised(exit.With(exit.Usage, err))
	}
	if a.Network == "fd" || a.Network == "systemd" {
		return a, exit.Errorf(exit.Usage, "address %q: is for serve, nothing can connect to it", a)
	}
	return a, nil
}
