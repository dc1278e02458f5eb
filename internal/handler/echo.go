package handler

import "io"

// The echo buffer starts small, since most connections are, and grows once a
// read fills it.
const (
	smallBuffer = 16 << 10
	largeBuffer = 128 << 10
)

// echo sends back what it gets (RFC 862) until the peer ends its side.
func echo(s *Session) error {
	buf := make([]byte, smallBuffer)
	quit := quitter{prefix: s.QuitOn}
	for {
		n, err := s.Conn.Read(buf)
		s.In.Add(int64(n))
		keep, found := quit.scan(buf[:n])
		if werr := send(s, buf[:keep]); werr != nil {
			return werr
		}
		if found {
			return finish(s, errQuit)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == len(buf) && n < largeBuffer {
			buf = make([]byte, largeBuffer)
		}
	}
}

// discard throws away what it gets (RFC 863).
func discard(s *Session) error {
	buf := make([]byte, largeBuffer)
	for {
		n, err := s.Conn.Read(buf)
		s.In.Add(int64(n))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// send writes all of b and counts what was taken.
func send(s *Session, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := s.Conn.Write(b)
	s.Out.Add(int64(n))
	return err
}
