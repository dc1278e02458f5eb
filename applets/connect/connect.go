package connect

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/interrupt"
	"nettool/internal/relay"
	"nettool/internal/socket"
	"nettool/internal/tap"
	"nettool/internal/tlsdial"
)

// Run connects and relays, or becomes the program after "--".
func (c *Cmd) Run(call *cli.Call) error {
	if err := c.tell(call); err != nil {
		if c.Status.Quiet && exit.Of(err) != exit.Usage {
			return exit.Status(exit.Of(err))
		}
		return err
	}
	return nil
}

// tell is Run, whose errors say what has happened.
func (c *Cmd) tell(call *cli.Call) error {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a standard error that nobody reads changes no exit code
	target, err := c.target()
	if err != nil {
		return err
	}
	if err := c.check(target, call); err != nil {
		return err
	}
	if call.Rest != nil {
		return c.runProgram(target, call)
	}
	status, err := c.openStatus()
	if err != nil {
		return err
	}
	o := &outcome{target: target.String(), phase: phaseConnect}
	err = c.run(target, call, o)
	o.end(err)
	if c.Status.Stats && err == nil && !c.Files.any() {
		o.print(call.Stderr, call.Name)
	}
	if status != nil {
		err = errors.Join(err, o.writeJSON(status))
	}
	if errors.Is(err, relay.ErrStdoutGone) {
		interrupt.BrokenPipe(call.Stdout)
		return exit.Status(exit.Of(err)) // somebody ignores SIGPIPE for us
	}
	return err
}

// check refuses flags that contradict each other or the address.
func (c *Cmd) check(target socket.Addr, call *cli.Call) error {
	if err := c.Reach.Source.Fits(target); err != nil {
		return err
	}
	if err := c.checkFiles(target, call); err != nil {
		return err
	}
	if c.StartTLS != "" {
		if err := tlsdial.KnowsStartTLS(c.StartTLS); err != nil {
			return err
		}
	}
	switch {
	case (c.TLS.given() || c.StartTLS != "") && !target.TLS:
		return exit.Errorf(exit.Usage, "TLS flags with address %q: TLS needs an address of the form tls:HOST:PORT", target)
	case c.Reach.Proxy != "" && (target.Host == "" && !target.Loopback || !target.Stream()):
		return exit.Errorf(exit.Usage, "a proxy with address %q: proxies connect to HOST:PORT", target)
	case c.Session.DatagramLines && target.Stream():
		return exit.Errorf(exit.Usage, "--datagram-lines with address %q: is for datagrams", target)
	case c.Bytes.Telnet && !target.Stream():
		return exit.Errorf(exit.Usage, "--telnet with address %q: needs a stream", target)
	case c.Reach.Broadcast && !strings.HasPrefix(target.Network, "udp"):
		return exit.Errorf(exit.Usage, "--broadcast with address %q: is for udp:HOST:PORT", target)
	case c.Reach.ProxyProtocol != 0 && !target.Stream():
		return exit.Errorf(exit.Usage, "a PROXY header with address %q: needs a stream", target)
	case c.Session.SendOnly && c.Session.HalfCloseAfter != 0:
		return exit.Errorf(exit.Usage, "--send-only ends our side with standard input: --half-close-after has nothing to wait for")
	case c.Bytes.Hex && c.Session.SendOnly:
		return exit.Errorf(exit.Usage, "--hex writes to standard output, and --send-only does not")
	case call.Rest != nil && !target.Stream():
		return exit.Errorf(exit.Usage, "address %q: a program gets a stream", target)
	case c.Dialogue.any() && (c.Session.SendOnly || c.Session.RecvOnly):
		return exit.Errorf(exit.Usage, "a dialogue goes both ways: --send-only and --recv-only do not")
	case call.Rest != nil && c.forSessions():
		return exit.Errorf(exit.Usage, "with a program after -- there is no session of ours: only the flags for connecting apply")
	}
	var err error
	if c.steps, err = c.Dialogue.steps(); err != nil {
		return err
	}
	return c.expectations(&watch{limit: &tap.Limit{}}) // before anything is connected
}

// forSessions reports whether a flag was given that a program's connection would
// silently ignore.
func (c *Cmd) forSessions() bool {
	times := c.Times
	times.ConnectTimeout = 0
	status := c.Status
	status.Verbose = false
	return c.Dialogue.any() || times != (timeFlags{}) || c.Session != (sessionFlags{}) || c.Bytes != (byteFlags{}) || status != (statusFlags{})
}

// run connects and has the session.
func (c *Cmd) run(target socket.Addr, call *cli.Call, o *outcome) error {
	ctx, cancel, stop := interrupt.Context()
	defer stop()
	live := startLive(func() { o.print(words(call), call.Name) })
	defer live.stop()
	conn, err := c.connect(ctx, target, call, o)
	if err != nil {
		return err
	}
	defer c.Reach.Source.Remove()
	if c.Files.any() {
		return c.exchange(ctx, cancel, conn, call, o)
	}
	return c.converse(ctx, cancel, conn, target, call, o)
}

// converse runs the session on conn, which it closes.
func (c *Cmd) converse(ctx context.Context, cancel context.CancelCauseFunc, conn net.Conn, target socket.Addr, call *cli.Call, o *outcome) error {
	s := c.session(conn, target, call)
	talk, stop, err := c.talk(s, cancel)
	if err != nil {
		conn.Close()
		return err
	}
	defer stop()
	w, err := c.watch(s, talk)
	if err != nil {
		conn.Close()
		return err
	}
	defer w.stop()
	leave, err := c.atTerminal(ctx, s, target, call)
	if err != nil {
		conn.Close()
		return err
	}
	defer leave()
	defer w.flush(s.Out)
	o.begin(conn, s)
	stopMeter := c.meter(call, s)
	result, err := s.Run(ctx)
	stopMeter()
	o.took(result)
	return o.explain(w.check(err))
}
