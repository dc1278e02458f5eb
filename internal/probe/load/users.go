package load

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"nettool/internal/clock"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/response"
	"nettool/internal/socket"
)

// user is one connection of the portable way, in a goroutine of its own: for TLS, and for
// systems without epoll(7).
type user struct {
	*lane
	number   int
	scan     scanner
	conn     net.Conn // nil is none
	buffer   []byte
	own      []byte // a request with bytes of its own (Verify)
	requests uint64
	freed    time.Duration // when it was done with the request before
	config   *tls.Config
}

// errBroken is a handshake that failed.
type errBroken struct{ error }

// driveUsers runs a goroutine for each connection.
func driveUsers(ctx context.Context, p *plan, lanes []*lane) {
	var users sync.WaitGroup
	for i := range p.Conns {
		u := &user{lane: lanes[i%len(lanes)], number: i, scan: scanner{Answer: p.Answer}, buffer: make([]byte, 16<<10)}
		if p.Target.TLS {
			u.config = p.Spec.TLSFor(p.Target)
		}
		users.Go(func() { u.run(ctx) })
	}
	users.Wait()
}

// run makes requests until there are no more, or ctx ends.
func (u *user) run(ctx context.Context) {
	defer u.drop()
	for ctx.Err() == nil {
		due, ok := u.claim(u.now())
		if !ok {
			return
		}
		if !clock.Sleep(ctx, due-u.now()) {
			u.locked(func() { u.givenUp(due, u.now()) })
			return
		}
		r := request{due: due, began: u.now(), free: u.freed <= due}
		u.locked(func() { u.begun(due, r.began, r.free) })
		o := u.request(ctx, &r)
		if ctx.Err() != nil {
			if u.Pattern != Idle {
				u.locked(func() { u.givenUp(due, u.now()) })
			}
			return
		}
		r.ended = u.now()
		u.freed = r.ended
		u.locked(func() { u.count(r, o) })
		if u.Pattern == Idle {
			u.stay(ctx, o)
			return
		}
		if o != attempt.OK && u.Rate <= 0 {
			clock.Sleep(ctx, rest)
		}
	}
}

// rest is how long a connection of a closed loop that has failed is left alone: a target
// that refuses would else be asked as fast as it can refuse.
const rest = 10 * time.Millisecond

func (u *user) locked(f func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f()
}

// request does what the pattern asks for.
func (u *user) request(ctx context.Context, r *request) attempt.Outcome {
	limited, cancel := context.WithTimeout(ctx, u.Spec.Limit())
	defer cancel()
	fresh := u.conn == nil
	if fresh {
		if err := u.dial(limited, r); err != nil {
			return outcome(err)
		}
	}
	if u.Pattern == Connect || u.Pattern == Idle {
		if u.Pattern == Connect {
			u.drop()
		}
		return attempt.OK
	}
	if now := u.now(); u.Pattern == RR && fresh {
		r.began = now // connecting belongs to no request, but to what one had to wait for
		if u.Rate <= 0 {
			r.due = now
		}
	}
	err := u.exchange(limited, r)
	if err != nil || u.Pattern != RR || u.scan.last() || u.scan.Closes() {
		u.drop()
	}
	return outcome(err)
}

// outcome is what an error of a request stands for.
func outcome(err error) attempt.Outcome {
	switch {
	case err == nil:
		return attempt.OK
	case errors.Is(err, errMore), errors.Is(err, errWrong), errors.Is(err, errStatus), response.Is(err):
		return attempt.Mismatch
	}
	if _, ok := errors.AsType[errBroken](err); ok && socket.ClassOf(err) == socket.Unclassified {
		return attempt.TLSError
	}
	return attempt.OutcomeOf(err)
}

