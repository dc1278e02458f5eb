package child

import (
	"errors"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/tlsserve"
)

// What stands between a connection and its handler, or its program: a PROXY header,
// then TLS.

// readHeader reads the PROXY header that a connection begins with.
func (c *child) readHeader(conn *handoff.Conn, fd int) (*handoff.Ask, error) {
	accepted := acceptedAt(conn)
	raw := handler.NewRaw(fd, handoff.Limits{}, accepted, new(handoff.Activity))
	raw.SetReadDeadline(accepted.Add(c.parent.Config.HeaderTime))
	h, err := proxy.ReadHeader(raw)
	if err != nil {
		return nil, err
	}
	c.parent.Page.Activity().Moved(time.Since(accepted))
	return handoff.NewAsk(conn.ID, h), nil
}

// equip takes what TLS takes from the next connection on.
func (c *child) equip(secrets []byte) error {
	m, err := tlsserve.Parse(secrets)
	if err != nil {
		return err
	}
	c.tls = tlsserve.Config(&c.parent.Config.TLS, m)
	return nil
}

// handler is what handles a connection that is raw below.
func (c *child) handler(conn *handoff.Conn, raw *handler.Raw) handler.Func {
	run := c.run
	if run == nil {
		run = func(s *handler.Session) error { return c.relay(conn, s, raw) }
	}
	switch {
	case !conn.TLS:
		return run
	case c.tls == nil:
		return func(*handler.Session) error { return errors.New("a TLS connection, and no certificate") }
	}
	return tlsserve.Over(run, c.tls, c.parent.Config.TLS.Timeout)
}

// relay has the parent run the program of a connection, and is between the two.
func (c *child) relay(conn *handoff.Conn, s *handler.Session, raw *handler.Raw) error {
	m := handoff.Secured{ID: conn.ID}
	if t, ok := s.Conn.(*tlsserve.Conn); ok {
		m.TLS = t.Told()
	}
	fd, err := c.parent.Join(&m)
	if err == io.EOF {
		return nil // nobody runs programs any more
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return handler.Relay(s, raw, fd)
}
