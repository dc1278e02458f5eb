package handoff

import "nettool/internal/ucspi"

// Secured tells that connection ID, whose program is to be run elsewhere, can begin,
// and what its TLS handshake has come to.
type Secured struct {
	ID  uint64
	TLS ucspi.TLS
}

// Joined answers Secured. The socket that travels with it leads to the program.
type Joined struct{ ID uint64 }

func (*Secured) kind() Kind { return KindSecured }
func (*Joined) kind() Kind  { return KindJoined }

func (m *Secured) write(w *writer) {
	w.number(m.ID)
	for _, text := range m.texts() {
		w.text(*text)
	}
	w.flag(m.TLS.Resumed)
}

func (m *Secured) read(r *reader) {
	m.ID = r.number()
	for _, text := range m.texts() {
		*text = r.text()
	}
	m.TLS.Resumed = r.flag()
}

// texts are the texts in their order.
func (m *Secured) texts() []*string {
	t := &m.TLS
	return []*string{&t.Protocol, &t.Cipher, &t.SNI, &t.ALPN, &t.Subject, &t.Fingerprint}
}

func (m *Joined) write(w *writer) { w.number(m.ID) }
func (m *Joined) read(r *reader)  { m.ID = r.number() }
