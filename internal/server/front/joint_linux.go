//go:build !portable

package front

import (
	"cmp"
	"net"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/server/loop"
	"nettool/internal/server/program"
	"nettool/internal/server/run"
)

// joint is a connection that a child and a program have together: the child has the
// client's socket, the program has a socket that leads to the child.
type joint struct {
	// inner is our copy of the child's end of that. While we have it, nothing that
	// happens to the child is an end for the program.
	inner   int
	child   *run.Ending // once the child is done
	program *run.Ending // once the program has ended
}

// join gives a connection, whose child is prepared, its program.
func (f *Front) join(c *run.Conn) {
	if c.Forced() {
		f.children.Kill(c)
		return
	}
	inner, waiting := f.behind.Adopt(c)
	if !waiting {
		var err error
		if c.FD, inner, err = program.Pair(); err != nil {
			f.host.Short("join", err)
			c.Force(handoff.Error)
			f.children.Kill(c)
			return
		}
		f.behind.Run(c)
	}
	f.joints[c] = &joint{inner: inner}
	if f.hello {
		greet(inner, c)
	}
	f.children.Join(c, inner) // a child that has died is about to tell
}

// greet tells a program who its client is. There is room for it.
func greet(inner int, c *run.Conn) {
	unix.Sendto(inner, proxy.Header(1, address(c.Remote), address(c.Local)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, nil)
}

// address is that of one end for a header: nil for one that is not TCP's.
func address(p loop.Peer) net.Addr {
	if !p.Addr.IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(p.Addr)
}

// letGo closes our copy of the child's end.
func (j *joint) letGo() {
	if j.inner >= 0 {
		unix.Close(j.inner)
		j.inner = -1
	}
}

// childEnded notes that a child is done with a connection, and how. If that was no end
// in order, the program must not take it for one: it is told to end before it sees
// anything. Of a timer it sees the end, as without TLS.
func (f *Front) childEnded(c *run.Conn, e run.Ending) {
	j := f.joints[c]
	if j == nil {
		f.host.Ended(c, e)
		return
	}
	j.child = &e
	switch {
	case j.program != nil:
		f.ended(c, j)
	case e.Reason == handoff.EOF:
		j.letGo()
	case e.Reason.Timer() && !c.Forced():
		j.letGo()
		f.host.Expire(c, e.Reason)
	default:
		f.host.Abort(c, e.Reason)
	}
}

// programEnded notes that a program has ended, and how. What it has said is on its way
// to the client still.
func (f *Front) programEnded(c *run.Conn, e run.Ending) {
	j := f.joints[c]
	if j == nil {
		f.host.Ended(c, e)
		return
	}
	j.program = &e
	j.letGo()
	if j.child != nil {
		f.ended(c, j)
	}
}

// ended makes one closing record of two: the program's, with what the child has
// counted. Why the client's connection failed counts more than how the program took
// it.
func (f *Front) ended(c *run.Conn, j *joint) {
	delete(f.joints, c)
	e, child := *j.program, j.child
	e.Duration = max(e.Duration, child.Duration)
	e.Counted, e.BytesIn, e.BytesOut = child.Counted, child.BytesIn, child.BytesOut
	e.WireIn, e.WireOut = child.WireIn, child.WireOut
	e.RTT, e.Retrans = child.RTT, child.Retrans
	if child.Reason != handoff.EOF {
		e.Reason = c.Cause(child.Reason)
	}
	e.Err = cmp.Or(child.Err, e.Err)
	f.host.Ended(c, e)
}
