package handoff

import (
	"fmt"
	"io"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// LinkFD is the descriptor by which a child is given its work.
const LinkFD = 3

// Parent is the child's side of the link.
type Parent struct {
	Config Config
	Page   *Page
	// Attached is what came with the configuration, or empty.
	Attached []byte

	// Equip is called by Next with what TLS takes from then on, as Seal had it.
	Equip func(secrets []byte) error

	board *Board
	inbox *inbox
	buf   []byte
}

// Open checks that descriptor 3 is a link, reads the configuration from it and
// maps the shared pages.
func Open() (*Parent, error) {
	if err := checkLink(LinkFD); err != nil {
		return nil, err
	}
	unix.CloseOnExec(LinkFD)
	in := newInbox(LinkFD, make([]byte, MaxMessage), 3)
	m, fds, err := in.receive(0)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer closeAll(fds)
	config, ok := m.(*Config)
	if !ok || len(fds) < 2 {
		return nil, fmt.Errorf("read configuration: message %T with %d descriptors", m, len(fds))
	}
	page, err := mapPage(fds[0], unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return nil, err
	}
	board, err := mapPage(fds[1], unix.PROT_READ)
	if err != nil {
		return nil, err
	}
	var attached []byte
	if len(fds) == 3 {
		if attached, err = unseal(fds[2]); err != nil {
			return nil, fmt.Errorf("read what is attached: %w", err)
		}
	}
	wants := (*atomic.Uint32)(unsafe.Pointer(&board[0]))
	return &Parent{Config: *config, Page: pageOf(page), Attached: attached, board: &Board{fd: -1, wants: wants}, inbox: in, buf: make([]byte, 0, 64)}, nil
}

// IsLink reports whether descriptor fd can be a link: an AF_UNIX socket of type
// SOCK_SEQPACKET.
func IsLink(fd int) bool { return checkLink(fd) == nil }

func checkLink(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w", fd, err)
	}
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w", fd, err)
	}
	if domain != unix.AF_UNIX || kind != unix.SOCK_SEQPACKET {
		return fmt.Errorf("descriptor %d: not a unix seqpacket socket", fd)
	}
	return nil
}

// Ready tells the parent that the child waits for its first connection.
func (p *Parent) Ready() error { return send(LinkFD, &Ready{}, p.buf, unix.MSG_DONTWAIT) }

// equip takes what came with Secrets.
func (p *Parent) equip(fds []int) error {
	defer closeAll(fds)
	if len(fds) != 1 {
		return fmt.Errorf("handoff message about TLS keys with %d descriptors", len(fds))
	}
	text, err := unseal(fds[0])
	if err != nil {
		return fmt.Errorf("read TLS keys: %w", err)
	}
	return p.Equip(text)
}

// Next waits for a connection. The caller owns its descriptor fd, which is
// blocking and close-on-exec. io.EOF means that the parent retired this child.
func (p *Parent) Next() (c *Conn, fd int, err error) {
	m, fds, err := p.inbox.receive(0)
	if err != nil {
		return nil, -1, err
	}
	if _, ok := m.(*Secrets); ok {
		if err := p.equip(fds); err != nil {
			return nil, -1, err
		}
		return p.Next()
	}
	c, ok := m.(*Conn)
	if !ok || len(fds) != 1 {
		closeAll(fds)
		return nil, -1, fmt.Errorf("handoff message %T with %d descriptors: want a connection with one", m, len(fds))
	}
	return c, fds[0], nil
}

// Ask tells what the header of the connection at hand says, and waits for the
// verdict. io.EOF means that nobody will decide any more.
func (p *Parent) Ask(m *Ask) (*Verdict, error) {
	if err := send(LinkFD, m, p.buf, 0); err != nil {
		return nil, io.EOF // the parent is gone
	}
	answer, fds, err := p.inbox.receive(0)
	closeAll(fds)
	if err != nil {
		return nil, err
	}
	v, ok := answer.(*Verdict)
	if !ok || v.ID != m.ID {
		return nil, fmt.Errorf("handoff message %T: want the verdict about connection %d", answer, m.ID)
	}
	return v, nil
}

// Join tells that the connection at hand can begin, and waits for the socket that leads
// to its program, which is the caller's. io.EOF means that there will be none.
func (p *Parent) Join(m *Secured) (fd int, err error) {
	if err := send(LinkFD, m, p.buf, 0); err != nil {
		return -1, io.EOF // the parent is gone
	}
	answer, fds, err := p.inbox.receive(0)
	if err != nil {
		return -1, err
	}
	if j, ok := answer.(*Joined); !ok || j.ID != m.ID || len(fds) != 1 {
		closeAll(fds)
		return -1, fmt.Errorf("handoff message %T with %d descriptors: want the program of connection %d", answer, len(fds), m.ID)
	}
	return fds[0], nil
}

// Tell publishes the result of the connection at hand, whose header says this,
// and closes our copy of its socket fd: the parent, which has another, goes on with
// it and may send the next.
func (p *Parent) Tell(m *Ask, fd int) error {
	unix.Close(fd)
	p.Page.Finish(Result{Ended: Now()})
	err := send(LinkFD, m, p.buf, 0)
	if err == unix.EPIPE || err == unix.ECONNRESET {
		return nil // the parent is gone: Next will tell
	}
	return err
}

// Routed tells the parent that the connection at hand has gone to another backend
// than the first. It does not wait.
func (p *Parent) Routed(m *Routed) { _ = send(LinkFD, m, p.buf, unix.MSG_DONTWAIT) }

// Finish publishes the result of the connection at hand and closes its
// descriptor fd; from then on the parent may send the next. Both directions must
// have ended, and nothing else may use fd any more. The result is there before
// the peer can see the end: whoever asks the parent then finds the connection
// gone.
func (p *Parent) Finish(r Result, fd int) error {
	seq := p.Page.Finish(r)
	unix.Close(fd)
	if !p.board.wanted() {
		return nil
	}
	err := send(LinkFD, &Done{Seq: seq}, p.buf, unix.MSG_DONTWAIT)
	switch err {
	case unix.EPIPE, unix.ECONNRESET: // the parent is gone or does not want us any more: Next will tell
		return nil
	case unix.EAGAIN: // what the parent has yet to read from us makes it look at the page
		return nil
	}
	return err
}
