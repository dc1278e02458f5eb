package relay

import (
	"bytes"
	"io"

	"nettool/internal/quit"
)

const (
	// bufferSize is what was fastest of 256 KiB, 512 KiB and 1 MiB, the most that a pipe
	// has by default.
	bufferSize = 1 << 20
	// datagramSize is the longest datagram that fits an IPv4 packet.
	datagramSize = 65507
)

// upload sends In to the peer until it ends.
func (e *engine) upload() {
	e.events <- event{uploader, e.sendAll()}
}

func (e *engine) sendAll() error {
	byLine := e.s.Delay > 0 || e.s.DatagramLines
	plain := e.s.Outgoing == nil && e.s.QuitOn == "" && !byLine
	if plain && e.link.raw != nil && e.in.regular() {
		if handled, err := e.sendFile(); handled {
			return err
		}
	}
	size := bufferSize
	if e.link.datagram {
		size = datagramSize
	}
	buf := make([]byte, size)
	quitting := quit.Scanner{Prefix: e.s.QuitOn}
	send := func(p []byte) error { return e.send(&quitting, p) }
	lines := &lines{hold: e.s.DatagramLines, longest: size, pause: func() error { return e.halt.sleep(e.s.Delay) }}
	for {
		n, err := e.in.read(buf)
		if n > 0 && !byLine {
			if err := send(buf[:n]); err != nil {
				return err
			}
		} else if err := lines.send(buf[:n], send); err != nil {
			return err
		}
		switch {
		case err == io.EOF:
			return lines.flush(send)
		case err == errStopped:
			return err
		case err != nil:
			return &localError{readStdin, err}
		}
	}
}

// send passes one piece of In on, up to the end of the line that quits.
func (e *engine) send(quitting *quit.Scanner, p []byte) error {
	p, over := upToQuit(quitting, p)
	if e.s.Outgoing != nil {
		var show []byte
		p, show = e.s.Outgoing(p)
		if err := e.show(show); err != nil {
			return err
		}
	}
	e.s.counts.taken.Add(int64(len(p)))
	n, err := e.s.Conn.Write(p)
	e.s.counts.sent(n)
	if err != nil {
		return err
	}
	if over {
		return errQuit
	}
	return nil
}

// upToQuit is p up to the end of the line that quits, and whether that is in it.
func upToQuit(s *quit.Scanner, p []byte) (piece []byte, over bool) {
	if start, found := s.Scan(p); found {
		if newline := bytes.IndexByte(p[start:], '\n'); newline >= 0 {
			return p[:start+newline+1], true
		}
	}
	return p, false
}
