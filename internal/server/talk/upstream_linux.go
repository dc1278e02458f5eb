//go:build !portable

package talk

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// upstream is the backend of a forwarded conversation. In place of a pair's end it has a
// socket of its own, which is connected to the backend.
type upstream struct {
	to    string // its address
	tried int    // addresses of the routes, in order
	asked []byte // the last datagram, as long as there was no answer: for the next backend
}

// reach connects a conversation to the next address of its routes, if there is one; before
// is why the one before is none.
func (t *Talks) reach(k *Talk, before error) error {
	at := 0
	for _, route := range k.conn.Routes {
		if route.Why != "" {
			before = errors.New(route.Why)
		}
		for _, addr := range route.Addrs {
			if at++; at <= k.upstream.tried {
				continue
			}
			k.upstream.tried = at
			fd, err := t.dial(addr)
			if err != nil {
				before = fmt.Errorf("connect %s: %w", addr, err)
				continue
			}
			k.pair = pair{fd: fd, theirs: -1}
			if err := t.watch(k, unix.EPOLLIN); err != nil {
				unix.Close(fd)
				return err
			}
			if k.upstream.to = addr; at > 1 {
				t.host.Routed(k.conn, route.Backend)
			}
			return nil
		}
	}
	k.pair = pair{fd: -1, theirs: -1}
	return &unreachedError{before}
}

// dial makes a socket that speaks to an address.
func (t *Talks) dial(text string) (fd int, err error) {
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return -1, err
	}
	family := unix.AF_INET6
	if at.Addr().Is4() {
		family = unix.AF_INET
	}
	if fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return -1, err
	}
	if t.cfg.Source.IsValid() {
		err = unix.Bind(fd, sockaddr(netip.AddrPortFrom(t.cfg.Source, 0)))
	}
	if err == nil {
		err = unix.Connect(fd, sockaddr(at))
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func sockaddr(at netip.AddrPort) unix.Sockaddr {
	if at.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}
	}
	zone, _ := strconv.ParseUint(at.Addr().Zone(), 10, 32) // routes have numbers
	return &unix.SockaddrInet6{Addr: at.Addr().As16(), Port: int(at.Port()), ZoneId: uint32(zone)}
}

// gone goes on with the next backend when one has said that it is not there; when it has
// answered before, or there is no other, the conversation ends, and gone is false.
func (t *Talks) gone(k *Talk, why error) bool {
	why = fmt.Errorf("connect %s: %w", k.upstream.to, why)
	if k.out > 0 {
		t.end(k, handoff.Refused, why.Error())
		return false
	}
	t.shut(k)
	if err := t.reach(k, why); err != nil {
		t.end(k, reasonOf(err), err.Error())
		return false
	}
	if k.upstream.asked != nil {
		k.pair.send(k.upstream.asked)
	}
	return true
}
