package zoo

import (
	"net"
	"sync"
)

// Peer is a server that behaves in one way towards each connection.
type Peer struct {
	listener net.Listener
	behave   func(*Visit)
	after    func(*Visit)
	over     chan struct{}
	done     chan struct{}

	mu    sync.Mutex
	conns []net.Conn
	work  sync.WaitGroup
	first sync.Once
}

// Serve lets everybody who connects to l meet a behaviour; what is left of a visit
// then goes to after, unless that is nil. The peer owns l.
func Serve(l net.Listener, behave, after func(*Visit)) *Peer {
	p := &Peer{listener: l, behave: behave, after: after, over: make(chan struct{}), done: make(chan struct{})}
	p.work.Go(p.accept)
	return p
}

// Done is closed when the first visit is over.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Close ends the peer and all its visits, and waits for them.
func (p *Peer) Close() {
	p.listener.Close()
	p.mu.Lock()
	close(p.over)
	for _, c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.work.Wait()
}

func (p *Peer) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.admit(conn)
	}
}

func (p *Peer) admit(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.over:
		conn.Close()
	default:
		p.conns = append(p.conns, conn)
		p.work.Go(func() { p.attend(&Visit{Conn: conn, Over: p.over}) })
	}
}

func (p *Peer) attend(v *Visit) {
	defer p.first.Do(func() { close(p.done) })
	p.behave(v)
	v.Close()
	if p.after != nil {
		p.after(v)
	}
}
