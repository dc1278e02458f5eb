package tlsdial

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// Conn is a TLS connection whose half-close goes all the way down, and whose end is
// the peer's close_notify and nothing else.
type Conn struct {
	*tls.Conn
	under *under
	shown *shown
	loose bool // the end of the stream below is an end, too
}

// under is the connection below TLS. It notes that its stream has ended, which
// crypto/tls does not tell from a close_notify.
type under struct {
	net.Conn
	ended atomic.Bool
}

func (u *under) Read(p []byte) (int, error) {
	n, err := u.Conn.Read(p)
	if err == io.EOF {
		u.ended.Store(true)
	}
	return n, err
}

// shown are certificates that were not trusted.
type shown struct{ certificates []*x509.Certificate }

// NetConn is the connection below TLS.
func (c Conn) NetConn() net.Conn { return c.under.Conn }

// Read is crypto/tls's, but a stream that ends without close_notify was cut off: that
// is io.ErrUnexpectedEOF (RFC 8446, section 6.1).
func (c Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF && c.under.ended.Load() && !c.loose {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// AllowTruncation makes the end of the stream below TLS as good as a close_notify,
// for peers that send none.
func (c Conn) AllowTruncation() Conn {
	c.loose = true
	return c
}

// CloseWrite sends close_notify (RFC 8446, section 6.1), then our FIN.
func (c Conn) CloseWrite() error {
	err := c.Conn.CloseWrite()
	if below, ok := c.NetConn().(interface{ CloseWrite() error }); ok {
		err = errors.Join(err, below.CloseWrite())
	}
	return err
}

// Server is the server's end of such a connection, before its handshake. It owns conn.
func Server(conn net.Conn, config *tls.Config) Conn {
	below := &under{Conn: conn}
	return Conn{Conn: tls.Server(below, config), under: below, shown: &shown{}}
}

// Client does the handshake on conn, which the result owns; on failure conn is
// the caller's. Errors carry exit.Handshake, or exit.ConnectTimeout when ctx ended
// first.
func Client(ctx context.Context, conn net.Conn, config *tls.Config) (Conn, error) {
	below := &under{Conn: conn}
	c := Conn{Conn: tls.Client(below, config), under: below, shown: &shown{}}
	err := c.HandshakeContext(ctx)
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		c.shown.certificates = e.UnverifiedCertificates
	}
	if err == nil {
		return c, nil
	}
	if ctx.Err() != nil {
		return c, exit.Errorf(exit.ConnectTimeout, "TLS handshake with %s: %s", conn.RemoteAddr(), socket.Reason(ctx.Err()))
	}
	text, hint := explain(err, config.ServerName, config.RootCAs != nil)
	return c, &exit.Error{
		Code: exit.Handshake, Hint: hint,
		Err: fmt.Errorf("TLS handshake with %s: %s", conn.RemoteAddr(), text),
	}
}

// explain says what is wrong with the peer called name, and what can be done. chosen
// tells that somebody said whom to trust.
func explain(err error, name string, chosen bool) (text, hint string) {
	if pin, ok := errors.AsType[*pinError](err); ok {
		return pin.Error(), ""
	}
	if protocol, ok := errors.AsType[*protocolError](err); ok {
		return protocol.Error(), ""
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return expiry(e), ""
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		if c := e.Certificate; len(c.DNSNames)+len(c.IPAddresses) == 0 && c.Subject.CommonName != "" {
			return fmt.Sprintf("the certificate has no subjectAltName, and its common name %q does not count", c.Subject.CommonName),
				"to accept it all the same name it with --tls-pin"
		}
		return fmt.Sprintf("the certificate is for %s, not for %q", names(e.Certificate), name),
			"if this is the right peer, say which name to expect with --tls-name"
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return authority(e, leaf(err), chosen)
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fmt.Sprintf("the peer does not speak TLS, it said %q", e.RecordHeader[:]), ""
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return "the peer refused: " + op.Err.Error(), ""
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the peer closed the connection", ""
	}
	return socket.Reason(err), ""
}

// expiry tells a certificate of the past from one of the future.
func expiry(e x509.CertificateInvalidError) string {
	const day = "2006-01-02 15:04:05 MST"
	if e.Cert == nil {
		return e.Error()
	}
	if time.Now().Before(e.Cert.NotBefore) {
		return "the certificate is not valid before " + e.Cert.NotBefore.Format(day)
	}
	return "the certificate expired on " + e.Cert.NotAfter.Format(day)
}

// leaf is the peer's own certificate, of those that were not trusted.
func leaf(err error) *x509.Certificate {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(e.UnverifiedCertificates) > 0 {
		return e.UnverifiedCertificates[0]
	}
	return nil
}

// authority tells a self-signed certificate from an unknown issuer, from one that
// has the name of a trusted one, and from one that was not chosen.
func authority(e x509.UnknownAuthorityError, leaf *x509.Certificate, chosen bool) (text, hint string) {
	const advice = "to trust it name its authority with --tls-ca, or the certificate itself with --tls-pin"
	if e.Cert == nil {
		return "the certificate's authority is not known", advice
	}
	issuer := e.Cert.Issuer.String()
	switch {
	case leaf != nil && bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return "the certificate is self-signed", advice
	case strings.Contains(e.Error(), "verification error"), strings.Contains(e.Error(), "verification failure"):
		return fmt.Sprintf("the certificate's authority has the name of a trusted one and another key: %q", issuer), advice
	case chosen:
		return fmt.Sprintf("the certificate's authority is not among those of --tls-ca: %q", issuer), advice
	}
	return fmt.Sprintf("the certificate's authority is not known: %q", issuer), advice
}

func names(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name at all"
	}
	return fmt.Sprintf("%q", all)
}

// Refused reports whether err is the peer's rejection of us, such as of our
// certificate: with TLS 1.3 it arrives when the handshake seems over.
func Refused(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}
