//go:build !portable

package loop

import (
	"bytes"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peers are sockets that take what a mailbox sends: their envelopes.
func peers(t *testing.T, host string, n int) (conns []*net.UDPConn, to []Envelope) {
	t.Helper()
	for range n {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
		if err != nil {
			t.Skipf("no such family: %v", err)
		}
		t.Cleanup(func() { c.Close() })
		at := c.LocalAddr().(*net.UDPAddr).AddrPort()
		conns = append(conns, c)
		to = append(to, Envelope{Peer: netip.AddrPortFrom(at.Addr().Unmap(), at.Port())})
	}
	return conns, to
}

// sent sends datagrams of those sizes, and sees that they come whole, in order and each
// once. Each has bytes of its own.
func sent(t *testing.T, m *Mailbox, c *net.UDPConn, to Envelope, sizes []int) {
	t.Helper()
	datagram := func(i int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, sizes[i]) }
	for i := range sizes {
		if !m.Send(to, datagram(i)) {
			t.Fatal("no place")
		}
	}
	m.Flush()
	got := make([]byte, Largest)
	c.SetReadDeadline(time.Now().Add(time.Minute))
	for i := range sizes {
		if n, from, err := c.ReadFromUDPAddrPort(got); err != nil || !bytes.Equal(got[:n], datagram(i)) || to.Local.IsValid() && from.Addr().Unmap() != to.Local {
			t.Fatalf("datagram %d of %v: %d bytes from %v, %v", i, sizes, n, from, err)
		}
	}
}

func silent(t *testing.T) Mail {
	return Mail{
		Take:  func(Envelope, []byte) {},
		Taken: func() {},
		Lost:  func(e Envelope, err error) { t.Errorf("lost: %v, %v", e, err) },
	}
}

// sizesOf are the datagrams that leave together, or not.
var sizesOf = [][]int{
	slices.Repeat([]int{64}, 16),
	slices.Repeat([]int{1200}, batched+3),
	{100, 100, 99, 100, 100},
	{1, 1, 1},
	{0, 0, 5, 0, 5},
	{30_000, 30_000, 30_000, 5},
	{65_507, 1, 1},
	{10, 20, 30, 30, 20, 20, 10},
}

// TestSegments: datagrams of one size that leave for one peer together come as they were,
// in both families, and from the address that was asked.
func TestSegments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ at, peer, local string }{
		{"127.0.0.1:0", "127.0.0.1", ""},
		{"[::1]:0", "::1", ""},
		{":0", "127.0.0.1", "127.0.0.7"},
		{":0", "::1", "::1"},
	} {
		conns, to := peers(t, test.peer, 1)
		_, m := mailbox(t, test.at, silent(t))
		if m.segment == 0 {
			t.Skip("this kernel cuts no segments")
		}
		if test.local != "" {
			to[0].Local = netip.MustParseAddr(test.local)
		}
		for _, sizes := range sizesOf {
			sent(t, m, conns[0], to[0], sizes)
		}
		if m.segment != largestMessage {
			t.Errorf("%s: segments of %d bytes were refused", test.at, m.segment+1)
		}
	}
}

// TestPack: what leaves as one message, of how many datagrams and with which size of
// segments.
func TestPack(t *testing.T) {
	t.Parallel()
	_, m := mailbox(t, "127.0.0.1:0", silent(t))
	_, to := peers(t, "127.0.0.1", 2)
	m.segment = largestMessage
	type message struct{ datagrams, segment int }
	for _, test := range []struct {
		to, sizes []int
		want      []message
	}{
		{[]int{0, 0, 0}, []int{64, 64, 64}, []message{{3, 64}}},
		{[]int{0, 1, 0}, []int{64, 64, 64}, []message{{1, 0}, {1, 0}, {1, 0}}},
		{[]int{0, 0, 1, 1}, []int{64, 64, 10, 10}, []message{{2, 64}, {2, 10}}},
		{[]int{0, 0, 0, 0}, []int{64, 63, 63, 64}, []message{{2, 64}, {1, 0}, {1, 0}}},
		{[]int{0, 0, 0}, []int{0, 0, 0}, []message{{1, 0}, {1, 0}, {1, 0}}},
		{[]int{0, 0, 0}, []int{40_000, 25_507, 1}, []message{{2, 40_000}, {1, 0}}},
		{[]int{0, 0}, []int{65_507, 1}, []message{{1, 0}, {1, 0}}},
	} {
		for i, peer := range test.to {
			m.Send(to[peer], make([]byte, test.sizes[i]))
		}
		var got []message
		for i := range m.pack(0) {
			h := &m.out.headers[i].Msghdr
			one := message{datagrams: int(h.Iovlen)}
			if h.Controllen > 0 {
				one.segment = int(*(*uint16)(unsafe.Add(unsafe.Pointer(h.Control), unix.CmsgLen(0))))
			}
			got = append(got, one)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v to %v: %v, want %v", test.sizes, test.to, got, test.want)
		}
		m.count = 0
	}
}

// TestSegmentsRefused: segments that are longer than the interface takes leave one by one,
// and so do all of that size from then on.
func TestSegmentsRefused(t *testing.T) {
	t.Parallel()
	t.Run("namespace", func(t *testing.T) { // its thread ends with it
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Skipf("a network of its own: %v", err)
		}
		if err := up("lo", 1500); err != nil {
			t.Fatal(err)
		}
		_, m := mailbox(t, "127.0.0.1:0", silent(t))
		conns, to := peers(t, "127.0.0.1", 1)
		sent(t, m, conns[0], to[0], slices.Repeat([]int{1400}, 5))
		if m.segment != largestMessage {
			t.Errorf("segments of %d bytes were refused", m.segment+1)
		}
		sent(t, m, conns[0], to[0], slices.Repeat([]int{2000}, 5))
		if m.segment != 1999 {
			t.Errorf("up to %d bytes leave together", m.segment)
		}
		sent(t, m, conns[0], to[0], slices.Repeat([]int{2000}, 40))
	})
}

// up has an interface be there, with a maximum transmission unit (netdevice(7)).
func up(name string, mtu int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	ifr.SetUint32(uint32(mtu))
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFMTU, ifr); err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}
