package applets_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// misbehavers are the servers that scripts have started, by script and name.
var misbehavers sync.Map

// misbehaver is a server in the test's own process.
type misbehaver struct {
	kind     string
	addr     string
	accepted atomic.Int64
	opened   atomic.Bool
	listener net.Listener
	secure   *tls.Config
	port     int // a socket that keeps the port ours and never listens, or -1
	full     int // a socket that listens with a queue that is full, or -1
	packets  net.PacketConn
	held     sync.Map // connections, closed at the end
	running  sync.WaitGroup
}

// newMisbehaver starts a server of a kind on a port of 127.0.0.1, or on a unix
// socket in dir.
func newMisbehaver(kind, dir, name string) (m *misbehaver, err error) {
	m = &misbehaver{kind: kind, port: -1, full: -1}
	switch kind {
	case "dns":
		return m, m.serveNames(dir)
	case "unix":
		m.addr = filepath.Join(dir, name+".sock")
		m.listener, err = net.Listen("unix", m.addr)
	default:
		err = m.takePort()
	}
	if err != nil {
		return nil, err
	}
	switch kind {
	case "nobody", "later":
		return m, nil
	case "full":
		return m, m.fill()
	case "tls", "expired":
		if m.secure, err = certificate(kind == "expired", filepath.Join(dir, name+".pem")); err != nil {
			return nil, err
		}
	}
	return m, m.listen()
}

// takePort takes a port of 127.0.0.1 that refuses until somebody listens: a
// socket of its own holds it until the end, so that it is nobody else's at any
// moment, whoever begins or ceases to listen there.
func (m *misbehaver) takePort() (err error) {
	if m.port, err = boundTo(&syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	name, err := syscall.Getsockname(m.port)
	if err != nil {
		return err
	}
	m.addr = fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
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
func (m *misbehaver) listen() (err error) {
	if m.listener == nil {
		if m.listener, err = net.Listen("tcp", m.addr); err != nil {
			return err
		}
	}
	l := m.listener
	m.running.Go(func() { m.accept(l) })
	return nil
}

// fill listens, with a queue that is full.
func (m *misbehaver) fill() error {
	name, err := syscall.Getsockname(m.port)
	if err != nil {
		return err
	}
	if m.full, err = boundTo(name); err != nil {
		return err
	}
	if err = syscall.Listen(m.full, 0); err != nil {
		return err
	}
	conn, err := net.Dial("tcp", m.addr) // the only one there is room for
	m.hold(conn)
	return err
}

// open is the command of that name.
func (m *misbehaver) open() error {
	m.opened.Store(true)
	switch m.kind {
	case "later":
		return m.listen()
	case "full": // room for one more
		fd, _, err := syscall.Accept(m.full)
		if err == nil {
			err = syscall.Close(fd)
		}
		return err
	}
	return nil
}

// shut is the command of that name. The port stays ours.
func (m *misbehaver) shut() error {
	err := m.listener.Close()
	m.listener = nil
	return err
}

func (m *misbehaver) hold(conn io.Closer) {
	if conn != nil {
		m.held.Store(conn, true)
	}
}

func (m *misbehaver) close() {
	if m.listener != nil {
		m.listener.Close()
	}
	if m.packets != nil {
		m.packets.Close()
	}
	for _, fd := range []int{m.port, m.full} {
		if fd >= 0 {
			syscall.Close(fd)
		}
	}
	m.held.Range(func(conn, _ any) bool { conn.(io.Closer).Close(); return true })
	m.running.Wait()
}

func (m *misbehaver) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		n := m.accepted.Add(1)
		m.hold(conn)
		m.running.Go(func() { m.serveAs(conn, n) })
	}
}

// serveAs does what the kind of target says to its nth connection. One that it
// leaves open is closed at the end of the script.
func (m *misbehaver) serveAs(conn net.Conn, n int64) {
	switch m.kind {
	case "silent", "unix":
	case "later": // for as long as the client likes
		io.Copy(io.Discard, conn)
		conn.Close()
	case "flapping": // the third and the sixth find nobody home
		flap(conn, n != 3 && n != 6)
	case "reviving": // only the third and the sixth find somebody
		flap(conn, n == 3 || n == 6)
	case "closing":
		conn.Close()
	case "resetting":
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	case "dropping": // until it is opened, as a proxy whose backend is not up
		if !m.opened.Load() {
			conn.Close()
		}
	case "banner":
		io.WriteString(conn, "SSH-2.0-test \x1b[31m\r\n")
	case "half":
		io.WriteString(conn, "SSH-")
		conn.Close()
	case "wrong":
		io.WriteString(conn, "220 mail.example ready\r\n")
	case "drip":
		drip(conn)
	case "echo":
		io.Copy(conn, conn)
	case "corrupt":
		corrupt(conn)
	case "rot": // answers a line with PONG
		buf := make([]byte, 64)
		if _, err := conn.Read(buf); err == nil {
			io.WriteString(conn, "PONG "+string(buf[:5])+"\r\n")
		}
	case "tls", "expired":
		secure := tls.Server(conn, m.secure)
		if secure.Handshake() == nil {
			io.WriteString(secure, "hello over TLS\r\n")
		}
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

// corrupt echoes with one bit turned in every read.
func corrupt(conn net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		buf[n/2] ^= 1
		conn.Write(buf[:n])
	}
}

// certificate makes a self-signed certificate for localhost and 127.0.0.1 and
// writes it to a file, for --tls-ca.
func certificate(expired bool, file string) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(time.Hour)
	if expired {
		until = time.Now().Add(-time.Hour)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
