// Package tcpclient answers to tcpclient(1): a program gets a connection as descriptors 6
// and 7. Connecting is connect's.
package tcpclient

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

	"nettool/applets/connect"
	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/socket"
	"nettool/internal/ucspi"
)

// The exit codes of tcpclient, where it does not become its program.
const (
	wrong  = 100 // the command line
	failed = 111
)

const usage = "tcpclient: usage: tcpclient [ -hHrRdDqQv ] [ -i localip ] [ -p localport ] [ -T timeoutconn ] [ -l localname ] [ -t timeoutinfo ] host port program"

// Run is tcpclient [OPTIONS] HOST PORT PROGRAM [ARG…].
func Run(call *cli.Call, args []string) int {
	o, err := parse(args)
	if m, ok := errors.AsType[*misuse](err); ok {
		return m.tell(call.Stderr)
	}
	w := &words{out: call.Stderr, options: o}
	c, ok := w.command()
	if !ok {
		return failed
	}
	if len(o.program) == 0 {
		return o.missing().tell(call.Stderr)
	}
	c.Manner.ProgramLast = true
	c.Manner.Environ = func(local, remote netip.AddrPort) []string {
		w.connected(remote)
		return o.environ(local, remote)
	}
	return w.explain(c.Run(&cli.Call{
		Name: call.Name, Stdin: call.Stdin, Stdout: call.Stdout, Stderr: call.Stderr, Rest: o.program, Version: call.Version,
	}))
}

// command is connect's for the options. It is false, and has said why, if there is none.
func (w *words) command() (c connect.Cmd, ok bool) {
	if c.Address, ok = w.address(); !ok {
		w.fatal("unable to figure out port number for " + w.port)
		return c, false
	}
	c.Times.ConnectTimeout, c.Reach.KeepAlive = -1, -1 // there are none
	if source := w.source(); source != "" {
		if err := c.Reach.Source.UnmarshalText([]byte(source)); err != nil {
			w.fatal("unable to bind socket: " + ucspi.Reason(syscall.EINVAL))
			return c, false
		}
	}
	c.Manner.Nagle = !w.noDelay
	c.Manner.Turn.Rounds, c.Manner.Turn.Failed = w.rounds, w.givenUp
	return c, true
}

func (m *misuse) tell(out io.Writer) int {
	if m.complaint != "" {
		fmt.Fprintln(out, m.complaint)
	}
	if !m.silent {
		fmt.Fprintln(out, usage)
	}
	return wrong
}

// words is what tcpclient says, as far as the options let it.
type words struct {
	out io.Writer
	*options
}

func (w *words) fatal(text string) int {
	if w.verbosity > quiet {
		fmt.Fprintf(w.out, "tcpclient: fatal: %s\n", text)
	}
	return failed
}

func (w *words) connected(remote netip.AddrPort) {
	if w.verbosity >= verbose {
		fmt.Fprintf(w.out, "tcpclient: connected to %v port %d\n", remote.Addr().Unmap(), remote.Port())
	}
}

// givenUp hears of an address. That there is no socket to connect with is told at the end.
func (w *words) givenUp(at netip.AddrPort, err error) {
	if w.verbosity > quiet && ours(err) == "" {
		fmt.Fprintf(w.out, "tcpclient: unable to connect to %v port %d: %s\n", at.Addr(), at.Port(), ucspi.Reason(err))
	}
}

// ours is what went wrong on this side of the connection, if that is it.
func ours(err error) string {
	call, ok := errors.AsType[*os.SyscallError](err)
	switch {
	case ok && call.Syscall == "bind":
		return "unable to bind socket: " + ucspi.Reason(err)
	case ok && call.Syscall == "socket":
		return "unable to create socket: " + ucspi.Reason(err)
	}
	return ""
}

// explain says why there is no program, and returns tcpclient's exit code.
func (w *words) explain(err error) int {
	text := ours(err)
	code := exit.Of(err)
	lookup, isLookup := errors.AsType[*net.DNSError](err)
	_, said := errors.AsType[*socket.DialError](err)
	switch {
	case err == nil:
		return 0 // where a process cannot become another
	case text != "":
	case said:
		return failed // of each address, when it was given up
	case code == exit.NotFound:
		text = "unable to run " + w.program[0] + ": " + ucspi.Reason(syscall.ENOENT)
	case code == exit.NotExecutable:
		text = "unable to run " + w.program[0] + ": " + ucspi.Reason(noProgram(err))
	case isLookup && !lookup.IsNotFound:
		text = "temporarily unable to figure out IP address for " + w.host + ": " + ucspi.Reason(syscall.EAGAIN)
	case code == exit.NoName || code == exit.Usage:
		text = "no IP address for " + w.host
	default:
		text = err.Error()
	}
	return w.fatal(text)
}

// noProgram is execve(2)'s word for what is found to be none before it is called.
func noProgram(err error) error {
	if errors.Is(err, syscall.EISDIR) {
		return syscall.EACCES
	}
	return err
}
