// Package server is the parent of serve: it accepts connections, decides who
// comes in, has each of them run, and writes down how it ended.
//
// There is one Server, and all its state belongs to one event loop (loop). From
// its start to its end it goes through phases (phase.go). A connection comes out
// of a listener (accept.go), passes the admission (admission.go) and goes to a
// runner, which is one of the ways to run it: in a warm child (pool), as the
// program itself (program), in a goroutine (threads), or joined to standard input
// and output (stdio). What the server and a runner say to each other is in run.
// When a connection has ended, the server frees its slot and writes the closing
// record (server.go). Around that are those whom the server obeys and tells:
// supervise, upgrade, status.
package server

import (
	"net"
	"net/netip"
	"os"
	"time"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/report"
	"nettool/internal/server/status"
	"nettool/internal/socket"
)

// DefaultKillAfter is how long a program has from SIGTERM to SIGKILL.
const DefaultKillAfter = 5 * time.Second

// Config says what to serve. Durations and numbers that can be off are negative
// then.
type Config struct {
	Addrs   []socket.Addr
	Options socket.Options

	Handler   string   // name of a built-in, or stdio, when Program is empty
	Program   []string // argv, argv[0] as typed
	Path      string   // the program's path, found at start
	InProcess bool     // goroutines instead of processes; built-ins only
	QuitOn    string
	Forward   Forward
	Files     Files
	Limits    handoff.Limits

	Datagrams Datagrams // of addresses with udp:

	TLS TLS // of addresses with tls:

	Admission     admit.Config // its Rules come from Rules
	Rules         Rules
	Reject        bool   // when full, accept and close instead of waiting
	RejectMessage string // sent to who is turned away
	Proxy         Proxy  // whose connections begin with a PROXY header
	Clients       Clients
	TCP6          bool // programs have PROTO=TCP6 for IPv6 (ucspi-tcp6), otherwise TCP for both

	Once     bool // serve one connection, then end as it ended
	MaxTotal int  // end after so many connections; zero is no limit

	Spare       int             // warm children that wait
	MaxRequests int             // connections per child
	Sandbox     handoff.Sandbox // of the children

	Prestart      int  // programs that wait for a connection
	PrestartHello bool // with Prestart: a PROXY header tells a program who its client is

	KeepFDs      []int         // descriptors that programs get, each as itself
	Account      bool          // TCP_INFO accounting of programs
	Grace        time.Duration // for connections to end by themselves when draining; negative is no limit
	KillAfter    time.Duration // from SIGTERM to SIGKILL; negative is never
	UpgradeGrace time.Duration // for connections to end after a successor has taken over; negative is no limit
	DrainDelay   time.Duration // from SIGTERM, which --admin and the agent tell at once, to the drain
	NoDrain      bool          // on SIGTERM end at once; children live on

	Stdin, Stdout *os.File // what the stdio handler joins its connection to

	Isolate isolate.Settings // what programs are kept from

	User, Group string        // what the server becomes once its sockets are open
	PIDFile     string        // filled when the server is ready, or empty
	Admin       *status.Admin // where to answer questions about the server, or nil
	Agent       []socket.Addr // where to answer HAProxy's agent checks

	Environ []string // environment of programs and children
	Stderr  string   // of programs: inherit, null, socket or log
	Log     *report.Log

	// Ready is called once the listeners are open and the spares are warm.
	Ready func(listening []net.Addr) error
}

// handlerName is what logs call the handler.
func (c *Config) handlerName() string {
	if len(c.Program) > 0 {
		return c.Program[0]
	}
	return c.Handler
}

// The models: ways to run connections, as logs name them.
const (
	pooled    = "pool"
	direct    = "direct"
	prepared  = "prepared" // direct, once a child has read a header, or behind one that relays
	inProcess = "in-process"
)

func (c *Config) model() string {
	switch {
	case c.InProcess || c.Handler == "stdio":
		return inProcess
	case len(c.Program) > 0 && (c.Proxy.any() || c.TLS.any() || c.Prestart > 0):
		return prepared
	case len(c.Program) > 0:
		return direct
	}
	return pooled
}

// relays reports whether a child is between a client and its program.
func (c *Config) relays(tls bool) bool { return c.model() == prepared && (tls || c.Prestart > 0) }

// children reports whether there are warm children.
func (c *Config) children() bool { return c.model() == pooled || c.model() == prepared }

// CheckSources reports rules and limits per source that are to apply to unix
// sockets: peers have no address there, and all would come in.
func (c *Config) CheckSources(unix bool) error {
	a := &c.Admission
	header, welcome := c.Proxy.expects(netip.Addr{})
	switch {
	case !unix || header:
		return nil
	case !welcome:
		return exit.Errorf(exit.Usage, "--proxy-protocol and a unix socket, whose clients have no address: name them as unix, there or in --proxy-protocol-optional")
	case c.Rules.any() || a.PerSource > 0 || a.SourceRate.N > 0:
		return exit.Errorf(exit.Usage, "--allow, --deny, --rules, --per-source and --source-rate go by addresses, which clients of unix sockets do not have; --socket-mode and --socket-owner say who may connect")
	}
	return nil
}
