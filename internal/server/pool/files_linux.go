//go:build !portable

package pool

import (
	"errors"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// brings reports whether a child may say that the connection at hand brings files, and
// has had its answer to what it has said before.
func (p *Pool) brings(w *worker, id uint64) bool {
	return p.cfg.Child.Files.Dir != "" && w.conn != nil && p.busy[w.conn] == w && w.conn.ID == id && !w.conn.Anonymous && !w.asks
}

// room has the server decide whether there is room for what a connection brings.
func (p *Pool) room(w *worker, m *handoff.Room) {
	if !p.brings(w, m.ID) || !p.cfg.Child.Files.Quota || m.Bytes < 0 {
		p.breach(w, "a question about files that it has not to ask")
		return
	}
	w.asks = true
	p.host.Room(w.conn, m.Bytes, func(cause string) { p.reply(w, &handoff.Noted{ID: m.ID, Cause: cause}) })
}

// filed tells the server of a file.
func (p *Pool) filed(w *worker, m *handoff.Filed) {
	if !p.brings(w, m.ID) || !m.Sane() {
		p.breach(w, "a file that it cannot have received")
		return
	}
	w.asks = true
	p.host.Filed(w.conn, m, func() { p.reply(w, &handoff.Noted{ID: m.ID}) })
}

// reply answers a child that still waits for it. One that is gone has perhaps said more,
// and its end is heard behind that.
func (p *Pool) reply(w *worker, n *handoff.Noted) {
	if w.conn == nil || w.conn.ID != n.ID || !w.asks || w.retired {
		return
	}
	w.asks = false
	err := w.child.Note(n)
	if err != nil && !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
		p.died(w)
	}
}
