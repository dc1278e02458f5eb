package load

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/probe/attempt"
)

// state is what a connection of a poller is doing.
type state uint8

const (
	ready      state = iota // nothing; it may be open, and may not
	connecting              // a connect(2) goes on
	sending                 // part of a request is still to be sent
	answering               // the answer is awaited
	staying                 // it is held open (Idle)
	gone                    // and was let go
)

// conn is a connection, and the request that it has now.
type conn struct {
	scanner
	number   int32
	fd       int   // -1 is none
	epoch    int32 // tells its events from those of one that had the same place
	watched  uint32
	state    state
	free     bool // it was, when the request was due
	open     bool // it is connected
	first    bool // the first byte of the answer has come
	sent     int
	due      time.Duration
	began    time.Duration // the request, or connecting for it
	asked    time.Duration // when the request was sent
	rests    time.Duration // until then
	freed    time.Duration // when it was done with the request before
	own      []byte        // request with bytes of its own (Verify)
	requests uint64
}

// start begins a request that is due, on a connection that is open already if it can be.
func (w *poller) start(c *conn, now time.Duration) {
	c.free = c.freed <= w.due
	c.due, c.began, c.first = w.due, now, false
	w.begun(c.due, now, c.free)
	w.busy++
	switch {
	case c.fd < 0:
		w.dial(c)
	case w.Pattern == RR:
		w.ask(c)
	default: // cut, and ready for another
		c.state, c.open = connecting, false
		w.connect(c)
	}
}

// dial begins to connect.
func (w *poller) dial(c *conn) {
	fd, err := w.to.socket()
	if err != 0 {
		w.finish(c, attempt.OutcomeOf(err))
		return
	}
	c.fd, c.watched, c.epoch, c.state, c.open = fd, 0, c.epoch+1, connecting, false
	w.prepare(c)
	if err := w.Spec.From.BindFD(fd, w.At.Addr()); err != nil {
		w.finish(c, attempt.OutcomeOf(err))
		return
	}
	w.connect(c)
}

// connect begins to connect a socket.
func (w *poller) connect(c *conn) {
	switch err := w.to.connect(c.fd); err {
	case 0:
		w.established(c)
	case unix.EINPROGRESS:
		if w.Pattern == CRR { // the first send tells as much as another connect
			w.ask(c)
			return
		}
		w.connected(c)
	case unix.EAGAIN:
		w.connected(c)
	default:
		w.finish(c, attempt.OutcomeOf(err))
	}
}

