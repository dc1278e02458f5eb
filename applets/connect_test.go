package applets_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// connectCommands are the script commands of the tests of connect.
func connectCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"peer":      cmdPeer,
		"peerdone":  cmdPeerDone,
		"filesize":  cmdFileSize,
		"fill":      cmdFill,
		"unused":    cmdUnused,
		"datagrams": cmdDatagrams,
		"openlater": cmdOpenLater,
		"awaitport": cmdAwaitPort,
		"port":      cmdPort,
		"waitfile":  cmdWaitFile,
	}
}

// peers are the servers of a script, by name.
type peers struct {
	mu    sync.Mutex
	named map[string]*peer
}

var allPeers sync.Map // *testscript.TestScript → *peers

func peersOf(ts *testscript.TestScript) *peers {
	v, _ := allPeers.LoadOrStore(ts, &peers{named: map[string]*peer{}})
	return v.(*peers)
}

// peer is a server that behaves in one way, towards each connection.
type peer struct {
	name   string
	dir    string
	listen net.Listener
	behave func(*visit)
	done   chan struct{} // closed when the first visit is over

	mu    sync.Mutex
	conns []net.Conn
	work  sync.WaitGroup
	first sync.Once
}

// visit is one connection of a peer.
type visit struct {
	net.Conn
	got  bytes.Buffer  // what it read
	over chan struct{} // closed when the script ends
}

// cmdPeer starts a server in the test process:
//
//	peer NAME [unix:PATH] KIND [ARG…]
//
// $NAME_ADDR and $NAME_PORT say where. When a connection is over, what the
// server read is in the file NAME.got.
func cmdPeer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: peer NAME [unix:PATH] KIND [ARG…]")
	}
	name, args := args[0], args[1:]
	network, addr := "tcp", "127.0.0.1:0"
	if path, ok := strings.CutPrefix(args[0], "unix:"); ok {
		if network, addr = "unix", path; path[0] != '@' {
			addr = ts.MkAbs(path)
		}
		args = args[1:]
	}
	behave, err := behaviour(args)
	ts.Check(err)
	l, err := net.Listen(network, addr)
	ts.Check(err)
	p := &peer{name: name, dir: ts.MkAbs("."), listen: l, behave: behave, done: make(chan struct{})}
	all := peersOf(ts)
	all.mu.Lock()
	all.named[name] = p
	all.mu.Unlock()
	over := make(chan struct{})
	p.work.Add(1)
	go p.serve(over)
	ts.Defer(func() { close(over); p.close() })
	ts.Setenv(name+"_ADDR", l.Addr().String())
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		ts.Setenv(name+"_PORT", fmt.Sprint(a.Port))
	}
}

func (p *peer) serve(over chan struct{}) {
	defer p.work.Done()
	for {
		conn, err := p.listen.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns = append(p.conns, conn)
		p.mu.Unlock()
		p.work.Add(1)
		go p.attend(&visit{Conn: conn, over: over})
	}
}

func (p *peer) attend(v *visit) {
	defer p.work.Done()
	defer p.first.Do(func() { close(p.done) })
	p.behave(v)
	v.Close()
	os.WriteFile(p.dir+"/"+p.name+".got", v.got.Bytes(), 0o644)
}

func (p *peer) close() {
	p.listen.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.work.Wait()
}

// cmdPeerDone waits until a peer's first connection is over: peerdone NAME.
func cmdPeerDone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: peerdone NAME")
	}
	all := peersOf(ts)
	all.mu.Lock()
	p := all.named[args[0]]
	all.mu.Unlock()
	if p == nil {
		ts.Fatalf("no peer %q", args[0])
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		ts.Fatalf("%s is still busy", args[0])
	}
}

// cmdFileSize checks a file's length: filesize FILE BYTES.
func cmdFileSize(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: filesize FILE BYTES")
	}
	st, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if same := fmt.Sprint(st.Size()) == args[1]; same == neg {
		ts.Fatalf("%s has %d bytes", args[0], st.Size())
	}
}

// cmdFill makes a file of so many bytes, the pattern that peers send:
// fill FILE BYTES.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill FILE BYTES")
	}
	n, err := number(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pattern(n), 0o644))
}
