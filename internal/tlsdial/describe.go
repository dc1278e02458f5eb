package tlsdial

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"nettool/internal/ucspi"
)

// Told is what a program is told of the handshake.
func (c Conn) Told() *ucspi.TLS {
	s := c.ConnectionState()
	return &ucspi.TLS{
		Protocol: strings.Replace(tls.VersionName(s.Version), " ", "v", 1),
		Cipher:   tls.CipherSuiteName(s.CipherSuite),
		SNI:      ucspi.Clean(s.ServerName),
		ALPN:     s.NegotiatedProtocol,
	}
}

// Describe is what was agreed on, and the certificates that the peer has shown, in
// lines. Of a handshake that failed it is what had come by then.
func (c Conn) Describe() []string {
	s := c.ConnectionState()
	if c.shown.certificates != nil {
		s.PeerCertificates = c.shown.certificates
	}
	var lines []string
	if s.HandshakeComplete {
		line := fmt.Sprintf("%s, cipher %s", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite))
		if s.CurveID != 0 {
			line += ", key exchange " + s.CurveID.String()
		}
		if s.NegotiatedProtocol != "" {
			line += fmt.Sprintf(", protocol %q", s.NegotiatedProtocol)
		}
		lines = append(lines, line)
	}
	for i, cert := range s.PeerCertificates {
		lines = append(lines,
			fmt.Sprintf("certificate %d: subject %q, issuer %q, for %s, from %s, until %s", i, cert.Subject.String(), cert.Issuer.String(), names(cert),
				cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339)),
			fmt.Sprintf("certificate %d: sha256 %x, of the public key %x", i, sha256.Sum256(cert.Raw), sha256.Sum256(cert.RawSubjectPublicKeyInfo)))
	}
	return lines
}
