package tlsserve

import (
	"crypto/tls"

	"nettool/internal/handoff"
)

// ciphers are those of TLS 1.2 that have forward secrecy and authenticate what they
// encrypt (RFC 9325, section 4.2): no CBC. TLS 1.3 has no others.
var ciphers = [...]uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// Config is the configuration for handshakes with the material and these options.
func Config(o *handoff.TLSOptions, m *Material) *tls.Config {
	c := &tls.Config{
		Certificates: m.Certificates,
		ClientCAs:    m.ClientCAs,
		MinVersion:   o.MinVersion,
		CipherSuites: ciphers[:],
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
