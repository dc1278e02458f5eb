package relay

import (
	"errors"
	"io"
	"net"
	"os"
)

// download writes what the peer sends to Out until the peer ends.
func (e *engine) download() {
	err := e.receiveAll()
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		err = errStopped
	}
	e.events <- event{downloader, err}
}

func (e *engine) receiveAll() error {
	if e.out != nil && e.out.pipe() && e.link.raw != nil && e.s.Incoming == nil && e.s.Outgoing == nil {
		if handled, err := e.spliceOut(); handled {
			return err
		}
	}
	buf := make([]byte, bufferSize)
	for {
		n, err := e.s.Conn.Read(buf)
		if n > 0 {
			e.s.counts.received(n)
			if err := e.deliver(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// deliver hands one piece to Out.
func (e *engine) deliver(p []byte) error {
	done := false
	if e.s.Incoming != nil {
		p, done = e.s.Incoming(p)
	}
	if err := e.show(p); err != nil {
		return err
	}
	if done {
		return errDone
	}
	return nil
}

// show writes p to Out. Both directions may.
func (e *engine) show(p []byte) error {
	if e.out == nil || len(p) == 0 {
		return nil
	}
	e.showing.Lock()
	defer e.showing.Unlock()
	e.s.counts.outBlocked.Store(true)
	err := e.out.write(p)
	e.s.counts.outBlocked.Store(false)
	if err == nil || err == errStopped {
		return err
	}
	return &localError{writeStdout, err}
}
