package handler

import (
	"io"

	"nettool/internal/quit"
)

// echo sends back what it gets (RFC 862) until the peer ends its side.
func echo(s *Session) error {
	buf := borrow()
	defer func() { release(buf) }()
	quitting := quit.Scanner{Prefix: s.QuitOn}
	for {
		n, err := s.Conn.Read(buf)
		s.In.Add(int64(n))
		keep, found := quitting.Scan(buf[:n])
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
		buf = grown(buf, n)
	}
}

// discard throws away what it gets (RFC 863).
func discard(s *Session) error {
	buf := borrow()
	defer func() { release(buf) }()
	for {
		n, err := s.Conn.Read(buf)
		s.In.Add(int64(n))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		buf = grown(buf, n)
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
