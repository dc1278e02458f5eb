package zoo

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Patience bounds what a client waits for. It is a safety net.
const Patience = time.Minute

// Dial connects to an address as nettool writes it: HOST:PORT, unix:PATH, udp:HOST:PORT or
// unixgram:PATH, from a name that the kernel chooses.
func Dial(addr string) (net.Conn, error) {
	if path, ok := strings.CutPrefix(addr, "unixgram:"); ok {
		d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { syscall.Bind(int(fd), &syscall.SockaddrUnix{}) })
		}}
		return d.Dial("unixgram", path)
	}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return net.DialTimeout("unix", path, Patience)
	}
	if at, ok := strings.CutPrefix(addr, "udp:"); ok {
		return net.Dial("udp", at)
	}
	return net.DialTimeout("tcp", addr, Patience)
}

// Echo sends size bytes of its own, which id makes differ from others', through an
// echo server, and expects them back, then the end.
func Echo(addr string, id, size int) error {
	c, err := Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(Patience))
	sent := bytes.Repeat(fmt.Appendf(nil, "client %06d.", id), size/14+1)[:size]
	go func() { // the answer comes while we still send
		c.Write(sent)
		c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("got %d bytes back that differ from the %d sent", len(got), len(sent))
	}
	return nil
}

// Fate is the client number i of many that end in all the ways in which clients
// end: it shuts down, resets in the middle, is silent until the server has enough,
// says the word that ends a session (quit), or comes from 127.9.0.1, whom the
// server turns away.
func Fate(addr string, i int) error {
	d := net.Dialer{Timeout: Patience}
	if i%5 == 4 {
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 9, 0, 1)}
	}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(Patience))
	words := fmt.Sprintf("words of client %d\n", i)
	c.Write([]byte(words))
	switch i % 5 {
	case 0: // a clean end
		c.(*net.TCPConn).CloseWrite()
	case 1: // a reset in the middle
		io.ReadFull(c, make([]byte, len(words)))
		return c.(*net.TCPConn).SetLinger(0)
	case 3: // the word that ends a session
		c.Write([]byte("quit\n"))
		c.(*net.TCPConn).CloseWrite()
	} // 2 is silent until the server has enough; 4 is turned away
	io.Copy(io.Discard, c)
	return nil
}

// Hostile opens a connection to a server of HTTP that stays open: number i of many
// says nothing, begins a request and never ends it, sends far too much, or asks and
// never reads.
func Hostile(addr string, i int) (net.Conn, error) {
	c, err := Dial(addr)
	if err != nil {
		return nil, err
	}
	switch i % 4 {
	case 1:
		io.WriteString(c, "GET /connections HTTP/1.1\r\nA: ")
	case 2:
		go io.Copy(c, io.LimitReader(endless{}, 1<<20)) // ends with the connection
	case 3:
		io.WriteString(c, "GET /connections HTTP/1.1\r\n\r\n")
	}
	return c, nil
}

// endless is a header line without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

// FillAndReset connects with a small receive buffer, waits until a server that
// writes on and on has filled it, and resets. It returns the client's address and
// how much had come.
func FillAndReset(addr string) (remote string, received int, err error) {
	d := net.Dialer{Timeout: Patience, Control: func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 16<<10) })
		return err
	}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return "", 0, err
	}
	defer c.Close()
	for same := 0; same < 5; time.Sleep(10 * time.Millisecond) {
		n, err := bytesReceived(c.(*net.TCPConn))
		if err != nil {
			return "", 0, err
		}
		if n == 0 || n != received {
			received, same = n, 0
		} else {
			same++
		}
	}
	return c.LocalAddr().String(), received, c.(*net.TCPConn).SetLinger(0)
}

// bytesReceived is TCP's own count.
func bytesReceived(c *net.TCPConn) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(info.Bytes_received)
		}
	})
	return n, err
}
