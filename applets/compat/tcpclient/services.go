package tcpclient

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/tap"
	"nettool/internal/ucspi"
)

// The little programs of ucspi-tcp are lines of shell around tcpclient. HOST is this machine if
// there is none.

// Date is date@ [HOST].
func Date(call *cli.Call, args []string) int { return show(call, argument(args, 0, "0"), "13", "") }

// Who is who@ [HOST].
func Who(call *cli.Call, args []string) int { return show(call, argument(args, 0, "0"), "11", "") }

// Finger is finger@ [HOST [USER]].
func Finger(call *cli.Call, args []string) int {
	return show(call, argument(args, 0, "0"), "79", argument(args, 1, "")+"\n")
}

// HTTP is http@ [HOST [PATH [PORT]]].
func HTTP(call *cli.Call, args []string) int {
	host, port := argument(args, 0, "0"), argument(args, 2, "80")
	request := fmt.Sprintf("GET /%s HTTP/1.0\nHost: %s:%s\n\n", argument(args, 1, ""), host, port)
	return ended(converse(call, host, port, request, body()))
}

// Cat is tcpcat [HOST [PORT]].
func Cat(call *cli.Call, args []string) int {
	status, err := converse(call, argument(args, 0, "0"), argument(args, 1, "17"), "", same{})
	if err != nil && status == 0 {
		return 1
	}
	return status
}

func argument(args []string, i int, otherwise string) string {
	if i < len(args) {
		return args[i]
	}
	return otherwise
}

// show shows what a service says, with the control characters made visible.
func show(call *cli.Call, host, port, request string) int {
	hook, rest := tap.DeleteCR()
	caret := tap.Caret()
	return ended(converse(call, host, port, request, filter{
		func(p []byte) []byte { return caret(hook(p)) },
		func() []byte { return caret(rest()) },
	}))
}

// ended is the status of the last program of a pipe: only what it cannot write is a failure, and
// a signal ends all of them.
func ended(status int, err error) int {
	switch {
	case err != nil && status == 0:
		return 1
	case status > 128:
		return status
	}
	return 0
}

// taker changes what comes. The result is valid until the next call.
type taker interface {
	take(p []byte) []byte
	end() []byte
}

type filter struct {
	hook func(p []byte) []byte
	rest func() []byte
}

func (f filter) take(p []byte) []byte { return f.hook(p) }
func (f filter) end() []byte          { return f.rest() }

type same struct{}

func (same) take(p []byte) []byte { return p }
func (same) end() []byte          { return nil }

// converse connects, sends a request, with CR LF for its line ends, and writes what comes,
// through a taker, to standard output. status is tcpclient's, or a signal's; err is about standard
// output.
func converse(call *cli.Call, host, port, request string, through taker) (status int, err error) {
	o := usual()
	o.host, o.port = host, port
	w := &words{out: call.Stderr, options: o}
	c, ok := w.command()
	if !ok {
		return failed, nil
	}
	asked, ask, err := os.Pipe()
	if err != nil {
		return failed, err
	}
	heard, hear, err := os.Pipe()
	if err != nil {
		return failed, err
	}
	go send(ask, request)
	over := make(chan error, 1)
	go func() { over <- receive(call.Stdout, heard, through) }()
	c.Session.NoShutdown = true // nor does the shell close what others have open
	failure := c.Run(&cli.Call{Name: call.Name, Stdin: asked, Stdout: hear, Stderr: call.Stderr, Version: call.Version})
	asked.Close()
	hear.Close()
	if err = <-over; err != nil {
		return writeFailed(call, err), err
	}
	switch code := exit.Of(failure); {
	case code > 128: // interrupted
		return int(code), nil
	case code == exit.Broken: // whatever has come is there
		return 0, nil
	}
	return w.explain(failure), nil
}

// writeFailed says that standard output takes no more, unless nobody reads it: a program in a
// pipe ends by SIGPIPE then.
func writeFailed(call *cli.Call, err error) (status int) {
	if errors.Is(err, syscall.EPIPE) {
		return int(exit.Signal(syscall.SIGPIPE))
	}
	fmt.Fprintf(call.Stderr, "%s: write error: %s\n", call.Name, ucspi.Reason(err))
	return 0
}

func send(to *os.File, request string) {
	defer to.Close()
	to.Write(tap.AddCR()([]byte(request))) // what cannot be sent, the session tells
}

// receive passes on what comes, and closes from.
func receive(to io.Writer, from *os.File, through taker) error {
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if _, err := to.Write(through.take(buf[:n])); err != nil {
			return err
		}
		if err != nil {
			_, err = to.Write(through.end())
			return err
		}
	}
}

// body returns a taker that leaves the head of an HTTP response away, and, as awk's pattern has it
// there, every other empty line, too. The last line gets an end.
func body() taker {
	hook, rest := tap.DeleteCR()
	b := &lines{}
	return filter{func(p []byte) []byte { return b.take(hook(p)) }, func() []byte {
		last := append([]byte{}, b.take(rest())...)
		if b.inBody && b.inLine {
			last = append(last, '\n')
		}
		return last
	}}
}

// lines is where in a response the next byte is.
type lines struct {
	inBody, inLine bool
	out            []byte
}

func (b *lines) take(p []byte) []byte {
	b.out = b.out[:0]
	for _, c := range p {
		if b.inBody && (b.inLine || c != '\n') {
			b.out = append(b.out, c)
		}
		b.inBody = b.inBody || !b.inLine && c == '\n'
		b.inLine = c != '\n'
	}
	return b.out
}