// dial connects, and shakes hands.
func (u *user) dial(ctx context.Context, r *request) error {
	network, addr := "tcp", u.At.String()
	switch {
	case u.Target.Path != "":
		network, addr = u.Target.Network, u.Target.Path
	case !u.Target.Stream():
		network = "udp"
	}
	from := u.now()
	c, err := socket.DialOne(ctx, network, addr, u.Spec.From)
	if err != nil {
		return err
	}
	if c.LocalAddr().String() == c.RemoteAddr().String() && network == "tcp" {
		c.Close()
		return syscall.ECONNREFUSED // it is connected to itself: nobody listens
	}
	u.conn = c
	u.took(r, &u.Connected, u.now()-from)
	if t, ok := c.(*net.TCPConn); ok && u.Pattern != RR && u.Pattern != Idle {
		t.SetLinger(0) // closing it sends a reset: ports do not run out
	}
	if u.config == nil {
		return nil
	}
	from = u.now()
	secure := tls.Client(c, u.config)
	if err := secure.HandshakeContext(ctx); err != nil {
		u.drop()
		return errBroken{err}
	}
	u.conn = tlsConn{secure, c}
	u.took(r, &u.Handshake, u.now()-from)
	return nil
}

// tlsConn is TLS that is closed without a word: nobody waits for close_notify here.
type tlsConn struct {
	*tls.Conn
	under net.Conn
}

// Close closes the connection beneath.
func (c tlsConn) Close() error { return c.under.Close() }

// exchange sends a request, and receives its answer.
func (u *user) exchange(ctx context.Context, r *request) error {
	deadline, _ := ctx.Deadline()
	conn := u.conn
	conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	request, from := u.bytes(), u.now()
	u.scan.begin(len(request), u.own)
	if _, err := conn.Write(request); err != nil {
		return err
	}
	for first := true; ; first = false {
		n, err := conn.Read(u.buffer)
		if n > 0 && first {
			u.took(r, &u.FirstByte, u.now()-from)
		}
		done, wrong := u.scan.feed(u.buffer[:n])
		switch {
		case wrong != nil || done:
			return wrong
		case errors.Is(err, io.EOF) && u.scan.ended():
			u.drop()
			return nil
		case err != nil:
			return err
		}
	}
}

// bytes is the request.
func (u *user) bytes() []byte {
	if !u.Verify {
		return u.Request
	}
	if u.own == nil {
		u.own = make([]byte, len(u.Request))
	}
	u.requests++
	fill(u.own, uint64(u.number)<<40|u.requests)
	return u.own
}

// stay holds a connection of Idle, and asks it in the end.
func (u *user) stay(ctx context.Context, o attempt.Outcome) {
	u.stays(u.now())
	if o != attempt.OK {
		return
	}
	u.locked(func() { u.Open++ })
	ended := make(chan error, 1)
	go u.listen(ended)
	for tick := time.NewTicker(limitCheck); !u.letGo(u.now()) && ctx.Err() == nil; {
		select {
		case err := <-ended:
			tick.Stop()
			u.locked(func() { u.lost(outcome(err)) })
			return
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	u.conn.SetReadDeadline(time.Unix(1, 0))
	<-ended
	if o := u.last(ctx); o == attempt.OK {
		u.locked(func() { u.Open-- })
	} else {
		u.locked(func() { u.lost(o) })
	}
}

// listen reads what comes unasked, until the connection ends.
func (u *user) listen(ended chan<- error) {
	for {
		if _, err := u.conn.Read(u.buffer); err != nil {
			ended <- err
			return
		}
	}
}

// last asks a connection that was held.
func (u *user) last(ctx context.Context) attempt.Outcome {
	if u.Request == nil || ctx.Err() != nil {
		return attempt.OK
	}
	limited, cancel := context.WithTimeout(ctx, u.Spec.Limit())
	defer cancel()
	return outcome(u.exchange(limited, &request{}))
}

// limitCheck is how often it is looked whose time is up.
const limitCheck = 50 * time.Millisecond

// took notes how long a step took, of a request that counts.
func (u *user) took(r *request, h interface{ Add(time.Duration) }, d time.Duration) {
	if r.due >= u.Warmup {
		u.locked(func() { h.Add(d) })
	}
}

func (u *user) drop() {
	if u.conn != nil {
		u.conn.Close()
		u.conn = nil
	}
}
