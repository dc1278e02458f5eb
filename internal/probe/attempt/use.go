package attempt

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// most is how much of an answer is kept and searched.
const most = 64 << 10

// use does what the level asks for on a connected link, which stays the
// caller's.
func (s *Spec) use(ctx context.Context, r *Result, l *link) error {
	if !s.speaks(r.Target) {
		return nil
	}
	conn, err := l.conn()
	if err != nil {
		return err
	}
	conn, stop := follow(ctx, conn)
	defer stop()
	if !s.secures(r.Target) {
		return cut(ctx, s.exchange(r, conn))
	}
	safe, err := s.handshake(ctx, r, conn)
	if err != nil {
		return cut(ctx, err)
	}
	return cut(ctx, blamed(r, safe, s.exchange(r, safe)))
}

// secures reports whether the connection to a target has TLS.
func (s *Spec) secures(to socket.Addr) bool { return to.TLS || s.Level == TLS || s.Before != "" }

// speaks reports whether a connection to a target is used, or is itself all that is
// asked for.
func (s *Spec) speaks(to socket.Addr) bool {
	return s.Level != Syn && (s.Level != Connect || to.TLS || s.Before != "" || s.Banner > 0)
}

// blamed puts an error of an exchange over TLS down to the handshake where it belongs
// there: the peer's refusal, which may come only then, or broken records. When the peer
// has closed behind its refusal, what fails first may be our writing.
func blamed(r *Result, c *tls.Conn, err error) error {
	if r.Phase == Sent && socket.ClassOf(err) == socket.Reset {
		c.SetReadDeadline(time.Now().Add(time.Second)) // all that came is here already
		if _, said := c.Read(make([]byte, 1)); broken(said) {
			err = said
		}
	}
	if !broken(err) {
		return err
	}
	r.Phase, r.Detail = Handshake, ""
	return &handshakeError{err, c.ConnectionState().ServerName}
}

