package nc

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"nettool/internal/services"
	"nettool/internal/socket"
)

// shortest is what a timeout of no seconds is: time enough for a neighbour.
const shortest = 100 * time.Millisecond

// options are those of a socket that is to connect to peer, or, if that is not valid, to
// listen.
func (r *run) options(peer netip.Addr) (o socket.Options, err error) {
	if r.ttl == 0 {
		return o, errors.New("set IP TTL: " + reason(syscall.EINVAL))
	}
	o = socket.Options{
		RcvBuf: r.rcvbuf, SndBuf: r.sndbuf, TTL: max(r.ttl, 0), MinTTL: r.minTTL, TOS: r.tos,
		Broadcast: r.broadcast && r.udp, Debug: r.debug, MD5: r.md5,
	}
	if peer.IsValid() {
		o.Source, err = r.local(peer)
	} else {
		o.ReusePort = runtime.GOOS == "linux"
	}
	return o, err
}

// local is the address of -s, of the family of the peer, and the port of -p.
func (r *run) local(peer netip.Addr) (at netip.AddrPort, err error) {
	port, err := r.port(r.sourcePort)
	if err != nil || !r.sourced {
		return netip.AddrPortFrom(netip.Addr{}, port), err
	}
	network := r.transport() + "6"
	if peer.Is4() {
		network = r.transport() + "4"
	}
	all, err := r.lookup(network, r.source, strconv.Itoa(int(port)))
	if err != nil {
		return at, gaiError("", r.source, err)
	}
	return all[0], nil
}

// port reads a port, which may have a name; 0, or none, leaves it to the system.
func (r *run) port(text string) (uint16, error) {
	if text == "" {
		return 0, nil
	}
	if port, err := strconv.ParseUint(text, 10, 16); err == nil {
		return uint16(port), nil
	}
	if port, ok := services.System().Port(text, r.transport()); ok {
		return port, nil
	}
	return 0, errors.New("getaddrinfo: Servname not supported for ai_socktype")
}

// gaiError is a lookup of a host that failed; of says what was looked up.
func gaiError(of, host string, err error) error {
	return fmt.Errorf("getaddrinfo%s: %s", of, lookupReason(host, err))
}

// fatal is what ends nc of an attempt's error: what no other address can cure. It is nil
// for what the peer or the network said.
func fatal(err error) error {
	if call, ok := errors.AsType[*os.SyscallError](err); ok && call.Syscall == "bind" {
		return fmt.Errorf("bind failed: %s", reason(err))
	}
	if _, ok := socket.FailedOption(err); ok {
		return errors.New(reason(err))
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return nil
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return nil
	}
	return err
}
