package relay

import "io"

const (
	bufferSize = 256 << 10
	// datagramSize is the longest datagram that fits an IPv4 packet.
	datagramSize = 65507
)

// upload sends In to the peer until it ends.
func (e *engine) upload() {
	e.events <- event{uploader, e.sendAll()}
}

func (e *engine) sendAll() error {
	plain := e.s.Outgoing == nil && e.s.QuitOn == ""
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
	quit := quitScanner{prefix: []byte(e.s.QuitOn)}
	for {
		n, err := e.in.read(buf)
		if n > 0 {
			if err := e.send(&quit, buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err == errStopped:
			return err
		case err != nil:
			return &localError{readStdin, err}
		}
	}
}

// send passes one piece of In on, up to the end of the line that quits.
func (e *engine) send(quit *quitScanner, p []byte) error {
	end := quit.scan(p)
	if end > 0 {
		p = p[:end]
	}
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
	if end > 0 {
		return errQuit
	}
	return nil
}

// quitScanner finds the line that ends a session in pieces of input.
type quitScanner struct {
	prefix  []byte
	matched int  // bytes of the prefix that the current line has shown
	failed  bool // the current line does not start with the prefix
	found   bool // it does: the session ends with the line
}

// scan returns where the quitting line ends in p, or 0.
func (q *quitScanner) scan(p []byte) int {
	if len(q.prefix) == 0 {
		return 0
	}
	for i, c := range p {
		if c == '\n' {
			if q.found {
				return i + 1
			}
			q.matched, q.failed = 0, false
			continue
		}
		q.step(c)
	}
	return 0
}

func (q *quitScanner) step(c byte) {
	if q.failed || q.found {
		return
	}
	if c != q.prefix[q.matched] {
		q.failed = true
		return
	}
	q.matched++
	q.found = q.matched == len(q.prefix)
}
