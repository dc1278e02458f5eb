package socket

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestInfo(t *testing.T) {
	t.Parallel()
	const size = 100_000
	l := mustListen(t, "127.0.0.1:0", Options{})[0]
	client := mustDial(t, l, Options{}).(*net.TCPConn)
	server := mustAccept(t, l).(*net.TCPConn)

	info, ok := Info(client)
	raw, err := unix.GetsockoptTCPInfo(fdOf(t, client), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		t.Fatal(err)
	}
	if !ok || info.State != 1 || info.Retrans != raw.Total_retrans || info.RTT <= 0 || info.RTT > time.Minute {
		t.Errorf("after connecting: %+v, %v; the kernel says %+v", info, ok, raw)
	}
	go func() {
		client.Write(bytes.Repeat([]byte("x"), size))
		client.CloseWrite()
	}()
	if n, err := io.Copy(io.Discard, server); n != size || err != nil {
		t.Fatalf("received %d, %v", n, err)
	}
	waitAcked(t, client)
	got, _ := Info(server)
	sent, _ := Info(client)
	if got.BytesReceived != size+1 {
		t.Errorf("accepted socket received %d, want %d and a FIN", got.BytesReceived, size)
	}
	if sent.BytesAcked != size+2 || sent.BytesSent-sent.BytesRetrans != size {
		t.Errorf("connected socket sent %d and has %d acknowledged, want %d, and with SYN and FIN two more", sent.BytesSent, sent.BytesAcked, size)
	}
	if got.SegsIn < 2 || sent.SegsOut < 3 || sent.SndMSS == 0 || sent.SndCwnd == 0 {
		t.Errorf("segments: %+v and %+v", got, sent)
	}
}

// waitAcked waits until the peer's kernel has acknowledged everything.
func waitAcked(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		n, err := Outq(fdOf(t, conn))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d bytes not acknowledged, %v", n, err)
		}
		if n == 0 {
			return
		}
	}
}

func TestInfoHasNoneForUnix(t *testing.T) {
	t.Parallel()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if info, ok := InfoFD(fds[0]); ok || info != (TCPInfo{}) {
		t.Errorf("got %+v", info)
	}
	if _, ok := InfoFD(-1); ok {
		t.Error("a closed descriptor has TCP_INFO")
	}
}

func TestOutq(t *testing.T) {
	t.Parallel()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if _, err := unix.Write(fds[0], []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if n, err := Outq(fds[0]); err != nil || n < 5 {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := Outq(-1); err == nil {
		t.Error("a closed descriptor has a queue")
	}
}

func BenchmarkInfoFD(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	raw, _ := conn.(*net.TCPConn).SyscallConn()
	raw.Control(func(fd uintptr) {
		b.ReportAllocs()
		for b.Loop() {
			InfoFD(int(fd))
		}
	})
}
