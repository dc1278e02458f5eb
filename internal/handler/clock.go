package handler

import (
	"errors"
	"io"
	"os"
	"time"
)

// daytime sends the date and time as one line (RFC 867).
func daytime(s *Session) error {
	return say(s, date(time.Now()))
}

// epoch1900 is how many seconds 1970 comes after 1900, where RFC 868 counts from.
const epoch1900 = 2208988800

// timeOfDay sends the seconds since 1900 as 32 bits, big endian (RFC 868).
func timeOfDay(s *Session) error {
	return say(s, since1900(time.Now()))
}

// say sends one answer and ends.
func say(s *Session, answer []byte) error {
	if err := send(s, answer); err != nil {
		return err
	}
	return finish(s, nil)
}

// What bounds the reading of an ended session's input.
const (
	drainLimit = 1 << 20 // bytes
	drainTime  = 2 * time.Second
)

// finish ends the write side and drops what the peer still sends until its EOF:
// closing with unread input would reset our last bytes away. It returns result.
func finish(s *Session, result error) error {
	s.Conn.CloseWrite() // when it fails the reads say why
	s.Conn.SetReadDeadline(time.Now().Add(drainTime))
	buf := borrow()
	defer release(buf)
	for total := 0; total < drainLimit; {
		n, err := s.Conn.Read(buf)
		total += n
		s.In.Add(int64(n))
		if err != nil {
			return endOf(result, err)
		}
	}
	return result
}

// endOf is how a session ends whose drain ended with err.
func endOf(result, err error) error {
	if result != nil || err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded) {
		return result
	}
	return err
}
