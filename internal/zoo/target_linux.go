package zoo

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Target is a server for a client that asks whether, and how well, something
// answers there.
type Target struct {
	Addr string

	kind     string
	behave   func(*Visit)
	accepted atomic.Int64
	opened   atomic.Bool
	listener net.Listener
	secure   *tls.Config
	port     int // a socket that keeps the port ours and never listens, or -1
	full     int // a socket that listens with a queue that is full, or -1
	packets  net.PacketConn
	over     chan struct{}
	held     sync.Map // connections, closed at the end
	running  sync.WaitGroup
}

// NewTarget starts a target on a port of 127.0.0.1, or on a unix socket in dir. It
// is one of Behaviour's kinds that have no argument, or:
//
//	nobody            refuses
//	later             refuses until it is opened, then reads to the end
//	full              has no room in its queue, and for one more at each Open
//	unix              a unix socket, silent
//	dns               a resolver: knows no name until it is opened (dir/resolv.conf)
//	flapping          the third and the sixth find nobody ready
//	reviving          only the third and the sixth find somebody ready
//	dropping          closes until it is opened, as a proxy whose backend is not up
//	banner            says who it is, with an escape sequence, and is silent
//	part              says the beginning of that, and closes
//	wrong             says it is something else, and is silent
//	drip              never ends its first line
//	rot               answers a line with PONG and what it read
//	tls, expired      says hello over TLS; the certificate is NAME.pem in dir
func NewTarget(kind, dir, name string) (t *Target, err error) {
	t = &Target{kind: kind, port: -1, full: -1, over: make(chan struct{})}
	switch kind {
	case "dns":
		return t, t.serveNames(dir)
	case "unix":
		t.Addr = filepath.Join(dir, name+".sock")
		t.listener, err = net.Listen("unix", t.Addr)
	default:
		err = t.takePort()
	}
	if err != nil {
		return nil, err
	}
	return t, t.begin(dir, name)
}

// begin lets a kind that listens do so.

func (t *Target) begin(dir, name string) (err error) {
	switch t.kind {
	case "nobody", "later":
		return nil
	case "full":
		return t.fill()
	case "tls", "expired":
		t.secure, err = Certificate(t.kind == "expired", filepath.Join(dir, name+".pem"))
	case "unix", "flapping", "reviving", "dropping", "banner", "part", "wrong", "drip", "rot":
	default:
		t.behave, err = Behaviour([]string{t.kind})
	}
	if err != nil {
		return err
	}
	return t.listen()
}

// takePort takes a port of 127.0.0.1 that refuses until somebody listens: a
// socket of its own holds it until the end, so that it is nobody else's at any
// moment, whoever begins or ceases to listen there.
func (t *Target) takePort() (err error) {
	if t.port, err = boundTo(&syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	name, err := syscall.Getsockname(t.port)
	if err != nil {
		return err
	}
	t.Addr = fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	return nil
}

// boundTo returns a socket that shares its address with others that listen
// there, as long as it does not itself (socket(7), SO_REUSEADDR).
func boundTo(sa syscall.Sockaddr) (fd int, err error) {
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, sa)
	}
	if err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

// listen begins to accept.
func (t *Target) listen() (err error) {
	if t.listener == nil {
		if t.listener, err = net.Listen("tcp", t.Addr); err != nil {
			return err
		}
	}
	l := t.listener
	t.running.Go(func() { t.accept(l) })
	return nil
}

// fill listens, with a queue that is full.
func (t *Target) fill() error {
	name, err := syscall.Getsockname(t.port)
	if err != nil {
		return err
	}
	if t.full, err = boundTo(name); err != nil {
		return err
	}
	if err = syscall.Listen(t.full, 0); err != nil {
		return err
	}
	conn, err := net.Dial("tcp", t.Addr) // the only one there is room for
	t.hold(conn)
	return err
}

// Open is the moment that a kind waits for.
func (t *Target) Open() error {
	t.opened.Store(true)
	switch t.kind {
	case "later":
		return t.listen()
	case "full": // room for one more
		fd, _, err := syscall.Accept(t.full)
		if err == nil {
			err = syscall.Close(fd)
		}
		return err
	}
	return nil
}

// Shut has it listen no more. The port stays ours.
func (t *Target) Shut() error {
	err := t.listener.Close()
	t.listener = nil
	return err
}

// Accepted is how many connections there were, or questions to a dns.
func (t *Target) Accepted() int { return int(t.accepted.Load()) }

func (t *Target) hold(conn io.Closer) {
	if conn != nil {
		t.held.Store(conn, true)
	}
}

func (t *Target) Close() {
	close(t.over)
	if t.listener != nil {
		t.listener.Close()
	}
	if t.packets != nil {
		t.packets.Close()
	}
	for _, fd := range []int{t.port, t.full} {
		if fd >= 0 {
			syscall.Close(fd)
		}
	}
	t.held.Range(func(conn, _ any) bool { conn.(io.Closer).Close(); return true })
	t.running.Wait()
}

func (t *Target) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		n := t.accepted.Add(1)
		t.hold(conn)
		t.running.Go(func() { t.serveAs(conn, n) })
	}
}

// serveAs is the n-th connection.
func (t *Target) serveAs(conn net.Conn, n int64) {
	switch t.kind {
	case "unix":
	case "later": // for as long as the client likes
		io.Copy(io.Discard, conn)
		conn.Close()
	case "flapping":
		flap(conn, n != 3 && n != 6)
	case "reviving":
		flap(conn, n == 3 || n == 6)
	case "dropping":
		if !t.opened.Load() {
			conn.Close()
		}
	case "banner":
		io.WriteString(conn, "SSH-2.0-test \x1b[31m\r\n")
	case "part":
		io.WriteString(conn, "SSH-")
		conn.Close()
	case "wrong":
		io.WriteString(conn, "220 mail.example ready\r\n")
	case "drip":
		drip(conn)
	case "rot":
		buf := make([]byte, 64)
		if _, err := conn.Read(buf); err == nil {
			io.WriteString(conn, "PONG "+string(buf[:5])+"\r\n")
		}
	case "tls", "expired":
		secure := tls.Server(conn, t.secure)
		if secure.Handshake() == nil {
			io.WriteString(secure, "hello over TLS\r\n")
		}
	default:
		t.behave(&Visit{Conn: conn, Over: t.over})
		conn.Close()
	}
}

// flap says that it is ready, or hangs up.
func flap(conn net.Conn, ready bool) {
	if ready {
		io.WriteString(conn, "ready\n")
	}
	conn.Close()
}

// drip sends a banner one byte at a time and never ends the line.
func drip(conn net.Conn) {
	for _, err := conn.Write([]byte("S")); err == nil; _, err = conn.Write([]byte("-")) {
		time.Sleep(20 * time.Millisecond)
	}
}
