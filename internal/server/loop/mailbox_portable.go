//go:build !linux || portable

package loop

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"nettool/internal/socket"
)

// Mailbox is a datagram socket that belongs to a loop. Its goroutine takes one datagram
// at a time, and hands it to the loop. On a wildcard address nobody tells which of ours
// was asked: the system chooses where answers come from.
type Mailbox struct {
	Addr net.Addr

	loop   *Loop
	mail   Mail
	conn   *net.UDPConn
	local  netip.Addr
	polled bool
	closed bool
}

// Mailbox takes over a datagram socket, also when it fails.
func (l *Loop) Mailbox(p socket.Packet, mail Mail) (*Mailbox, error) {
	c, ok := p.(*net.UDPConn)
	if !ok {
		p.Close()
		return nil, errors.New("datagrams of unix sockets are served on Linux only")
	}
	m := &Mailbox{Addr: c.LocalAddr(), loop: l, mail: mail, conn: c}
	if ip := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr(); !ip.IsUnspecified() {
		m.local = ip.Unmap().WithZone("")
	}
	return m, nil
}

// Poll has what comes taken, from now on.
func (m *Mailbox) Poll() error {
	if !m.polled {
		m.polled = true
		go m.read()
	}
	return nil
}

// failurePause is how long nothing is read after an error.
const failurePause = 10 * time.Millisecond

// read is the mailbox's goroutine, until the socket is closed.
func (m *Mailbox) read() {
	buf := make([]byte, Largest)
	taken := make(chan struct{})
	for {
		n, from, err := m.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // of an earlier one, as systems have it that tell on any socket
			time.Sleep(failurePause)
			continue
		}
		m.loop.Post(func() {
			if !m.closed && from.Port() != 0 {
				m.mail.Take(m.envelope(from), buf[:n])
				m.mail.Taken()
			}
			taken <- struct{}{}
		})
		<-taken
	}
}

func (m *Mailbox) envelope(from netip.AddrPort) Envelope {
	ip := from.Addr().Unmap()
	e := Envelope{Local: m.local, Port: m.Addr.(*net.UDPAddr).AddrPort().Port(), Peer: netip.AddrPortFrom(ip.WithZone(""), from.Port())}
	if zone := ip.Zone(); zone != "" {
		if i, err := net.InterfaceByName(zone); err == nil {
			e.Index = uint32(i.Index)
		} else if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
			e.Index = uint32(n)
		}
	}
	return e
}

// Path is empty: there are no unix sockets.
func (m *Mailbox) Path() string { return "" }

// Settle takes nothing: what has come is on its way.
func (m *Mailbox) Settle() {}

// Leave takes no more.
func (m *Mailbox) Leave() { m.closed = true }

// Send sends a datagram. It is false for one that had no place.
func (m *Mailbox) Send(to Envelope, datagram []byte) bool {
	ip := to.Peer.Addr()
	if to.Index != 0 {
		ip = ip.WithZone(strconv.Itoa(int(to.Index)))
	}
	m.conn.SetWriteDeadline(time.Now().Add(failurePause))
	_, err := m.conn.WriteToUDPAddrPort(datagram, netip.AddrPortFrom(ip, to.Peer.Port()))
	return err == nil
}

// Quiet does nothing: there is no such word of ICMP.
func (m *Mailbox) Quiet() {}

// Flush has nothing to send.
func (m *Mailbox) Flush() {}

// File is a copy of the socket, for another process.
func (m *Mailbox) File() (*os.File, error) {
	return nil, errors.New("a socket is handed over on Linux only")
}

// LeaveFile does nothing: there is no file.
func (m *Mailbox) LeaveFile() {}

// Close closes the socket. It may be called again.
func (m *Mailbox) Close() error {
	m.closed = true
	m.conn.Close()
	return nil
}
