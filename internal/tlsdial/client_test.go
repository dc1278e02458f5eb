package tlsdial

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"nettool/internal/exit"
)

// certificate is self-signed, for 127.0.0.1, valid from and for so long.
func certificate(t *testing.T, from time.Time, lasts time.Duration) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: from.Add(lasts),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// served is a connection to a TLS server that behaves as given.
func served(t *testing.T, cert tls.Certificate, behave func(*tls.Conn)) *net.TCPConn {
	t.Helper()
	return servedBy(t, &tls.Config{Certificates: []tls.Certificate{cert}}, behave)
}

func servedBy(t *testing.T, config *tls.Config, behave func(*tls.Conn)) *net.TCPConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		c := tls.Server(conn, config)
		if c.Handshake() == nil {
			behave(c)
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); l.Close(); <-done })
	return conn.(*net.TCPConn)
}

func trusting(cert tls.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	return &tls.Config{ServerName: "127.0.0.1", RootCAs: pool}
}

// Our end is close_notify and then FIN, and the peer may answer after both.
func TestCloseWrite(t *testing.T) {
	t.Parallel()
	cert := certificate(t, time.Now().Add(-time.Hour), 2*time.Hour)
	ends := make(chan error, 2)
	conn := served(t, cert, func(c *tls.Conn) {
		_, err := io.Copy(io.Discard, c) // until close_notify
		ends <- err
		n, err := c.NetConn().Read(make([]byte, 1))
		if n != 0 || err != io.EOF {
			t.Errorf("after close_notify: %d, %v", n, err)
		}
		io.WriteString(c, "answer")
		c.Close()
	})
	c, err := Client(t.Context(), conn, trusting(cert))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "question")
	if err := c.CloseWrite(); err != nil {
		t.Error(err)
	}
	got, err := io.ReadAll(c)
	if string(got) != "answer" || err != nil || <-ends != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// The end of the connection is not the end of the data, unless it is said to be.
func TestTruncated(t *testing.T) {
	t.Parallel()
	cert := certificate(t, time.Now().Add(-time.Hour), 2*time.Hour)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version}
		for name, test := range map[string]struct {
			polite, loose bool
			want          error
		}{
			"close_notify":          {polite: true},
			"cut":                   {want: io.ErrUnexpectedEOF},
			"cut, and that is fine": {loose: true},
		} {
			conn := servedBy(t, server, func(c *tls.Conn) {
				io.WriteString(c, "all there is")
				if test.polite {
					c.CloseWrite()
				}
			})
			c, err := Client(t.Context(), conn, trusting(cert))
			if err != nil {
				t.Fatal(err)
			}
			if test.loose {
				c = c.AllowTruncation()
			}
			if got, err := io.ReadAll(c); string(got) != "all there is" || err != test.want {
				t.Errorf("%s, %s: %q, %v", tls.VersionName(version), name, got, err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := certificate(t, now.Add(-time.Hour), 2*time.Hour)
	old := certificate(t, now.Add(-2*time.Hour), time.Hour)
	early := certificate(t, now.Add(time.Hour), time.Hour)
	named := trusting(good)
	named.ServerName = "elsewhere"
	for text, test := range map[string]struct {
		cert   tls.Certificate
		config *tls.Config
	}{
		"the certificate expired on":                {old, trusting(old)},
		"the certificate is not valid before":       {early, trusting(early)},
		"the certificate is self-signed":            {good, &tls.Config{ServerName: "127.0.0.1", RootCAs: x509.NewCertPool()}},
		`is for ["127.0.0.1"], not for "elsewhere"`: {good, named},
	} {
		conn := served(t, test.cert, func(*tls.Conn) {})
		_, err := Client(t.Context(), conn, test.config)
		if exit.Of(err) != exit.Handshake || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPin(t *testing.T) {
	t.Parallel()
	cert := certificate(t, time.Now().Add(-2*time.Hour), time.Hour) // expired, and nobody signed it
	sum := sha256.Sum256(cert.Leaf.Raw)
	key := sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo)
	for pin, ok := range map[string]bool{
		"SHA256:" + hex.EncodeToString(sum[:]): true, "sha256:" + strings.ToUpper(hex.EncodeToString(sum[:])): true,
		"SHA256:" + base64.RawStdEncoding.EncodeToString(key[:]): true, "sha256//" + base64.StdEncoding.EncodeToString(key[:]): true,
		hex.EncodeToString(sum[:]): true, hex.EncodeToString(key[:]): true, strings.Repeat("00", 32): false,
	} {
		config, err := Options{Pin: pin}.Config("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Client(t.Context(), served(t, cert, func(*tls.Conn) {}), config)
		if (err == nil) != ok {
			t.Errorf("pin %s: %v", pin, err)
		}
	}
	if _, err := (Options{Pin: "12"}).Config("x"); err == nil {
		t.Error("a short pin was accepted")
	}
}

// TLS 1.2 is the oldest version that is spoken, whatever else is accepted.
func TestOldestVersion(t *testing.T) {
	t.Parallel()
	cert := certificate(t, time.Now().Add(-time.Hour), 2*time.Hour)
	for version, ok := range map[uint16]bool{
		tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		config, err := Options{Insecure: true}.Config("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		server := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version}
		c, err := Client(t.Context(), servedBy(t, server, func(*tls.Conn) {}), config)
		name := tls.VersionName(version)
		switch {
		case ok && (err != nil || c.ConnectionState().Version != version):
			t.Errorf("%s: %v", name, err)
		case !ok && (exit.Of(err) != exit.Handshake || !strings.Contains(err.Error(), "the peer refused: tls: protocol version not supported")):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Client(ctx, conn, &tls.Config{ServerName: "x"}); exit.Of(err) != exit.ConnectTimeout {
		t.Error(err)
	}
}
