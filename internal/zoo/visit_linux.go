package zoo

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Visit is one connection of a Peer, which closes it when its behaviour is over.
type Visit struct {
	net.Conn
	Got  bytes.Buffer    // what was read
	Over <-chan struct{} // closed when the peer is to end
}

// Reader reads the connection and keeps what it reads.
func (v *Visit) Reader() io.Reader { return io.TeeReader(v, &v.Got) }

func (v *Visit) readAll() { io.Copy(io.Discard, v.Reader()) }

// count reads without copying: MSG_TRUNC of tcp(7).
func (v *Visit) count() {
	raw, err := v.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	buf, total, n := make([]byte, 1<<20), 0, 1
	for err == nil && n > 0 {
		closed := raw.Read(func(fd uintptr) bool {
			n, _, err = unix.Recvfrom(int(fd), buf, unix.MSG_TRUNC)
			return err != unix.EAGAIN
		})
		if closed != nil {
			return
		}
		total += max(n, 0)
	}
	fmt.Fprintf(v, "%d bytes\n", total)
}

func (v *Visit) halfClose() {
	if c, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

// pause is part of how a peer behaves; the script's end cuts it short.
func (v *Visit) pause(d time.Duration) {
	select {
	case <-v.Over:
	case <-time.After(d):
	}
}

func (v *Visit) talk(gap time.Duration, count int) {
	v.readAll()
	for i := range count {
		v.pause(gap)
		fmt.Fprintf(v, "line %d\n", i+1)
	}
	<-v.Over
}

func (v *Visit) drip() {
	for i := 0; ; i++ {
		if _, err := fmt.Fprintf(v, "%d", i%10); err != nil {
			return
		}
		v.pause(time.Second)
		select {
		case <-v.Over:
			return
		default:
		}
	}
}

func (v *Visit) hangUp(d time.Duration, text string) {
	v.SetReadDeadline(time.Now().Add(d))
	if _, err := io.Copy(io.Discard, v.Reader()); err == nil {
		return // our end: hung up
	}
	io.WriteString(v, text+"\n")
}

// sendLines sends a first line and then the same one over and over.
func (v *Visit) sendLines(first string) {
	_, err := io.WriteString(v, first+"\r\n")
	for err == nil {
		_, err = io.WriteString(v, "More: and more\r\n")
	}
}

// shakeHands is a TLS server of one version, and says hello.
func (v *Visit) shakeHands(version uint16) {
	config, err := Certificate(false, os.DevNull)
	if err != nil {
		return
	}
	config.MinVersion, config.MaxVersion = version, version
	conn := tls.Server(v.Conn, config)
	io.WriteString(conn, "hello\n")
	conn.Close()
}

// answerLine answers a line, and returns what is behind that.
func (v *Visit) answerLine(text string) io.Reader {
	r := bufio.NewReader(v.Reader())
	r.ReadString('\n')
	io.WriteString(v, text+"\n")
	return r
}

func (v *Visit) untilBye() {
	r := bufio.NewReader(v.Reader())
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == "bye\n" {
			return
		}
		io.WriteString(v, "heard "+line)
	}
}

// reset sends text, waits until they have arrived and something to read has
// come, and resets the connection with that unread.
func (v *Visit) reset(text []byte) {
	v.Write(text)
	conn := v.Conn.(*net.TCPConn)
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	for !settled(raw) {
		v.pause(time.Millisecond)
		select {
		case <-v.Over:
			return
		default:
		}
	}
	conn.SetLinger(0)
}

// abort resets the connection as it is closed.
func (v *Visit) abort() { v.Conn.(*net.TCPConn).SetLinger(0) }

func (v *Visit) corrupt() {
	buf := make([]byte, 4096)
	for {
		n, err := v.Reader().Read(buf)
		if err != nil {
			return
		}
		buf[n/2] ^= 1
		v.Write(buf[:n])
	}
}

// settled: all was acknowledged, and input waits.
func settled(raw syscall.RawConn) bool {
	var unacked, unread int
	raw.Control(func(fd uintptr) {
		unacked, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		unread, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	})
	return unacked == 0 && unread > 0
}
