// Package handler holds the built-in handlers, which serve a connection without a
// program.
package handler

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/sandbox"
	"nettool/internal/socket"
)

// Conn is what a handler needs of its connection: *net.TCPConn, *net.UnixConn
// and *Raw have it.
type Conn interface {
	io.Reader
	io.Writer
	CloseWrite() error                 // shutdown of the write side: the peer sees EOF
	CloseRead() error                  // shutdown of the read side: a blocked Read returns
	SetReadDeadline(t time.Time) error // as net.Conn's
}

// Layered is a connection that can have another protocol above it, such as TLS.
type Layered interface {
	Conn
	// Beneath lets bytes that come in count as a sign of life only. That the peer
	// has said something is found out above, by who calls heard then.
	Beneath() (heard func())
}

// Session is one connection to handle.
type Session struct {
	Conn   Conn   // owned by the caller, who closes it
	QuitOn string // a line that starts with it ends the session; empty for none

	In, Out *atomic.Int64 // bytes from and to the peer, counted as they pass; never nil

	Forward *Forward // where to forward it; only for that handler
	Files   *Files   // where files are; only for those that take or send them
}

// Func handles one connection until its end. nil is a clean end; see ReasonOf
// for the rest. When it returns, nothing uses the connection any more.
type Func func(*Session) error

// Lookup finds a built-in handler by its name.
func Lookup(name string) (Func, bool) {
	switch name {
	case "echo":
		return echo, true
	case "discard":
		return discard, true
	case "chargen":
		return chargen, true
	case "daytime":
		return daytime, true
	case "time":
		return timeOfDay, true
	case forwarding:
		return forward, true
	case receiving:
		return receive, true
	case sending:
		return sendFiles, true
	}
	return nil, false
}

// Names lists the handlers of Lookup that need nothing but a connection.
func Names() []string { return []string{"echo", "discard", "chargen", "daytime", "time"} }

// Needs is what a handler needs besides its connection: those that do not forward
// it only send and receive.
func Needs(c *handoff.Config) sandbox.Needs {
	switch c.Handler {
	case forwarding:
		return forwardNeeds(&c.Forward)
	case receiving, sending:
		return fileNeeds(c)
	}
	return sandbox.Needs{}
}

// ClientSpeaksFirst reports whether a handler has nothing to do before the
// client's first byte, so that TCP_DEFER_ACCEPT (tcp(7)) costs nothing.
func ClientSpeaksFirst(name string) bool { return name == "echo" || name == "discard" }

// errQuit is the end that --quit-on asks for.
var errQuit = errors.New("quit")

// Expired is the error of a connection that a timer ended.
type Expired struct{ Reason handoff.Reason }

// Error names the timer.
func (e *Expired) Error() string { return e.Reason.String() + " timer expired" }

// Broken is the error of what is between a connection and its handler, such as TLS.
type Broken struct {
	Reason handoff.Reason
	Err    error
}

// Error is what is wrong.
func (e *Broken) Error() string { return e.Err.Error() }

// Unwrap is the error itself.
func (e *Broken) Unwrap() error { return e.Err }

// ReasonOf says why a handler that returned err ended. text is the error's text
// where the reason does not say it all.
func ReasonOf(err error) (reason handoff.Reason, text string) {
	if err == nil {
		return handoff.EOF, ""
	}
	if err == errQuit {
		return handoff.Quit, ""
	}
	if e, ok := errors.AsType[*Expired](err); ok {
		return e.Reason, ""
	}
	if e, ok := errors.AsType[*Broken](err); ok {
		return e.Reason, e.Error()
	}
	if e, ok := errors.AsType[*unreachedError](err); ok {
		return handoff.Unreached, e.Error()
	}
	if errors.Is(err, errCut) {
		return handoff.TLS, err.Error()
	}
	if socket.DeadPeer(err) {
		return handoff.DeadPeer, ""
	}
	if socket.ClassOf(err) == socket.Reset {
		return handoff.Reset, ""
	}
	return handoff.Error, err.Error()
}
