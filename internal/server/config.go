// Package server is the parent of serve: it accepts connections, decides who
// comes in, gives each to a process of its own, and writes down how it ended.
//
// One interface, runner, has the ways to run a connection: warm children for
// the built-in handlers (pool_linux.go), and the program itself
// (program_linux.go). The in-process model has goroutines instead
// (inprocess.go).
package server

import (
	"net"
	"net/netip"
	"os"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// Config says what to serve. Zero values are the documented defaults where
// Defaults fills them.
type Config struct {
	Addrs   []socket.Addr
	Options socket.Options

	Handler   string   // name of a built-in, when Program is empty
	Program   []string // argv, argv[0] as typed
	Path      string   // the program's path, found at start
	InProcess bool     // goroutines instead of processes; built-ins only
	QuitOn    string
	Limits    handoff.Limits

	Admission     admit.Config // its Rules come from Rules
	Rules         Rules
	Reject        bool   // when full, accept and close instead of waiting
	RejectMessage string // sent to who is turned away

	Once     bool // serve one connection, then end as it ended
	MaxTotal int  // end after so many connections; zero is no limit

	Spare       int // warm children that wait
	MaxRequests int // connections per child

	Account      bool          // TCP_INFO accounting of programs
	Grace        time.Duration // for connections to end by themselves when draining
	KillAfter    time.Duration // from SIGTERM to SIGKILL
	UpgradeGrace time.Duration // for connections to end after a successor has taken over; zero is no limit
	NoDrain      bool          // on SIGTERM end at once; children live on

	Stdin, Stdout *os.File // what the stdio handler joins its connection to

	User, Group string // what the server becomes once its sockets are open
	PIDFile     string // filled when the server is ready, or empty
	Admin       *Admin // where to answer questions about the server, or nil

	Environ []string // environment of programs and children
	Stderr  string   // of programs: inherit, null or socket
	Log     *report.Log

	lowered bool // MaxConns, for lack of descriptors

	// Ready is called once the listeners are open and the spares are warm.
	Ready func(listening []net.Addr) error

	heir     *heir
	identity *identity
	herald   *herald
	desk     *desk
}

// handlerName is what logs call the handler.
func (c *Config) handlerName() string {
	if len(c.Program) > 0 {
		return c.Program[0]
	}
	return c.Handler
}

// model names the way connections are run, for the log.
func (c *Config) model() string {
	switch {
	case c.InProcess || c.Handler == "stdio":
		return "in-process"
	case len(c.Program) > 0:
		return "direct"
	}
	return "pool"
}

// source is the address that limits count a connection by: invalid for unix
// sockets.
func source(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
