//go:build !linux || portable

package loop

import (
	"errors"
	"net"
	"os"
	"time"
)

// Listener is a listening socket that belongs to a loop. Its goroutine accepts one
// connection each time the loop asks it to, so that a client waits in the
// backlog until there is room for it.
type Listener struct {
	Addr net.Addr
	TLS  bool // what its sockets speak

	loop    *Loop
	inner   net.Listener
	turns   chan struct{} // each is for one connection
	arrived func()        // a connection waits in have
	polled  bool
	called  bool      // a call of arrived is posted
	out     bool      // the goroutine has a turn
	have    []arrival // accepted and not taken
	rest    func([]*Socket)
	until   time.Time // rest goes on
	closed  bool
}

// arrival is what an accept has brought.
type arrival struct {
	conn net.Conn
	err  error
}

const (
	// restPause is how long no connection must come in to end a backlog, and
	// restTime how long one may be.
	restPause = 50 * time.Millisecond
	restTime  = 2 * time.Second
	// nowTime bounds AcceptNow.
	nowTime = 10 * time.Millisecond
)

// Listen takes over a listener, also when it fails. arrived is called while
// connections wait and Poll says so.
func (l *Loop) Listen(inner net.Listener, arrived func(*Listener)) (*Listener, error) {
	ln := &Listener{Addr: inner.Addr(), loop: l, inner: inner, turns: make(chan struct{}, 1)}
	ln.arrived = func() { arrived(ln) }
	go ln.accept()
	return ln, nil
}

// accept is the listener's goroutine. It ends when turns is closed.
func (ln *Listener) accept() {
	for range ln.turns {
		conn, err := ln.inner.Accept()
		ln.loop.Post(func() { ln.came(arrival{conn, err}) })
	}
}

// turn lets the goroutine accept one connection.
func (ln *Listener) turn(deadline time.Time) {
	ln.setDeadline(deadline)
	if !ln.out {
		ln.out = true
		ln.turns <- struct{}{}
	}
}

func (ln *Listener) setDeadline(t time.Time) {
	if d, ok := ln.inner.(interface{ SetDeadline(time.Time) error }); ok {
		d.SetDeadline(t)
	}
}

// came takes what the goroutine has accepted.
func (ln *Listener) came(a arrival) {
	ln.out = false
	late := errors.Is(a.err, os.ErrDeadlineExceeded)
	switch {
	case ln.closed:
		a.close()
		return
	case !late:
		ln.have = append(ln.have, a)
	}
	switch {
	case ln.rest != nil:
		ln.restGoesOn(late || Dead(a.err) || Exhausted(a.err))
	case ln.polled && len(ln.have) > 0 && !ln.called:
		ln.arrived()
	}
}

func (a *arrival) close() {
	if a.conn != nil {
		a.conn.Close()
	}
}

// Poll turns the calls about connections that wait on or off. While they are on,
// it is called after each turn of the loop.
func (ln *Listener) Poll(on bool) error {
	changed := on != ln.polled
	ln.polled = on && !ln.closed
	switch {
	case ln.closed:
	case !on && changed && ln.out:
		ln.setDeadline(time.Unix(1, 0)) // its turn is over
	case on && len(ln.have) > 0:
		ln.callBack()
	case on && (changed || !ln.out):
		ln.turn(time.Time{})
	}
	return nil
}

// callBack calls arrived in the next turn of the loop.
func (ln *Listener) callBack() {
	if ln.called {
		return
	}
	ln.called = true
	ln.loop.Post(func() {
		ln.called = false
		if ln.polled {
			ln.arrived()
		}
	})
}

// Accept takes a connection, which is the caller's then, or returns ErrNone.
func (ln *Listener) Accept() (*Socket, error) {
	if len(ln.have) == 0 {
		return nil, ErrNone
	}
	a := ln.have[0]
	ln.have = ln.have[1:]
	if a.err != nil {
		return nil, a.err
	}
	return newSocket(a.conn, ln.TLS), nil
}

// AcceptNow is Accept for a caller who has just made room for one more. It waits
// a moment: with no descriptor free, some kernels say so whether or not a
// connection waits.
func (ln *Listener) AcceptNow() (*Socket, error) {
	if ln.out || len(ln.have) > 0 {
		return ln.Accept()
	}
	ln.setDeadline(time.Now().Add(nowTime))
	conn, err := ln.inner.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrNone
	}
	if err != nil {
		return nil, err
	}
	return newSocket(conn, ln.TLS), nil
}

// Rest takes the connections that wait already, as the last ones, and calls take
// with them, which are its then.
func (ln *Listener) Rest(take func([]*Socket)) {
	ln.polled, ln.rest, ln.until = false, take, time.Now().Add(restTime)
	ln.turn(time.Now().Add(restPause))
}

func (ln *Listener) restGoesOn(over bool) {
	if !over && time.Now().Before(ln.until) {
		ln.turn(time.Now().Add(restPause))
		return
	}
	var all []*Socket
	for _, a := range ln.have {
		if a.err == nil {
			all = append(all, newSocket(a.conn, ln.TLS))
		}
	}
	take := ln.rest
	ln.have, ln.rest = nil, nil
	take(all)
}

// File is a copy of the listening socket, for another process.
func (ln *Listener) File() (*os.File, error) {
	return nil, errors.New("a listener is handed over on Linux only")
}

// Close closes the listening socket, and deletes its file. Close may be called
// again.
func (ln *Listener) Close() error {
	if ln.closed {
		return nil
	}
	ln.closed, ln.polled = true, false
	err := ln.inner.Close()
	close(ln.turns)
	for _, a := range ln.have {
		a.close()
	}
	ln.have = nil
	return err
}

// Leave is Close.
func (ln *Listener) Leave() { ln.Close() }
