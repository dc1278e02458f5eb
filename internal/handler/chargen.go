package handler

import "errors"

// The pattern of RFC 864: lines of 72 of the 95 printing characters, each line
// one character further on.
const (
	lineWidth  = 72
	firstPrint = ' '
	printing   = 95
)

// chargen sends characters until the peer closes, and throws away what it gets
// (RFC 864).
func chargen(s *Session) error {
	pattern := chargenPattern()
	heard := make(chan error, 1)
	go hear(s, heard)
	var err error
	for err == nil {
		err = send(s, pattern)
	}
	s.Conn.CloseRead()
	if end := <-heard; end != nil && !isExpired(err) {
		return end // it came first; we saw its consequence
	}
	return err
}

// hear throws away what the peer sends. An error, such as a timer that expires
// while we wait for a byte, ends the sending, too.
func hear(s *Session, heard chan<- error) {
	err := discard(s)
	if err != nil {
		s.Conn.CloseWrite()
	}
	heard <- err
}

func isExpired(err error) bool {
	_, ok := errors.AsType[*Expired](err)
	return ok
}

// chargenPattern is one whole period of lines.
func chargenPattern() []byte {
	b := make([]byte, 0, printing*(lineWidth+2))
	for line := range printing {
		for col := range lineWidth {
			b = append(b, byte(firstPrint+(line+col)%printing))
		}
		b = append(b, '\r', '\n')
	}
	return b
}
