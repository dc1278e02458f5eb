package terminal

import (
	"io"
	"os"
	"sync"
)

// keys are what is typed, for the editor. Their end can be brought about at any time,
// though a read of the terminal cannot be ended.
type keys struct {
	from   *os.File
	came   chan read
	asked  bool // for a read that has not come yet
	erased bool
	seq    sequence

	once   sync.Once
	finish chan struct{}
}

func newKeys(from *os.File) *keys {
	return &keys{from: from, came: make(chan read, 1), finish: make(chan struct{})}
}

type read struct {
	b   []byte
	err error
}

// erase are the keys that empty the line: End, and to the beginning.
const erase = "\x05\x15"

// Read waits for keys, or for the end, before which it erases the line.
func (k *keys) Read(b []byte) (int, error) {
	if !k.asked {
		k.asked = true
		go k.ask()
	}
	select {
	case <-k.finish:
		if !k.erased {
			k.erased = true
			return copy(b, erase), nil
		}
		return 0, io.EOF
	default:
	}
	select {
	case r := <-k.came:
		n := copy(b, r.b)
		if n < len(r.b) {
			k.came <- read{r.b[n:], r.err}
			return n, nil
		}
		k.asked = false
		return n, r.err // n is 0 where a key has come in part
	case <-k.finish:
		return k.Read(b)
	}
}

// ask reads the terminal once.
func (k *keys) ask() {
	b := make([]byte, 128) // the editor has room for twice as many
	n, err := k.from.Read(b)
	k.came <- read{k.seq.keys(b[:n]), err}
}

// end has Read return io.EOF soon.
func (k *keys) end() { k.once.Do(func() { close(k.finish) }) }

// ended reports whether that has happened.
func (k *keys) ended() bool {
	select {
	case <-k.finish:
		return true
	default:
		return false
	}
}

// sequence makes of what terminals send for a key what the editor knows (ECMA-48, and
// xterm's control sequences): it waits for ever where it does not.
type sequence struct {
	held []byte // from ESC on
}

// longestSequence bounds a key, in bytes.
const longestSequence = 16

const escape = 0x1b

// keys takes what a terminal has sent.
func (s *sequence) keys(b []byte) (keys []byte) {
	for _, c := range b {
		if len(s.held) == 0 && c != escape {
			keys = append(keys, c)
			continue
		}
		keys = append(keys, s.next(c)...)
	}
	return keys
}

// next takes a byte that belongs to a sequence, or ends it.
func (s *sequence) next(c byte) (key []byte) {
	switch {
	case c == escape:
		s.held = append(s.held[:0], c)
		return nil
	case len(s.held) == 1 && (c == '[' || c == 'O'):
		s.held = append(s.held, c)
		return nil
	case len(s.held) == 1: // Alt and a key, or Escape before one
		s.held = s.held[:0]
		switch c {
		case 'b':
			return []byte(wordLeft)
		case 'f':
			return []byte(wordRight)
		}
		return []byte{c}
	case c < ' ': // not of a sequence
		s.held = s.held[:0]
		return []byte{c}
	case c < '@' && len(s.held) < longestSequence:
		s.held = append(s.held, c)
		return nil
	}
	name := string(s.held[2:]) + string(c)
	s.held = s.held[:0]
	return named(name)
}

// What the editor knows to move by words.
const (
	wordLeft  = "\x1b[1;3D"
	wordRight = "\x1b[1;3C"
)

// named is a key by the end of its sequence, or nothing for one that does nothing.
func named(name string) []byte {
	switch name {
	case "A", "B", "C", "D", "H", "F", "3~":
		return []byte("\x1b[" + name)
	case "1~", "7~":
		return []byte("\x1b[H")
	case "4~", "8~":
		return []byte("\x1b[F")
	case "1;3D", "1;5D":
		return []byte(wordLeft)
	case "1;3C", "1;5C":
		return []byte(wordRight)
	}
	return nil
}
