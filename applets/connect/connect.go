package connect

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/relay"
	"nettool/internal/socket"
)

// defaultConnectTimeout bounds connecting, over all addresses.
const defaultConnectTimeout = 10 * time.Second

// Run connects and relays, or becomes the program after "--".
func (c *Cmd) Run(call *cli.Call) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	if call.Rest != nil {
		return c.runProgram(target, call)
	}
	ctx, release := untilSignal()
	defer release()
	conn, err := c.dial(ctx, target)
	if err != nil {
		return err
	}
	return c.converse(ctx, conn, call)
}

// dial connects within --connect-timeout.
func (c *Cmd) dial(ctx context.Context, target socket.Addr) (net.Conn, error) {
	limited := ctx
	if limit := c.Times.ConnectTimeout.Or(defaultConnectTimeout); limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	conn, err := socket.Dial(limited, target, c.Socket.options())
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return conn, err
}

func (f *socketFlags) options() socket.Options {
	return socket.Options{
		KeepAlive: time.Duration(f.KeepAlive), DeadPeer: time.Duration(f.DeadPeer),
		RcvBuf: int(f.RcvBuf), SndBuf: int(f.SndBuf), DSCP: f.DSCP,
		Interface: f.Interface, Source: netip.AddrPort(f.Source),
	}
}

// converse runs the session on conn, which it closes.
func (c *Cmd) converse(ctx context.Context, conn net.Conn, call *cli.Call) error {
	s := c.session(conn, call)
	result, err := s.Run(ctx)
	if errors.Is(err, relay.ErrStdoutGone) {
		dieBySIGPIPE(call.Stdout)
	}
	return explain(conn, result, err)
}

// session is the session that the flags ask for.
func (c *Cmd) session(conn net.Conn, call *cli.Call) *relay.Session {
	s := &relay.Session{
		Conn: conn, In: call.Stdin, Out: call.Stdout,
		Linger:     time.Duration(c.Times.Linger),
		Idle:       time.Duration(c.Times.Idle),
		Deadline:   time.Duration(c.Times.Deadline),
		AfterEOF:   time.Duration(c.Times.AfterEOF),
		NoShutdown: c.Session.NoShutdown,
		FullDuplex: c.Session.FullDuplex,
		QuitOn:     c.Session.QuitOn,
	}
	if c.Session.SendOnly {
		s.Out = nil
	}
	if c.Session.RecvOnly {
		s.In = nil
	}
	return s
}

// dieBySIGPIPE ends the process the way a broken pipe ends any other. Only
// os.Stdout's Write makes the runtime do that; the byte cannot arrive.
func dieBySIGPIPE(stdout *os.File) {
	stdout.Write([]byte{0})
}

// explain is the one line that a session's failure prints.
func explain(conn net.Conn, r relay.Result, err error) error {
	if err == nil {
		return nil
	}
	lost := ""
	if r.Undelivered > 0 {
		lost = ", " + count(r.Undelivered) + " not delivered"
	}
	return exit.Errorf(exit.Of(err), "session with %s: %w after %s; received %s, sent %s%s",
		peerName(conn), err, brief(r.Elapsed), count(r.BytesIn), count(r.BytesOut), lost)
}
