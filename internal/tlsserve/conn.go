package tlsserve

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/tlsdial"
	"nettool/internal/ucspi"
)

// Conn is a TLS connection that a handler can work on. Who owns the connection
// below owns it still.
type Conn struct {
	tls   *tls.Conn
	below *wire
	heard func() // tells the timers that the peer has said something
	ended bool   // close_notify is sent
}

// Server does the handshake on a connection, for whose bytes and timers c stays
// the caller's. It fails with a *handler.Broken, with io.EOF when the peer has come
// and gone without a word, or as c does.
func Server(c handler.Conn, config *tls.Config, timeout time.Duration) (*Conn, error) {
	below := &wire{Conn: c}
	s := &Conn{tls: tls.Server(below, config), below: below, heard: func() {}}
	if l, ok := c.(handler.Layered); ok {
		s.heard = l.Beneath()
	}
	if timeout > 0 {
		c.SetReadDeadline(time.Now().Add(timeout))
	}
	if err := s.tls.Handshake(); err != nil {
		return nil, refused(err, below, timeout)
	}
	return s, c.SetReadDeadline(time.Time{})
}

// Over is a handler that works on what TLS carries.
func Over(run handler.Func, config *tls.Config, timeout time.Duration) handler.Func {
	return func(s *handler.Session) error {
		c, err := Server(s.Conn, config, timeout)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		inner := *s
		inner.Conn = c
		return c.End(run(&inner))
	}
}

// Accept does the handshake on a connection of the net package, as Server does. The
// result owns it; after an error it is the caller's.
func Accept(ctx context.Context, conn net.Conn, config *tls.Config, timeout time.Duration) (net.Conn, error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, tooLate(timeout))
		defer cancel()
	}
	c := tlsdial.Server(conn, config)
	if err := c.HandshakeContext(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, handshake{wordsOf(err)}
	}
	return c, nil
}

// Told is what a program is told of the handshake.
func (c *Conn) Told() ucspi.TLS {
	s := c.tls.ConnectionState()
	t := ucspi.TLS{
		Protocol: strings.Replace(tls.VersionName(s.Version), " ", "v", 1),
		Cipher:   tls.CipherSuiteName(s.CipherSuite),
		SNI:      ucspi.Clean(s.ServerName),
		ALPN:     s.NegotiatedProtocol,
		Resumed:  s.DidResume,
	}
	if len(s.PeerCertificates) > 0 { // good ones: ClientAuth
		t.Subject = ucspi.Clean(s.PeerCertificates[0].Subject.String())
		t.Fingerprint = fmt.Sprintf("%x", sha256.Sum256(s.PeerCertificates[0].Raw))
	}
	return t
}

// Read reads what the peer says: io.EOF once it has sent close_notify, and an error
// when it ends without.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.tls.Read(b)
	if n > 0 {
		c.heard()
	}
	if err == io.EOF && c.below.ended { // package tls takes the end of what is below for one
		err = io.ErrUnexpectedEOF
	}
	return n, broken(err)
}

// Write writes all of b, or says why not.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.tls.Write(b)
	return n, broken(err)
}

// CloseWrite ends our side with close_notify (RFC 8446, section 6.1). The peer can
// still send: there is no FIN before the end of the connection.
func (c *Conn) CloseWrite() error {
	c.ended = true
	return broken(c.tls.CloseWrite())
}

// CloseRead ends the peer's side: a blocked Read returns.
func (c *Conn) CloseRead() error { return c.below.CloseRead() }

// SetReadDeadline bounds later reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.below.SetReadDeadline(t) }

// SetWriteDeadline does nothing: writes are bounded by the timers of what is below.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// End ends our side, if it has not ended yet, after a handler that has ended with
// err: a connection that is broken gets no more words.
func (c *Conn) End(err error) error {
	if err == nil && !c.ended {
		return c.CloseWrite()
	}
	return err
}

// wire is the connection below as package tls wants it. It is closed by its owner,
// and its writes are bounded by its timers.
type wire struct {
	handler.Conn
	said  bool // the peer has sent something
	ended bool // it will send no more
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.said = w.said || n > 0
	w.ended = w.ended || err == io.EOF
	return n, err
}

func (*wire) Close() error                     { return nil }
func (*wire) LocalAddr() net.Addr              { return nowhere{} }
func (*wire) RemoteAddr() net.Addr             { return nowhere{} }
func (w *wire) SetDeadline(t time.Time) error  { return w.SetReadDeadline(t) }
func (*wire) SetWriteDeadline(time.Time) error { return nil }

// nowhere is the address of a wire, which nobody asks for.
type nowhere struct{}

func (nowhere) Network() string { return "tls" }
func (nowhere) String() string  { return "" }

// broken is err, and for what is wrong with TLS itself a *handler.Broken.
func broken(err error) error {
	if err == nil || err == io.EOF || !ours(err) {
		return err
	}
	return &handler.Broken{Reason: handoff.TLS, Err: wordsOf(err)}
}

// refused is the error of a handshake that has failed with err.
func refused(err error, below *wire, timeout time.Duration) error {
	if os.IsTimeout(err) {
		return &handler.Broken{Reason: handoff.TLS, Err: tooLate(timeout)}
	}
	if err == io.EOF && !below.said {
		return io.EOF
	}
	if err == io.EOF || ours(err) {
		return &handler.Broken{Reason: handoff.TLS, Err: handshake{wordsOf(err)}}
	}
	return err
}
