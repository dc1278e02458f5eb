package child

import (
	"errors"
	"time"

	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/tlsserve"
)

// What stands between a connection and its handler: a PROXY header, then TLS.

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

// handler is what handles a connection.
func (c *child) handler(conn *handoff.Conn) handler.Func {
	switch {
	case !conn.TLS:
		return c.run
	case c.tls == nil:
		return func(*handler.Session) error { return errors.New("a TLS connection, and no certificate") }
	}
	return tlsserve.Over(c.run, c.tls, c.parent.Config.TLS.Timeout)
}
