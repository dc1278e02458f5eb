// Package relay moves bytes both ways between a connection and a pair of files:
// half-closes are honoured, nothing that was received is lost, and what was not
// delivered is counted.
package relay

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// DefaultLinger bounds how long the end of a session waits for bytes that the
// peer has not acknowledged, counted from the last sign of progress.
const DefaultLinger = 5 * time.Second

// datagramQuiet is AfterEOF's default for datagrams, whose peers never say that
// they are done.
const datagramQuiet = 2 * time.Second

// ErrStdoutGone means that nobody reads our output any more: the process should
// die by SIGPIPE.
var ErrStdoutGone = errors.New("nobody reads standard output any more")

// Session is one conversation: In goes to the peer, what the peer says goes to
// Out. The zero values of its options are the defaults, negative values are off.
type Session struct {
	Conn net.Conn // stream or datagram, TLS or not; Run closes it
	In   *os.File // nil: nothing is read (receive only)
	Out  *os.File // nil: what arrives is dropped (send only)

	Linger   time.Duration // default DefaultLinger
	Idle     time.Duration // no byte either way, while we wait for the peer; default off
	Deadline time.Duration // of the whole session; default off
	AfterEOF time.Duration // no byte received after In ended: success; default off, 2 s for datagrams

	// HalfCloseAfter is for how long without a received byte our side stays open
	// after the end of In: not at all, or, if negative, for ever.
	HalfCloseAfter time.Duration
	// HalfClosed is told that it was closed for that silence. It runs in the
	// goroutine of Run. Nil tells nobody.
	HalfClosed func()

	Delay         time.Duration // between the lines of In; default off
	DatagramLines bool          // a datagram is a line of In, not a read of it

	QuietEnd   bool // keep it open when In ends without a byte: a server's /dev/null has nothing to say, and must not end its client's upload
	FullDuplex bool // keep sending after the peer's end
	// AfterPeer bounds FullDuplex: after the peer's end it lasts to the end of a file, and for
	// a pipe or a socket until it has been silent for so long. Anything else, a terminal, ends
	// with the peer. Default without bound.
	AfterPeer time.Duration
	QuitOn    string // a line of In that starts with it is sent and ends the session

	// Outgoing sees every piece of In and returns what is sent instead, and what
	// is shown of it on Out. It runs in the sending goroutine and may return p
	// itself. Nil changes nothing.
	Outgoing func(p []byte) (wire, show []byte)
	// Incoming sees every piece that arrives and returns what is written to Out
	// instead, and whether the session has what it wants and ends. It runs in
	// the receiving goroutine and may return p itself. Nil changes nothing.
	Incoming func(p []byte) (out []byte, done bool)

	counts counts
}

// Reasons why a session ended.
const (
	ReasonEOF       = "eof"       // the peer closed its side
	ReasonDone      = "done"      // Incoming had what it wanted, or In was sent and Out was not wanted
	ReasonQuit      = "quit"      // a line that starts with QuitOn was sent
	ReasonAfterEOF  = "after_eof" // the peer was silent for AfterEOF
	ReasonReset     = "reset"     // the peer reset the connection
	ReasonTruncated = "truncated" // a TLS stream ended without close_notify
	ReasonIdle      = "idle"      // no byte for Idle
	ReasonMaxTime   = "max_time"  // Deadline
	ReasonDeadPeer  = "dead_peer" // the peer vanished
	ReasonRefused   = "refused"   // nobody takes our datagrams
	ReasonStdout    = "stdout"    // Out failed, or nobody reads it
	ReasonStdin     = "stdin"     // In failed
	ReasonCancelled = "cancelled" // the context ended
	ReasonError     = "error"     // anything else, such as a TLS alert
)

// Result is how a session went.
type Result struct {
	BytesIn     int64 // received
	BytesOut    int64 // handed to the kernel
	Undelivered int64 // taken from In, or waiting there, and not acknowledged
	Reason      string
	Elapsed     time.Duration
}

// counts are kept while the session runs.
type counts struct {
	in, out, taken atomic.Int64
	started        atomic.Int64 // UnixNano
	lastIn         atomic.Int64 // nanoseconds after started
	lastMove       atomic.Int64
	outBlocked     atomic.Bool // we wait for whoever reads Out, not for the peer
}

// Counts reports a session that runs; any goroutine may call it.
func (s *Session) Counts() (bytesIn, bytesOut int64) {
	return s.counts.in.Load(), s.counts.out.Load()
}

func (c *counts) now() int64 { return time.Now().UnixNano() - c.started.Load() }

// received notes n bytes from the peer.
func (c *counts) received(n int) {
	at := c.now()
	c.in.Add(int64(n))
	c.lastIn.Store(at)
	c.lastMove.Store(at)
}

// sent notes n bytes that the kernel took.
func (c *counts) sent(n int) {
	c.out.Add(int64(n))
	c.lastMove.Store(c.now())
}

// Run relays until the session is over and closes the connection. The error,
// nil for success, is an *exit.Error; ErrStdoutGone is in it when Out has no
// reader. A goroutine that the kernel holds in a read of In or a write to Out may
// outlive a session that ended for another reason.
func (s *Session) Run(ctx context.Context) (Result, error) {
	e, err := newEngine(s)
	if err != nil {
		s.Conn.Close()
		return Result{Reason: ReasonError}, err
	}
	e.launch()
	e.supervise(ctx)
	e.release()
	return e.result(), e.verdict()
}