// prepare sets options. Where a connection is made for each request, close(2) sends a
// reset, so that ports do not run out; of very many that stay, each source address has
// some only.
func (w *poller) prepare(c *conn) {
	if w.to.domain == unix.AF_UNIX || w.to.kind != unix.SOCK_STREAM {
		return
	}
	switch w.Pattern {
	case Connect, CRR:
		resets(c.fd)
	case RR:
		option(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	case Idle:
		if w.to.domain == unix.AF_INET && w.At.Addr().IsLoopback() && w.Conns > perSource && !w.Spec.From.Source.IsValid() {
			w.rotate(c)
		}
	}
}

// perSource is how many connections one source address has: ports are fewer than 2¹⁶.
const perSource = 20_000

// rotate binds to one of many addresses of this machine.
func (w *poller) rotate(c *conn) {
	option(c.fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	from := unix.SockaddrInet4{Addr: [4]byte{127}}
	binary.BigEndian.PutUint32(from.Addr[:], 0x7f000002+uint32(w.next.Load()/perSource))
	_ = unix.Bind(c.fd, &from) // else the kernel chooses, and tells when there is no port left
}

// connected asks how a connect(2) goes that has not ended at once.
func (w *poller) connected(c *conn) {
	err := failure(c.fd)
	if err == 0 {
		err = w.to.connect(c.fd)
	}
	switch err {
	case 0, unix.EISCONN:
		w.established(c)
	case unix.EINPROGRESS, unix.EALREADY:
		w.watch(c, unix.EPOLLIN|unix.EPOLLOUT)
	case unix.EAGAIN: // a unix socket's: the backlog is full, and nothing tells when it is not
		w.full.push(c.number)
	default:
		w.finish(c, attempt.OutcomeOf(err))
	}
}

// established is a connection that is there.
func (w *poller) established(c *conn) {
	now := w.now()
	if !w.opened(c, now) {
		return
	}
	switch w.Pattern {
	case Connect, Idle:
		w.finish(c, attempt.OK)
	case RR:
		if w.Rate <= 0 {
			c.due, c.began = now, now // connecting belongs to no request
		}
		w.ask(c)
	default:
		w.ask(c)
	}
}

// opened notes how long connecting took, and refuses a connection to itself: with nobody
// listening, the kernel may have chosen the target's own port. That cannot be while the
// target answers, and so it is looked for until it does, and after a refusal.
func (w *poller) opened(c *conn, now time.Duration) bool {
	if !w.answers && w.to.kind == unix.SOCK_STREAM && w.to.domain != unix.AF_UNIX && itself(c.fd) {
		w.finish(c, attempt.Refused)
		return false
	}
	c.open = true
	if c.due >= w.Warmup {
		w.Connected.Add(now - c.began)
	}
	return true
}

// ask sends the request.
func (w *poller) ask(c *conn) {
	c.sent, c.first, c.state, c.asked = 0, false, sending, w.now()
	if w.Pattern == RR || w.Pattern == Idle {
		c.began = c.asked // it was connected already
	}
	c.begin(len(w.Request), w.bytes(c))
	w.send(c)
}

// bytes gives a request bytes of its own, when they have to come back.
func (w *poller) bytes(c *conn) []byte {
	if !w.Verify {
		return nil
	}
	if c.own == nil {
		c.own = make([]byte, len(w.Request))
	}
	c.requests++
	fill(c.own, uint64(c.number)<<40|c.requests)
	return c.own
}

// send sends what is left of the request.
func (w *poller) send(c *conn) {
	request := w.Request
	if w.Verify {
		request = c.own
	}
	for c.sent < len(request) {
		n, err := send(c.fd, request[c.sent:])
		switch err {
		case 0:
			if !c.open && !w.opened(c, c.asked) {
				return
			}
			c.sent += n
		case unix.EAGAIN, unix.ENOTCONN:
			w.watch(c, unix.EPOLLIN|unix.EPOLLOUT)
			return
		case unix.EINTR:
		default:
			w.finish(c, attempt.OutcomeOf(err))
			return
		}
	}
	c.state = answering
	w.watch(c, unix.EPOLLIN)
}

// receive takes what has come. all tells that something comes behind it: the end, or an
// error.
func (w *poller) receive(c *conn, all bool) {
	for c.fd >= 0 {
		n, err := receive(c.fd, w.buffer[:])
		switch {
		case err == unix.EAGAIN:
			return
		case err == unix.EINTR:
			continue
		case err != 0:
			w.ended(c, attempt.OutcomeOf(err))
			return
		case n == 0 && w.to.kind == unix.SOCK_STREAM:
			w.ended(c, attempt.ClosedEarly)
			return
		}
		w.feed(c, w.buffer[:n])
		if n < len(w.buffer) && !all {
			return
		}
	}
}

// feed takes bytes of an answer. What comes unasked is an answer to nothing.
func (w *poller) feed(c *conn, b []byte) {
	switch c.state {
	case staying:
		return // a greeting
	case ready:
		w.drop(c)
		return
	}
	now := w.now()
	if !c.first {
		c.first = true
		if c.due >= w.Warmup {
			w.FirstByte.Add(now - c.asked)
		}
	}
	done, err := c.scanner.feed(b)
	switch {
	case err != nil:
		w.finishAt(c, attempt.Mismatch, now)
	case done:
		w.finishAt(c, attempt.OK, now)
	}
}

// ended is the end of a connection, which may be the end of an answer.
func (w *poller) ended(c *conn, o attempt.Outcome) {
	switch {
	case c.state == ready:
		w.drop(c) // the next request connects again
	case c.state == staying:
		w.held--
		w.lost(o)
		w.drop(c)
		c.state = gone
	case o == attempt.ClosedEarly && c.scanner.ended():
		w.finish(c, attempt.OK)
		w.drop(c)
	default:
		w.finish(c, o)
	}
}

// finish counts a request that ends now, and frees its connection.
func (w *poller) finish(c *conn, o attempt.Outcome) { w.finishAt(c, o, w.now()) }

// finishAt is finish for a request that has just ended.
func (w *poller) finishAt(c *conn, o attempt.Outcome, now time.Duration) {
	w.busy--
	w.answers = o == attempt.OK || w.answers && o != attempt.Refused
	if w.Pattern == Idle {
		w.idle(c, o, now)
		return
	}
	w.count(request{c.due, c.began, now, c.free}, o)
	switch {
	case o == attempt.OK && w.reuse && cut(c.fd) == 0:
	case w.Pattern != RR || o != attempt.OK || c.last() || c.Closes():
		w.drop(c)
	}
	c.state, c.freed = ready, now
	if o != attempt.OK && w.Rate <= 0 {
		c.rests = now + rest
		w.resting.push(c.number)
		return
	}
	w.free.push(c.number)
}

// idle counts a connection that is there, one that will not be, or one that was asked in
// the end.
func (w *poller) idle(c *conn, o attempt.Outcome, now time.Duration) {
	switch {
	case c.state == connecting:
		w.count(request{c.due, c.began, now, true}, o)
		w.stays(now)
		if o == attempt.OK {
			w.held, w.Open, c.state = w.held+1, w.Open+1, staying
			w.watch(c, unix.EPOLLIN)
			return
		}
	case o == attempt.OK:
		w.Open--
	default:
		w.lost(o)
	}
	w.drop(c)
	c.state = gone
}

// drop closes a connection.
func (w *poller) drop(c *conn) {
	if c.fd >= 0 {
		closeFD(c.fd)
		c.fd = -1
	}
}
