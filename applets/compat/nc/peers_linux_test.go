package nc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stage is what is around one run: its peer, its directory, a port where nobody listens.
// It takes standard error.
type stage struct {
	t    *testing.T
	row  row
	dir  string
	port string
	fd   int    // of what was reserved last
	free string // SHUT

	listener io.Closer
	acting   sync.WaitGroup
	over     chan struct{} // closed when nc has ended

	mu   sync.Mutex
	err  bytes.Buffer
	told string
	went bool // a client was sent to where nc listens
}

func newStage(t *testing.T, r row) *stage {
	t.Helper()
	s := &stage{t: t, row: r, dir: t.TempDir(), over: make(chan struct{})}
	if strings.Contains(r.args, "SHUT") {
		s.free = s.reserve()
	}
	s.open()
	return s
}

// reserve binds a port, so that nobody else has it, and does not listen there.
func (s *stage) reserve() string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { syscall.Close(fd) })
	s.fd = fd
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		s.t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		s.t.Fatal(err)
	}
	return strconv.Itoa(at.(*syscall.SockaddrInet4).Port)
}

// fill has the port listen, and takes all the room for connections that nobody accepts: a SYN
// is not answered any more.
func (s *stage) fill() {
	s.must(syscall.Listen(s.fd, 0))
	for {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, 300*time.Millisecond)
		if err != nil {
			return
		}
		s.t.Cleanup(func() { c.Close() })
	}
}

// words are the arguments of a row on this stage.
func (s *stage) words(args string) []string {
	return splitWords(strings.NewReplacer("PORT", s.port, "SHUT", s.free, "DIR", s.dir).Replace(args))
}

// plain takes out of a text what differs from run to run.
func (s *stage) plain(text string) string {
	text = strings.ReplaceAll(text, s.dir, "DIR")
	for port, name := range map[string]string{s.port: "PORT", s.free: "SHUT"} {
		if port != "" {
			text = regexp.MustCompile(`\b`+port+`\b`).ReplaceAllString(text, name)
		}
	}
	if s.row.anyOrder {
		text = strings.NewReplacer("PORT", "ANY", "SHUT", "ANY").Replace(text)
		text = strings.Join(slices.Sorted(strings.Lines(text)), "")
	}
	return plain(text)
}

// open brings up the peer of a client.
func (s *stage) open() {
	kind := s.row.peer
	switch {
	case kind == "" || strings.HasPrefix(kind, "client "):
	case kind == "full":
		s.port = s.reserve()
		s.fill()
	case kind == "udp":
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		s.must(err)
		_, s.port, _ = net.SplitHostPort(c.LocalAddr().String())
		s.begin(c, func() { s.tell(answerDatagrams(c)) })
	case strings.HasPrefix(kind, "unix "):
		l, err := net.Listen("unix", filepath.Join(s.dir, "peer"))
		s.must(err)
		s.begin(l, func() { s.accept(l, strings.TrimPrefix(kind, "unix ")) })
	default:
		l, err := net.Listen("tcp", "127.0.0.1:0")
		s.must(err)
		_, s.port, _ = net.SplitHostPort(l.Addr().String())
		s.begin(l, func() { s.accept(l, kind) })
	}
}

func (s *stage) must(err error) {
	if err != nil {
		s.t.Helper()
		s.t.Fatal(err)
	}
}

func (s *stage) begin(c io.Closer, act func()) {
	s.listener = c
	s.acting.Go(act)
}

// accept lets every connection meet the peer.
func (s *stage) accept(l net.Listener, kind string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.acting.Go(func() { s.tell(s.meet(conn, kind)) })
	}
}

// tell notes what a peer has seen.
func (s *stage) tell(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told += what
}

// end ends the peer, and returns what it has seen.
func (s *stage) end() string {
	close(s.over)
	if s.listener != nil {
		s.listener.Close()
	}
	s.acting.Wait()
	return s.told
}

// Write takes standard error. Once nc says where it listens, a client goes there.
func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err.Write(p)
	kind, ok := strings.CutPrefix(s.row.peer, "client ")
	if !ok || s.went {
		return len(p), nil
	}
	for line := range strings.Lines(s.err.String()) {
		if network, addr := s.where(line); addr != "" {
			s.went = true
			s.acting.Go(func() { s.visit(network, addr, kind) })
		}
	}
	return len(p), nil
}

// where is the address in a line that says where nc listens.
func (s *stage) where(line string) (network, addr string) {
	words := strings.Fields(line)
	if !strings.HasSuffix(line, "\n") || len(words) < 3 {
		return "", ""
	}
	switch verb, unix := strings.Join(words[:2], " "), len(words) == 3; {
	case verb == "Listening on" && unix:
		return "unix", words[2]
	case verb == "Bound on" && unix && strings.Contains(s.row.args, "u"):
		return "unixgram", words[2]
	case verb == "Listening on":
		return "tcp", loopbackOf(words[2], words[3])
	case verb == "Bound on" && !unix:
		return "udp", loopbackOf(words[2], words[3])
	}
	return "", ""
}