// broken reports whether an error is one of TLS itself, an alert or a record that is
// none.
func broken(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// exchange does the part of the level that speaks.
func (s *Spec) exchange(r *Result, conn net.Conn) error {
	switch s.Level {
	case Stay:
		return s.stay(r, conn)
	case Talk:
		return s.talk(r, conn)
	case Echo:
		return s.echo(r, conn)
	case HTTP:
		return s.http(r, conn)
	}
	if s.Banner <= 0 {
		return nil
	}
	banner, err := listen(conn, s.Banner)
	r.Banner = banner
	if broken(err) {
		return err
	}
	return nil // a server need not say anything
}

// followed is a connection whose reads and writes end when a context does,
// whatever deadlines it is given afterwards.
type followed struct {
	net.Conn
	ctx context.Context
}

// over is a deadline that has passed.
func over() time.Time { return time.Unix(1, 0) }

// follow makes reads and writes end when ctx does, until stop is called.
func follow(ctx context.Context, conn net.Conn) (c net.Conn, stop func() bool) {
	return followed{conn, ctx}, context.AfterFunc(ctx, func() { conn.SetDeadline(over()) })
}

// SetReadDeadline bounds later reads: at the latest they end with the context, which
// may have passed between two of them.
func (c followed) SetReadDeadline(t time.Time) error {
	err := c.Conn.SetReadDeadline(t)
	if c.ctx.Err() != nil {
		return c.Conn.SetReadDeadline(over())
	}
	return err
}

// cut replaces the error that follow causes with the context's own.
func cut(ctx context.Context, err error) error {
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// handshake returns the TLS connection over conn. Closing conn is enough to
// end both: probe owes nobody a close_notify.
func (s *Spec) handshake(ctx context.Context, r *Result, conn net.Conn) (*tls.Conn, error) {
	config := s.TLSFor(r.Target)
	asked := false
	config.GetClientCertificate = func(i *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		return fitting(i, config.Certificates), nil
	}
	secure := tls.Client(conn, config)
	began := time.Now()
	err := r.during(Handshake, func() error {
		if err := s.begin(ctx, conn); err != nil {
			return err
		}
		return secure.HandshakeContext(ctx)
	})
	if err == nil || socket.ClassOf(err) == socket.Unclassified {
		r.TLS = factsOf(secure, err)
	}
	if listens := s.Expect != nil || s.Level == Echo || s.Banner > 0; err == nil && asked && !listens {
		err = welcome(secure, time.Since(began))
	}
	if err == nil && s.Days > 0 && !r.TLS.Expires.IsZero() && r.TLS.Days() < s.Days {
		err = &expiringError{r.TLS, s.Days}
	}
	if err != nil {
		return nil, &handshakeError{err, config.ServerName}
	}
	r.Detail = r.TLS.String()
	return secure, nil
}

// begin asks for TLS, where a protocol begins in the clear.
func (s *Spec) begin(ctx context.Context, conn net.Conn) error {
	if s.Before == "" {
		return nil
	}
	err := tlsdial.StartTLS(ctx, conn, s.Before)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// TLSFor is the configuration for a handshake with a target: a copy that has its name.
func (s *Spec) TLSFor(to socket.Addr) *tls.Config {
	config := &tls.Config{}
	if s.TLS != nil {
		config = s.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = strings.Cut(cmp.Or(nameOf(to), "localhost"), "%") // a zone is ours, not the peer's
	}
	return config
}

// nameOf is the name that the peer is known by: of a service its domain (RFC 6125,
// section 6.2.1).
func nameOf(to socket.Addr) string {
	if labels := strings.SplitN(to.Host, ".", 3); len(labels) == 3 && strings.HasPrefix(to.Host, "_") {
		return labels[2]
	}
	return to.Host
}

// fitting is the first certificate that a peer can use, or an empty one.
func fitting(i *tls.CertificateRequestInfo, certificates []tls.Certificate) *tls.Certificate {
	for n := range certificates {
		if i.SupportsCertificate(&certificates[n]) == nil {
			return &certificates[n]
		}
	}
	return &tls.Certificate{}
}

// welcome waits for the refusal of a peer that has asked for a certificate. With TLS
// 1.3 it comes once the handshake, which took so long, is over on our side (RFC 8446,
// section 4.4.2.4).
func welcome(c *tls.Conn, took time.Duration) error {
	if c.ConnectionState().Version < tls.VersionTLS13 {
		return nil
	}
	c.SetReadDeadline(time.Now().Add(2*took + 10*time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); broken(err) {
		return err
	}
	return nil // it has something else to say, or to wait for
}

// handshakeError says why a handshake failed in words of its own.
type handshakeError struct {
	err  error
	name string
}

func (e *handshakeError) Error() string { return tlsdial.Reason(e.err, e.name) }
func (e *handshakeError) Unwrap() error { return e.err }

// overslept is how late the end of a stay may be noticed. If it is later, this
// process did not get to run and may not have looked at the connection at all.
const overslept = 10 * time.Millisecond

// stay checks that the peer does not hang up for a while. What it sends
// meanwhile is thrown away.
func (s *Spec) stay(r *Result, conn net.Conn) error {
	until := time.Now().Add(s.Stay)
	buf := make([]byte, 4096)
	began, last := time.Now(), false
	for {
		conn.SetReadDeadline(until)
		_, err := conn.Read(buf)
		if late := time.Since(until); errors.Is(err, os.ErrDeadlineExceeded) && late >= 0 {
			if late < overslept || last {
				return nil
			}
			last, until = true, time.Now().Add(overslept) // a read past its deadline does not look at the socket
			continue
		}
		if err != nil {
			r.Phase, r.Took[Close] = Close, time.Since(began)
			return err
		}
	}
}

// talk sends what the spec says and waits for what it expects.
func (s *Spec) talk(r *Result, conn net.Conn) error {
	if err := send(r, conn, s.Send); err != nil || s.Expect == nil {
		return err
	}
	return receive(r, conn, func(got []byte) bool { return s.Expect.Match(got) })
}

func send(r *Result, conn net.Conn, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	return r.during(Sent, func() error {
		_, err := conn.Write(text)
		return err
	})
}

// receive reads until enough says so. The time until the first byte is one phase,
// the time from there to the last another.
func receive(r *Result, conn net.Conn, enough func(got []byte) bool) error {
	got := make([]byte, 0, 1024)
	err := r.during(FirstByte, func() (err error) {
		got, err = readMore(conn, got)
		return err
	})
	if err != nil {
		return err
	}
	return r.during(Expected, func() (err error) {
		for !enough(got) {
			if len(got) >= most {
				return &unexpected{Mismatch, got}
			}
			if got, err = readMore(conn, got); err != nil {
				return disappointed(got, err)
			}
		}
		return nil
	})
}

func readMore(conn net.Conn, got []byte) ([]byte, error) {
	if cap(got)-len(got) < 1024 {
		got = append(make([]byte, 0, 2*cap(got)), got...)
	}
	n, err := conn.Read(got[len(got):cap(got)])
	if n > 0 {
		err = nil // if there is one, it comes again
	}
	return got[:len(got)+n], err
}

// disappointed judges an answer that did not match before err ended it: whole
// lines are an answer, a wrong one; half a line is an answer that was cut off.
func disappointed(got []byte, err error) error {
	if bytes.HasSuffix(got, []byte("\n")) {
		return &unexpected{Mismatch, got}
	}
	switch {
	case errors.Is(err, io.EOF):
		return &unexpected{ClosedEarly, got}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &unexpected{Timeout, got}
	}
	return err
}

// newNonce is a random line, for level Echo.
func newNonce() []byte {
	var random [16]byte
	rand.Read(random[:])
	return append(hex.AppendEncode(nil, random[:]), '\n')
}

// echo sends a random line and wants it back.
func (s *Spec) echo(r *Result, conn net.Conn) error {
	nonce := newNonce()
	if err := send(r, conn, nonce); err != nil {
		return err
	}
	var wrong []byte
	err := receive(r, conn, func(got []byte) bool {
		same := min(len(got), len(nonce))
		if len(got) > len(nonce) || !bytes.Equal(got[:same], nonce[:same]) {
			wrong = got
		}
		return wrong != nil || len(got) == len(nonce)
	})
	if wrong != nil {
		return &unexpected{Mismatch, wrong}
	}
	return err
}

// listen returns what the peer says first, at most one line, within d, and the error
// that ended it if it is not a whole line.
func listen(conn net.Conn, d time.Duration) (said string, err error) {
	conn.SetReadDeadline(time.Now().Add(d))
	got := make([]byte, 0, 1024)
	for len(got) < 256 && !bytes.Contains(got, []byte("\n")) {
		if got, err = readMore(conn, got); err != nil {
			break
		}
	}
	line, _, _ := bytes.Cut(got, []byte("\n"))
	return string(bytes.TrimRight(line[:min(len(line), 256)], "\r")), err
}
