package attempt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/tlsdial"
)

// selfSigned is a certificate for 127.0.0.1.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
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

// TLS 1.2 is the oldest version that is spoken, with the configuration of the
// command line and with the built-in one.
func TestOldestTLSVersion(t *testing.T) {
	t.Parallel()
	cert := selfSigned(t)
	trusting, err := tlsdial.Options{Insecure: true}.Config("")
	if err != nil {
		t.Fatal(err)
	}
	for version, ok := range map[uint16]bool{
		tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		name := tls.VersionName(version)
		to := serve(t, func(c net.Conn) {
			tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version}).Handshake()
		})
		s := attempt.Spec{Level: attempt.TLS, Timeout: time.Minute, TLS: trusting}
		r := s.Try(t.Context(), to, nil)
		switch {
		case ok && (!r.OK() || !strings.HasPrefix(r.Detail, name) || r.TLS.Version != name || r.TLS.Days() < 0):
			t.Errorf("%s: %v, %s", name, r.Outcome, r.Detail)
		case !ok && (r.Outcome != attempt.TLSError || r.Detail != refusedVersion):
			t.Errorf("%s: %v, %s", name, r.Outcome, r.Detail)
		}
		s.TLS = nil // the certificate is not known to the system, which comes after the version
		if r := s.Try(t.Context(), to, nil); r.Outcome != attempt.TLSError || (r.Detail == refusedVersion) == ok {
			t.Errorf("%s, built-in configuration: %v, %s", name, r.Outcome, r.Detail)
		}
	}
}

const refusedVersion = "the peer refused: tls: protocol version not supported"