// loopbackOf is where to reach what listens on a host, which may be every interface.
func loopbackOf(host, port string) string {
	if host == "::" || host == "::1" {
		return net.JoinHostPort("::1", port)
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// visit goes to where nc listens, as often as kind says: "2 half" goes twice.
func (s *stage) visit(network, addr, kind string) {
	times := 1
	if rest, ok := strings.CutPrefix(kind, "2 "); ok {
		times, kind = 2, rest
	}
	for range times {
		conn, err := dial(network, addr, s.dir)
		if err != nil {
			s.tell(err.Error())
			return
		}
		s.tell(s.meet(conn, kind))
	}
}

func dial(network, addr, dir string) (net.Conn, error) {
	if network != "unixgram" {
		return net.Dial(network, addr)
	}
	return net.DialUnix(network, &net.UnixAddr{Net: network, Name: filepath.Join(dir, "own")}, &net.UnixAddr{Net: network, Name: addr})
}

// meet is one conversation of a peer, and what it has seen of it.
func (s *stage) meet(conn net.Conn, kind string) (told string) {
	defer conn.Close()
	if what, rest, ok := strings.Cut(kind, " "); ok {
		return mediate(conn, what, rest)
	}
	switch kind {
	case "none": // is there
		return ""
	case "greet": // speaks and hangs up
		io.WriteString(conn, "hello\n")
		return ""
	case "line": // speaks, listens to a line, and hangs up
		io.WriteString(conn, "hello\n")
		return readLine(conn)
	case "half": // speaks, ends its side, and listens to the end
		io.WriteString(conn, "hello\n")
		conn.(interface{ CloseWrite() error }).CloseWrite()
		return readAll(conn)
	case "sink": // listens to the end, and says how much it was
		text := readAll(conn)
		fmt.Fprintf(conn, "%d\n", len(text))
		return text
	case "mute": // listens to the end
		return readAll(conn)
	case "clings": // listens to the end, and does not end itself
		text := readAll(conn)
		<-s.over
		return text
	case "reset": // listens to a line, and breaks the connection
		text := readLine(conn)
		conn.(*net.TCPConn).SetLinger(0)
		return text
	case "telnet": // offers and asks for options
		io.WriteString(conn, "\xff\xfb\x01\xff\xfd\x03hello\n")
		return readN(conn, 6)
	case "packet": // sends a datagram, and waits for another
		io.WriteString(conn, "hello\n")
		return readLine(conn)
	case "packets": // sends two
		io.WriteString(conn, "one\n")
		io.WriteString(conn, "two\n")
		return ""
	}
	return "no such peer: " + kind
}

// mediate is a proxy that answers a request, and if that is a yes speaks for the peer. It
// tells nothing: ours asks in other words.
func mediate(conn net.Conn, kind, answer string) (told string) {
	code, _ := strconv.Atoi(answer)
	yes := code == 0
	switch kind {
	case "http":
		for line := "-"; line != `"\r\n"` && strings.HasPrefix(line, `"`) || line == "-"; {
			line = readHeader(conn)
		}
		io.WriteString(conn, "HTTP/1.0 "+answer+"\r\nVia: x\r\n\r\n")
		yes = strings.HasPrefix(answer, "200")
	case "socks5":
		readN(conn, 3)
		io.WriteString(conn, "\x05\x00")
		conn.Read(make([]byte, 300))
		conn.Write([]byte{5, byte(code), 0, 1, 0, 0, 0, 0, 0, 0})
	case "socks4":
		conn.Read(make([]byte, 300))
		conn.Write([]byte{0, byte(code), 0, 0, 0, 0, 0, 0})
		yes = code == 90
	}
	if yes {
		io.WriteString(conn, "hello\n")
	}
	return ""
}

// readHeader reads a line, and not a byte more.
func readHeader(r io.Reader) string {
	var text []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(text, []byte("\n")) {
		if _, err := r.Read(one); err != nil {
			return err.Error()
		}
		text = append(text, one...)
	}
	return fmt.Sprintf("%q", text)
}

func readLine(r io.Reader) string {
	var text []byte
	one := make([]byte, 1500)
	for !bytes.HasSuffix(text, []byte("\n")) {
		n, err := r.Read(one)
		text = append(text, one[:n]...)
		if err != nil {
			return fmt.Sprintf("%q %s", text, ending(err))
		}
	}
	return fmt.Sprintf("%q", text)
}

func readN(r io.Reader, n int) string {
	text := make([]byte, n)
	got, err := io.ReadFull(r, text)
	if err != nil {
		return fmt.Sprintf("%q %s", text[:got], ending(err))
	}
	return fmt.Sprintf("%q", text)
}

func readAll(r io.Reader) string {
	text, err := io.ReadAll(r)
	return fmt.Sprintf("%q %s", text, ending(err))
}

// ending is how a peer's side of a connection ended.
func ending(err error) string {
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return "EOF"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	}
	return err.Error()
}

// answerDatagrams answers each datagram with itself, and the word "quit" with nothing.
func answerDatagrams(c *net.UDPConn) (told string) {
	p := make([]byte, 1500)
	for {
		n, from, err := c.ReadFromUDPAddrPort(p)
		if err != nil {
			return told
		}
		told += fmt.Sprintf("%q", p[:n])
		c.WriteToUDPAddrPort(p[:n], from)
	}
}

// text is what was said on standard error.
func (s *stage) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err.String()
}
