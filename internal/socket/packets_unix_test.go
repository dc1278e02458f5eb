//go:build unix

package socket

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"nettool/internal/exit"
)

// The first sender has the socket for himself, and his datagram is still there.
func TestFirstSender(t *testing.T) {
	t.Parallel()
	l, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	one, other := dialUDP(t, l.LocalAddr()), dialUDP(t, l.LocalAddr())
	one.Write([]byte("one"))
	conn, err := FirstSender(l)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	other.Write([]byte("other"))
	one.Write([]byte("more"))
	for _, want := range []string{"one", "more"} {
		if got := receive(t, conn); got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	}
	conn.Write([]byte("answer"))
	if got := receive(t, one); got != "answer" || conn.RemoteAddr().String() != one.LocalAddr().String() {
		t.Errorf("%q from %s", got, conn.RemoteAddr())
	}
}

func dialUDP(t *testing.T, to net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial("udp4", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func receive(t *testing.T, c net.Conn) string {
	t.Helper()
	p := make([]byte, 100)
	n, err := c.Read(p)
	if err != nil {
		t.Error(err)
	}
	return string(p[:n])
}

// What a sender without a name has sent is there, too.
func TestFirstSenderUnnamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	l, remove, err := ListenUnixPacket(path)
	if err != nil {
		t.Fatal(err)
	}
	from, err := net.Dial("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	from.Write([]byte("hello"))
	from.Close()
	conn, err := FirstSender(l)
	if err != nil {
		t.Fatal(err)
	}
	if got := receive(t, conn); got != "hello" {
		t.Errorf("received %q", got)
	}
	conn.Close()
	if err := remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}

// A file that is no socket stays, and so does a socket that is read; a dead one goes.
func TestListenUnixPacketFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ListenUnixPacket(path); exit.Of(err) != exit.Unreachable {
		t.Errorf("a file: %v", err)
	}
	os.Remove(path)
	dead, _, err := ListenUnixPacket(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ListenUnixPacket(path); exit.Of(err) != exit.Unreachable {
		t.Errorf("a socket that is read: %v", err)
	}
	dead.Close()
	c, _, err := ListenUnixPacket(path)
	if err != nil {
		t.Fatalf("a dead socket: %v", err)
	}
	c.Close()
}

// A connection can be passed to whoever has the other end of a socket.
func TestPass(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dialled.Close()
	there, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	f, err := dialled.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Pass(f, dialled.(*net.UnixConn)); err != nil {
		t.Fatal(err)
	}
	oob := make([]byte, 100)
	n, m, _, _, err := there.(*net.UnixConn).ReadMsgUnix(make([]byte, 10), oob)
	if err != nil || n != 1 || m == 0 {
		t.Errorf("%d bytes, %d of rights, %v", n, m, err)
	}
	if err := Pass(os.Stdin, dialled.(*net.UnixConn)); err == nil {
		t.Error("passed to what is no socket")
	}
}
