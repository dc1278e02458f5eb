// Package run is what the server and its runners say to each other. The server
// decides who comes in, when a connection must end, and what is written down
// about it; a runner only runs connections: in warm children (pool), as the
// program itself (program), in goroutines of the server (threads), or joined to
// standard input and output (threads, too).
package run

import (
	"log/slog"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/server/loop"
)

// Runner is a way to run connections. Its methods are called in the event loop,
// and it calls Host.Ended there, once for each connection.
type Runner interface {
	// Warm prepares. ready is called once connections can be run.
	Warm(ready func()) error
	// Run takes over a connection and its socket. It begins with the next Flush:
	// what came in together is started together.
	Run(c *Conn)
	Flush()
	// Stop tells who has the connection to end (SIGTERM for a program), Kill ends
	// it. What has nothing to tidy up is ended by both.
	Stop(c *Conn)
	Kill(c *Conn)
	// End kills every process that is left, whether or not it has a connection.
	End()
	// Collect ends the connections whose runs are over, and which the loop has not
	// heard of yet.
	Collect()
	// Inspect calls visit for each connection with what is known about it now.
	Inspect(visit func(*Conn, Live))
	// Gauge fills in how many processes there are, by state.
	Gauge(g *Gauges)
	// Retire ends what is idle. Connections go on.
	Retire()
	// Stuck reports whether no connection can be run for a while, for lack of
	// processes or memory.
	Stuck() bool
	// Owns reports whether a process is the runner's: it reaps it.
	Owns(pid int) bool
	// Left is how many processes, or goroutines, are not over yet.
	Left() int
	// Close ends the runner's own goroutines.
	Close()
}

// Host is what a runner sees of the server.
type Host interface {
	Loop() *loop.Loop
	// Limit is how many connections there may be at the same time.
	Limit() int
	// Waiting reports whether connections wait for a slot.
	Waiting() bool
	// Opened notes that the connection is being run now.
	Opened(c *Conn)
	// Routed notes that the connection has reached another backend than that of the
	// first of its routes.
	Routed(c *Conn, backend int)
	// Room decides whether the connection may bring so many bytes of files more, and
	// calls answer, now or later, with the cause when it may not.
	Room(c *Conn, bytes int64, answer func(cause string))
	// Filed notes that the connection has brought a file, or has not, and calls noted
	// when it may bring the next one.
	Filed(c *Conn, f *handoff.Filed, noted func())
	// Ended frees the connection's slot and writes its closing record. The runner
	// has closed the socket, or given it away.
	Ended(c *Conn, e Ending)
	// Identify gives an anonymous connection what its header says, and decides about
	// it. With a cause it is to be turned away.
	Identify(c *Conn, h proxy.Received) admit.Cause
	// TurnAway frees the slot of an anonymous connection and writes down why: the
	// cause, and what is wrong with its header. The client is told if its socket is
	// still there, and closed.
	TurnAway(c *Conn, cause admit.Cause, why string)
	// Expire ends a connection whose socket the runner has a copy of: a timer has
	// run out.
	Expire(c *Conn, reason handoff.Reason)
	// Abort ends a connection whose program must not take what has come for all there
	// was: it gets SIGTERM now, and SIGKILL if it does not go.
	Abort(c *Conn, reason handoff.Reason)
	// Short says once that something has run out.
	Short(doing string, err error)
	// Spawned counts a process that has started, or could not be.
	Spawned(err error)
	// Fail ends the server: no connection can be run any more.
	Fail(err error)
	// ChildExit writes down that a child has ended that nobody had told to.
	ChildExit(attrs ...slog.Attr)
}

// Gauges are the numbers that go up and down.
type Gauges struct {
	State    string // starting, ready, full or draining
	Open     int
	Limit    int
	Waiting  int // of the open ones: for a process
	Idle     int // children
	Busy     int // children, or programs
	Starting int
}
