package handoff

import "time"

// What programs are told of their clients beyond addresses, names and users, is looked up
// by a child of its own: the server waits for nobody, and no answer from the network is
// read in it.

// Names has a child look names up, and says which.
type Names struct {
	LocalHost bool // the name of our end's address (DNS)
	Host      bool // that of the client's,
	Paranoid  bool // if the name has that address, too
	Info      bool // whose the connection is, there (RFC 1413)
	Timeout   time.Duration
}

// Who asks about a connection.
type Who struct {
	ID            uint64
	Local, Remote string // addresses with ports
}

// Named answers Who.
type Named struct {
	ID                    uint64
	LocalHost, Host, Info Word
}

// Word is a text that may be absent.
type Word struct {
	Text  string
	Known bool
}

func (*Names) kind() Kind { return KindNames }
func (*Who) kind() Kind   { return KindWho }
func (*Named) kind() Kind { return KindNamed }

func (m *Names) write(w *writer) {
	w.flag(m.LocalHost)
	w.flag(m.Host)
	w.flag(m.Paranoid)
	w.flag(m.Info)
	w.number(uint64(m.Timeout))
}

func (m *Names) read(r *reader) {
	m.LocalHost = r.flag()
	m.Host = r.flag()
	m.Paranoid = r.flag()
	m.Info = r.flag()
	m.Timeout = time.Duration(r.number())
}

func (m *Who) write(w *writer) {
	w.number(m.ID)
	w.text(m.Local)
	w.text(m.Remote)
}

func (m *Who) read(r *reader) {
	m.ID = r.number()
	m.Local = r.text()
	m.Remote = r.text()
}

func (m *Named) write(w *writer) {
	w.number(m.ID)
	for _, word := range m.words() {
		w.flag(word.Known)
		w.text(word.Text)
	}
}

func (m *Named) read(r *reader) {
	m.ID = r.number()
	for _, word := range m.words() {
		word.Known = r.flag()
		word.Text = r.text()
	}
}

func (m *Named) words() [3]*Word { return [3]*Word{&m.LocalHost, &m.Host, &m.Info} }

// blankNames is blank for the messages of this file.
func blankNames(k Kind) Message {
	switch k {
	case KindNames:
		return &Names{}
	case KindWho:
		return &Who{}
	case KindNamed:
		return &Named{}
	}
	return nil
}
