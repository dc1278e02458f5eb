package socket

import (
	"net"
	"net/netip"
	"testing"
)

// TestDiag compares what the kernel tells about a connection by its addresses
// with what TCP_INFO of its descriptor says.
func TestDiag(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		l, err := net.Listen("tcp", host)
		if err != nil {
			t.Logf("%s: %v", host, err)
			continue
		}
		defer l.Close()
		target := l.Addr().String()
		if host == ":0" { // IPv4 on a socket of both families
			_, port, _ := net.SplitHostPort(target)
			target = "127.0.0.1:" + port
		}
		c, err := net.Dial("tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := c.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		var d Diag
		defer d.Close()
		got, ok := d.Info(unmapped(s.LocalAddr()), unmapped(s.RemoteAddr()))
		if !ok && d.mute {
			t.Skip("this kernel does not answer sock_diag(7)")
		}
		want, _ := Info(s.(*net.TCPConn))
		if !ok || got.State != want.State || got.BytesReceived != want.BytesReceived || got.RTT != want.RTT || got.RTT == 0 {
			t.Errorf("%s: got %v %+v, want %+v", host, ok, got, want)
		}
		if _, ok := d.Info(unmapped(s.LocalAddr()), netip.MustParseAddrPort("127.0.0.1:1")); ok {
			t.Error("there is a connection that nobody made")
		}
		if _, ok := d.Info(netip.AddrPort{}, netip.AddrPort{}); ok {
			t.Error("there is a connection without addresses")
		}
	}
}

func unmapped(a net.Addr) netip.AddrPort {
	ap := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// FuzzParseDiag: no answer breaks the parser.
func FuzzParseDiag(f *testing.F) {
	b := make([]byte, diagResponse+300)
	b[4] = diagByFamily
	f.Add(b)
	b[diagResponse], b[diagResponse+2] = 200, diagInfo
	f.Add(b)
	f.Add(b[:diagResponse+4])
	f.Fuzz(func(_ *testing.T, b []byte) { parseDiag(b) })
}
