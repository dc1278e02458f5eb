package child

import (
	"crypto/tls"
	"errors"

	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/tlsserve"
)

// front is what stands between a connection and its handler.
type front struct {
	options handoff.TLSOptions
	config  *tls.Config // nil before the parent has sent what it takes
}

// runFunc is the handler for a connection.
type runFunc func(*handoff.Conn) handler.Func

// equip takes what TLS takes from the next connection on.
func (f *front) equip(secrets []byte) error {
	m, err := tlsserve.Parse(secrets)
	if err != nil {
		return err
	}
	f.config = tlsserve.Config(&f.options, m)
	return nil
}

// before puts the front before a handler.
func (f *front) before(run handler.Func) runFunc {
	return func(conn *handoff.Conn) handler.Func {
		if !conn.TLS {
			return run
		}
		if f.config == nil {
			return func(*handler.Session) error { return errors.New("a TLS connection, and no certificate") }
		}
		return tlsserve.Over(run, f.config, f.options.Timeout)
	}
}
