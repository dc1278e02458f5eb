package handler

import (
	"io"
	"sync"
	"sync/atomic"

	"nettool/internal/handoff"
)

// lingerer can be made to reset its connection when it is closed: SO_LINGER,
// socket(7).
type lingerer interface{ SetLinger(seconds int) error }

// joint is a session in which one goroutine moves the client's bytes, and another
// one the backend's.
type joint struct {
	client  StreamConn
	backend streamCloser
	timers  *timers

	mu   sync.Mutex
	side handoff.Side // of the first end
	err  error        // the first one, of all but the ends that were passed on
}

// streamFlow is one direction.
type streamFlow struct {
	from, to         StreamConn // without timers
	reader           io.Reader  // from and to with timers
	writer           io.Writer
	timers           *timers
	fromSide, toSide handoff.Side
	in, out          *atomic.Int64 // what is counted as it is read, or written; or nil
	client           bool          // it is the client's
	ended            func()        // from has ended
}

// joinStreams moves bytes both ways until both have ended. What the client's end is
// left with is its owner's; the backend's is closed when the session fails.
func joinStreams(s *Session, client StreamConn, backend streamCloser, t *timers) error {
	j := &joint{client: client, backend: backend, timers: t}
	up := &streamFlow{
		from: client, to: backend, timers: t, in: s.In, client: true,
		fromSide: handoff.Client, toSide: handoff.Backend,
	}
	down := &streamFlow{
		from: backend, to: client, timers: t, out: s.Out,
		fromSide: handoff.Backend, toSide: handoff.Client,
	}
	up.reader, down.writer = j.timed(client, false), j.timed(client, false)
	down.reader, up.writer = j.timed(backend, true), j.timed(backend, true)
	up.ended = func() { j.note(handoff.Client, nil) }
	down.ended = func() { j.note(handoff.Backend, nil) }
	var both sync.WaitGroup
	both.Go(func() { j.sendUp(up) })
	j.sendDown(down)
	both.Wait()
	s.Forward.Side = j.side
	j.abort()
	return j.err
}

// timed applies the timers to a connection; one over TLS has them below.
func (j *joint) timed(c StreamConn, backend bool) Conn {
	if _, secured := c.(securedConn); secured || !j.timers.set {
		return c
	}
	return &timedConn{StreamConn: c, timers: j.timers, backend: backend}
}

// sendUp moves the client's bytes. When the backend does not take them, what it has
// said may still be on its way.
func (j *joint) sendUp(f *streamFlow) {
	side, err := f.run()
	j.note(side, err)
	if _, secured := f.to.(securedConn); err != nil && (side != handoff.Backend || secured) {
		j.backend.Close()
	}
}

// sendDown moves the backend's bytes.
func (j *joint) sendDown(f *streamFlow) {
	side, err := f.run()
	j.note(side, err)
	if err != nil {
		j.backend.Close()
		j.client.CloseRead()
	}
}

// note keeps what happened first.
func (j *joint) note(side handoff.Side, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil && (err != nil || j.side == handoff.Neither) {
		j.side, j.err = side, err
	}
}

// abort has the client of a session that has failed see a reset: what it has is not
// all there was. Of a timer it sees the end.
func (j *joint) abort() {
	if j.err == nil || isExpired(j.err) {
		return
	}
	if j.side == handoff.Backend {
		deliverStream(j.client)
	}
	if l, ok := j.client.(lingerer); ok {
		l.SetLinger(0)
	}
}

// run moves bytes until their end, which it passes on, or an error.
func (f *streamFlow) run() (handoff.Side, error) {
	side, err := f.pass()
	if err == io.EOF {
		f.ended() // before the other side can see it
		f.to.CloseWrite()
		return f.fromSide, nil
	}
	if l, ok := f.to.(lingerer); ok && f.client {
		l.SetLinger(0) // the backend must not take what it has for all there was
	}
	return sideOf(err, side), err
}

// pass moves bytes. The error is never nil.
func (f *streamFlow) pass() (handoff.Side, error) {
	if side, err := f.splice(); err != nil {
		return side, err
	}
	buf := borrow()
	defer func() { release(buf) }()
	for {
		n, err := f.reader.Read(buf)
		count(f.in, n)
		if werr := f.send(buf[:n]); werr != nil {
			return f.toSide, werr
		}
		if err != nil {
			return f.fromSide, err
		}
		buf = grown(buf, n)
	}
}

// send writes all of b.
func (f *streamFlow) send(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := f.writer.Write(b)
	count(f.out, n)
	return err
}

func count(to *atomic.Int64, n int) {
	if to != nil {
		to.Add(int64(n))
	}
}
