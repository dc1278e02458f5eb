package nc

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"nettool/internal/exit"
	"nettool/internal/interrupt"
	"nettool/internal/relay"
	"nettool/internal/tap"
	"nettool/internal/telnet"
)

// quietEnd is for how long a pipe that is standard input may be silent behind a client's
// end: longer than a program that is writing pauses, and not so long that a script whose
// standard input never ends waits for nothing.
const quietEnd = time.Second

// converse relays between a connection, which it closes, and standard input and output.
func (r *run) converse(conn net.Conn) (code int) {
	if r.pass && !r.listen {
		return r.passOn(conn)
	}
	s := &relay.Session{
		Conn: conn, In: r.call.Stdin, Out: r.call.Stdout,
		Delay: r.interval, AfterEOF: -1, HalfCloseAfter: -1, FullDuplex: true,
	}
	if r.noStdin {
		s.In = nil
	}
	if r.timeout >= 0 {
		s.Idle = max(r.timeout, shortest)
	}
	if r.shutdown || r.quit >= 0 {
		s.HalfCloseAfter = 0
	}
	if r.quit > 0 {
		s.AfterEOF = r.quit
	}
	if r.listen {
		s.AfterPeer = quietEnd
	}
	stop := r.hook(s)
	defer stop()
	result, err := s.Run(context.Background())
	return r.ended(conn, result, err)
}

// hook has what is sent and received changed and counted, as the flags say. stop must be
// called.
func (r *run) hook(s *relay.Session) (stop func()) {
	stop = func() {}
	left := r.most
	incoming := func(p []byte) []byte { return p }
	if r.telnet {
		filter, done := telnet.New(), make(chan struct{})
		go filter.Answer(s.Conn.Write, done)
		stop = func() { close(done) }
		incoming = filter.Received
	}
	if r.crlf {
		convert := tap.CRLF()
		s.Outgoing = func(p []byte) (wire, show []byte) { return convert(p), nil }
	}
	if r.telnet || left > 0 {
		s.Incoming = func(p []byte) (out []byte, done bool) {
			left--
			return incoming(p), left == 0
		}
	}
	return stop
}

// ended tells how a conversation went: with -w its silence is its end, as the peer's end is.
func (r *run) ended(conn net.Conn, result relay.Result, err error) (code int) {
	switch {
	case errors.Is(err, relay.ErrStdoutGone):
		interrupt.BrokenPipe(r.call.Stdout)
		return int(exit.Of(err))
	case result.Reason == relay.ReasonIdle && result.Undelivered == 0, err == nil:
		return 0
	}
	lost := ""
	if result.Undelivered > 0 {
		lost = " (" + strconv.FormatInt(result.Undelivered, 10) + " bytes were not acknowledged)"
	}
	r.say("%s: %s%s", conn.RemoteAddr(), reason(err), lost)
	return failure
}
