package nc

import (
	"bytes"
	"io"
	"net"
	"net/netip"
)

// askedAtOnce is how many ports are asked about before the first has answered.
const askedAtOnce = 64

// answer is what there is to say about a port.
type answer struct {
	text bytes.Buffer
	open bool
	err  error // ends nc
}

// scan asks about the ports, many at once, and tells of them in their order.
func (r *run) scan() int {
	under := make(chan chan *answer, askedAtOnce)
	stop := make(chan struct{})
	defer close(stop)
	go r.askAll(under, stop)
	code := failure
	for one := range under {
		a := <-one
		io.Copy(r.told, &a.text)
		if a.err != nil {
			r.say("%v", a.err)
			return failure
		}
		if a.open {
			code = 0
		}
	}
	return code
}

// askAll begins to ask about one port after the other, as long as there is room under way.
func (r *run) askAll(under chan<- chan *answer, stop <-chan struct{}) {
	defer close(under)
	for _, port := range r.ports {
		one := make(chan *answer, 1)
		select {
		case under <- one:
			go r.askOne(port, one)
		case <-stop:
			return
		}
	}
}

func (r *run) askOne(port string, to chan<- *answer) {
	a := &answer{}
	asking := &run{r.flags, r.call, &a.text}
	var conn net.Conn
	if conn, a.open, a.err = asking.reach(port); conn != nil {
		conn.Close()
	}
	to <- a
}

// toItself reports whether a connection leads to this machine. Two questions whose ports
// are each other's may have met then, with nobody there (RFC 9293, simultaneous open); they
// do not meet again.
func toItself(conn net.Conn) bool {
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	peer, err2 := netip.ParseAddrPort(conn.RemoteAddr().String())
	return err == nil && err2 == nil && local.Addr() == peer.Addr()
}
