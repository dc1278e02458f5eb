package handoff

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// Room asks for room for bytes of the connection at hand, and waits for the answer,
// which is a cause when there is none. io.EOF means that nobody will answer any more.
func (p *Parent) Room(m *Room) (cause string, err error) { return p.note(m, m.ID) }

// Filed tells of a file of the connection at hand, and waits until that was noted.
func (p *Parent) Filed(m *Filed) error {
	_, err := p.note(m, m.ID)
	return err
}

func (p *Parent) note(m Message, id uint64) (cause string, err error) {
	if err := send(LinkFD, m, p.buf, 0); err != nil {
		return "", io.EOF // the parent is gone
	}
	answer, fds, err := p.inbox.receive(0)
	closeAll(fds)
	if err != nil {
		return "", err
	}
	n, ok := answer.(*Noted)
	if !ok || n.ID != id {
		return "", fmt.Errorf("handoff message %T: want an answer about connection %d", answer, id)
	}
	return n.Cause, nil
}

// Note answers the child's question about the connection at hand.
func (c *Child) Note(n *Noted) error { return send(c.Sock, n, c.buf, unix.MSG_DONTWAIT) }
