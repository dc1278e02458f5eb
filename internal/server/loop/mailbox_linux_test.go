//go:build !portable

package loop

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"nettool/internal/socket"
)

// mailbox opens a mailbox on an address in a loop of its own.
func mailbox(t *testing.T, address string, mail Mail) (*Loop, *Mailbox) {
	t.Helper()
	a, err := socket.Parse("udp:" + address)
	if err != nil {
		t.Fatal(err)
	}
	conns, err := socket.ListenPacket(context.Background(), a, socket.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	m, err := l.Mailbox(conns[0], mail)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if err := m.Poll(); err != nil {
		t.Fatal(err)
	}
	return l, m
}

// until runs a loop until done says so.
func until(t *testing.T, l *Loop, done func() bool) {
	t.Helper()
	late := false
	l.After(time.Minute, func() { late = true })
	if err := l.Run(func() bool { return late || done() }, func() {}); err != nil || late {
		t.Fatalf("%v, late: %v", err, late)
	}
}

// TestMailbox: what comes to a wildcard address is answered from where it was sent to, by
// both families; and what ICMP says of an answer is told with the same envelope.
func TestMailbox(t *testing.T) {
	t.Parallel()
	var refused []Envelope
	var came []Envelope
	var m *Mailbox
	l, m := mailbox(t, ":0", Mail{
		Take: func(e Envelope, datagram []byte) {
			came = append(came, e)
			m.Send(e, datagram)
		},
		Taken:   func() {},
		Refused: func(e Envelope, err error) { refused = append(refused, e) },
		Lost:    func(e Envelope, err error) { t.Errorf("lost: %v, %v", e, err) },
	})
	port := m.Addr.(*net.UDPAddr).Port
	for _, to := range []string{"127.0.0.5", "::1"} {
		came, refused = nil, nil
		c, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP(to), Port: port})
		if err != nil {
			t.Skipf("no such family: %v", err)
		}
		big := bytes.Repeat([]byte{'x'}, 60_000)
		for _, datagram := range [][]byte{[]byte("hello"), {}, big} {
			if _, err := c.Write(datagram); err != nil {
				t.Fatal(err)
			}
			n := len(came)
			until(t, l, func() bool { return len(came) > n })
			got := make([]byte, Largest)
			c.SetReadDeadline(time.Now().Add(time.Minute))
			if n, err := c.Read(got); err != nil || !bytes.Equal(got[:n], datagram) {
				t.Fatalf("%d bytes from %s, %v", n, to, err)
			}
		}
		want := Envelope{Peer: c.LocalAddr().(*net.UDPAddr).AddrPort(), Local: netip.MustParseAddr(to), Port: uint16(port)}
		if came[0] != want {
			t.Errorf("envelope %+v, want %+v", came[0], want)
		}
		c.Close()
		m.Send(want, []byte("too late"))
		m.Flush()
		until(t, l, func() bool { return slices.Contains(refused, want) })
	}
}

// TestMailboxOrder: many datagrams come in order, and each once.
func TestMailboxOrder(t *testing.T) {
	t.Parallel()
	var came []byte
	l, m := mailbox(t, "127.0.0.1:0", Mail{
		Take:  func(_ Envelope, datagram []byte) { came = append(came, datagram...) },
		Taken: func() {},
	})
	c, err := net.DialUDP("udp", nil, m.Addr.(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 200 {
		c.Write([]byte{byte(i)})
	}
	until(t, l, func() bool { return len(came) >= 200 })
	for i, b := range came {
		if int(b) != i {
			t.Fatalf("datagram %d is %d", i, b)
		}
	}
	m.Leave()
	c.Write([]byte("left"))
	if e, _, err := m.Peek(); err != nil || e.Peer != c.LocalAddr().(*net.UDPAddr).AddrPort() {
		t.Errorf("peek: %v, %v", e, err)
	}
	m.Discard()
	if _, _, err := m.Peek(); err != unix.EAGAIN {
		t.Errorf("there is something left: %v", err)
	}
	if len(came) != 200 {
		t.Errorf("%d came", len(came))
	}
}

// TestMailboxFull: what a socket does not take waits, and leaves once it does.
func TestMailboxFull(t *testing.T) {
	t.Parallel()
	l, m := mailbox(t, "127.0.0.1:0", Mail{Take: func(Envelope, []byte) {}, Taken: func() {}})
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to := Envelope{Peer: c.LocalAddr().(*net.UDPAddr).AddrPort()}
	for i := range 3 {
		m.Send(to, []byte{byte(i)})
	}
	m.stand(1) // as if the socket had taken one
	for i := range 3 {
		if !m.Send(to, []byte{byte(3 + i)}) {
			t.Fatal("there was room")
		}
	}
	if m.Send(to, make([]byte, backlogged)) {
		t.Error("there was no room")
	}
	until(t, l, func() bool { return !m.full })
	buf := make([]byte, 10)
	c.SetReadDeadline(time.Now().Add(time.Minute))
	for want := 1; want < 6; want++ {
		if n, err := c.Read(buf); err != nil || n != 1 || int(buf[0]) != want {
			t.Fatalf("%v, %v; want %d", buf[:n], err, want)
		}
	}
}

// TestUnixNames: a name is the same once the kernel has had it, however long.
func TestUnixNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/run/peer", "\x0000012", "\x00", "x", "\x00with\x00zeros\x00", string(bytes.Repeat([]byte{'x'}, 107)), string(bytes.Repeat([]byte{'x'}, 108))} {
		var s slot
		size := unixName((*unix.RawSockaddrUnix)(unsafe.Pointer(&s.name)), name)
		if got := s.path(uint32(size)); got != name {
			t.Errorf("%q becomes %q", name, got)
		}
	}
	var s slot
	if got := s.path(2); got != "" {
		t.Errorf("a socket without a name has the name %q", got)
	}
}
