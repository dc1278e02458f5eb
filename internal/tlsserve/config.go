package tlsserve

import (
	"crypto/tls"

	"nettool/internal/handoff"
)

// Config is the configuration for handshakes with the material and these options.
func Config(o *handoff.TLSOptions, m *Material) *tls.Config {
	c := &tls.Config{
		Certificates: m.Certificates,
		ClientCAs:    m.ClientCAs,
		MinVersion:   o.MinVersion,
		NextProtos:   o.ALPN,
	}
	switch o.ClientCerts {
	case handoff.AskClientCerts:
		c.ClientAuth = tls.VerifyClientCertIfGiven
	case handoff.RequireClientCerts:
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if len(m.TicketKeys) > 0 {
		c.SetSessionTicketKeys(m.TicketKeys)
	}
	return c
}
