package handoff

import (
	"encoding/binary"
	"fmt"
)

// Append appends the message's wire form to b, or fails when it is too long.
func Append(b []byte, m Message) ([]byte, error) {
	start := len(b)
	w := writer{append(b, version, byte(m.kind()))}
	m.write(&w)
	if n := len(w.b) - start; n > MaxMessage {
		return b, fmt.Errorf("handoff message of %d bytes: at most %d fit", n, MaxMessage)
	}
	return w.b, nil
}

// Parse reads one whole message. Nothing in it is trusted: a wrong version, an
// unknown kind, a short message and trailing bytes are errors.
func Parse(b []byte) (Message, error) {
	if len(b) < 2 {
		return nil, fmt.Errorf("handoff message of %d bytes: too short", len(b))
	}
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("handoff message of %d bytes: too long", len(b))
	}
	if b[0] != version {
		return nil, fmt.Errorf("handoff message of version %d: this is version %d", b[0], version)
	}
	m := blank(Kind(b[1]))
	if m == nil {
		return nil, fmt.Errorf("handoff message of unknown kind %d", b[1])
	}
	r := reader{b: b[2:]}
	m.read(&r)
	if r.bad {
		return nil, fmt.Errorf("handoff message of kind %d: cut short, or a length that cannot be", b[1])
	}
	if len(r.b) > 0 {
		return nil, fmt.Errorf("handoff message of kind %d: %d bytes too many", b[1], len(r.b))
	}
	return m, nil
}

func blank(k Kind) Message {
	switch k {
	case KindConfig:
		return &Config{}
	case KindConn:
		return &Conn{}
	case KindReady:
		return &Ready{}
	case KindDone:
		return &Done{}
	case KindExec:
		return &Exec{}
	case KindAsk:
		return &Ask{}
	case KindVerdict:
		return &Verdict{}
	case KindSecrets:
		return &Secrets{}
	case KindRouted:
		return &Routed{}
	case KindSecured:
		return &Secured{}
	case KindJoined:
		return &Joined{}
	case KindRoom:
		return &Room{}
	case KindFiled:
		return &Filed{}
	case KindNoted:
		return &Noted{}
	}
	if m := blankNames(k); m != nil {
		return m
	}
	return blankStage(k)
}

// writer appends fields: numbers as uvarints, texts with their length before
// them, lists with their count.
type writer struct{ b []byte }

func (w *writer) number(n uint64) { w.b = binary.AppendUvarint(w.b, n) }

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) list(l []string) {
	w.number(uint64(len(l)))
	for _, s := range l {
		w.text(s)
	}
}

// reader takes fields off the front of b. After the first field that does not
// fit it is bad, and every further field is empty.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) list() []string {
	n := r.number()
	if n > uint64(len(r.b)) { // each text takes a byte at least
		r.bad, r.b = true, nil
		return nil
	}
	var l []string
	for range n {
		l = append(l, r.text())
	}
	if r.bad {
		return nil
	}
	return l
}
