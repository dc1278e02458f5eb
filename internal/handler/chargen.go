package handler

import "sync"

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
	var reader sync.WaitGroup
	reader.Go(func() { discard(s) })
	var err error
	for err == nil {
		err = send(s, pattern)
	}
	s.Conn.CloseRead()
	reader.Wait()
	return err
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
