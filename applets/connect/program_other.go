//go:build !unix

package connect

import (
	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/socket"
)

func (c *Cmd) runProgram(socket.Addr, *cli.Call) error {
	return exit.Errorf(exit.Usage, "a program on the connection: needs a Unix system")
}
