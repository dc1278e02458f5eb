package relay

import (
	"io"
	"net"
	"time"
)

// Joined is what Join moved.
type Joined struct {
	AToB, BToA int64 // bytes
}

// Join copies a to b and b to a. Each direction is half-closed when its source
// ends; Join returns when both have ended, with the first failure. A failure
// ends both. The caller closes the connections.
func Join(a, b net.Conn) (Joined, error) {
	var j Joined
	errs := make(chan error, 2)
	go oneWay(b, a, &j.AToB, errs)
	go oneWay(a, b, &j.BToA, errs)
	first := <-errs
	if first != nil {
		past := time.Unix(1, 0)
		a.SetDeadline(past)
		b.SetDeadline(past)
	}
	second := <-errs
	if first == nil {
		first = second
	}
	return j, first
}

func oneWay(dst, src net.Conn, n *int64, errs chan<- error) {
	var err error
	*n, err = io.Copy(dst, src)
	if err == nil {
		if c, ok := dst.(closeWriter); ok {
			c.CloseWrite() // a peer that has gone shows in the other direction
		}
	}
	errs <- err
}
