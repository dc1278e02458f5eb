package attempt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// TLSFacts is what a handshake told of the peer. What its certificate says comes from the
// network: escape it.
type TLSFacts struct {
	Version string // such as "TLS 1.3"; "" when the handshake failed
	Cipher  string
	ALPN    string // the protocol agreed on, or ""
	Subject string
	Issuer  string
	Names   []string  // that the certificate is for: host names and addresses
	Expires time.Time // of the chain's certificates, the first to expire; zero when there are none
	At      time.Time // of the handshake
}

// Days is how many whole days are left until a certificate expires; below zero it has.
func (f *TLSFacts) Days() int {
	left := f.Expires.Sub(f.At)
	days := int(left / (24 * time.Hour))
	if left < 0 {
		days--
	}
	return days
}

// String is what was agreed on, and how long the certificates last.
func (f *TLSFacts) String() string {
	text := f.Version
	if f.ALPN != "" {
		text += ", " + f.ALPN
	}
	if !f.Expires.IsZero() {
		text += fmt.Sprintf(", %d days left", f.Days())
	}
	return text
}

// factsOf are the facts of a handshake, or, after one that failed, of the certificates
// that were refused. Nil is nothing.
func factsOf(c *tls.Conn, err error) *TLSFacts {
	f := &TLSFacts{At: time.Now()}
	var chain []*x509.Certificate
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		chain = refused.UnverifiedCertificates
	}
	if err == nil {
		s := c.ConnectionState()
		f.Version, f.Cipher, f.ALPN = tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite), s.NegotiatedProtocol
		chain = s.PeerCertificates
		if len(s.VerifiedChains) > 0 {
			chain = longestLived(s.VerifiedChains)
		}
	}
	if len(chain) > 0 {
		f.certificates(chain)
	} else if err != nil {
		return nil
	}
	return f
}

func (f *TLSFacts) certificates(chain []*x509.Certificate) {
	leaf := chain[0]
	f.Subject, f.Issuer, f.Names = leaf.Subject.String(), leaf.Issuer.String(), slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		f.Names = append(f.Names, ip.String())
	}
	f.Expires = firstEnd(chain)
}

// longestLived is the chain that is valid longest: one is enough.
func longestLived(chains [][]*x509.Certificate) []*x509.Certificate {
	return slices.MaxFunc(chains, func(a, b []*x509.Certificate) int { return firstEnd(a).Compare(firstEnd(b)) })
}

// firstEnd is when the first certificate of a chain expires.
func firstEnd(chain []*x509.Certificate) time.Time {
	end := chain[0].NotAfter
	for _, c := range chain {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

// expiringError is a chain that expires too soon.
type expiringError struct {
	facts *TLSFacts
	want  int
}

func (e *expiringError) Error() string {
	days := e.facts.Days()
	if days < 0 {
		return fmt.Sprintf("the certificate has expired on %s", e.facts.Expires.UTC().Format(time.DateOnly))
	}
	return fmt.Sprintf("%d days left, fewer than %d: the certificate expires on %s", days, e.want, e.facts.Expires.UTC().Format(time.DateOnly))
}
