package child

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
)

// Run handles the one connection that is standard input, as an inetd-style
// server gives it. Its exit code is 0 after a clean end, 7 after a reset and 8
// when a timer ended it.
func (c *Cmd) Run(call *cli.Call) error {
	run, err := c.handler()
	if err != nil {
		return err
	}
	if err := checkSocket(0); err != nil {
		return &exit.Error{
			Code: exit.Usage,
			Err:  fmt.Errorf("standard input is not a connected socket: %w", err),
			Hint: "this command is for servers that give a connection as standard input; to listen, use nettool serve",
		}
	}
	limits := handoff.Limits{FirstByte: c.FirstByte.Or(0), Idle: c.Idle.Or(0), MaxTime: c.MaxTime.Or(0)}
	var in, out atomic.Int64
	conn := handler.NewRaw(0, limits, time.Now(), new(handoff.Activity))
	reason, text := handler.ReasonOf(run(&handler.Session{Conn: conn, QuitOn: c.QuitOn, In: &in, Out: &out}))
	if code := codeOf(reason); code != exit.OK {
		return exit.Errorf(code, "%s after %d bytes in and %d out%s", reason, in.Load(), out.Load(), detail(text))
	}
	return nil
}

func detail(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// checkSocket reports why fd is not a connected stream socket.
func checkSocket(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return err
	}
	if kind != unix.SOCK_STREAM {
		return fmt.Errorf("not a stream socket")
	}
	_, err = unix.Getpeername(fd)
	return err
}
