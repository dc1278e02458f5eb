// Package tlsdial is the client's side of TLS: verification that says what is
// wrong with a certificate, pins, client certificates, and a half-close.
package tlsdial

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Options are what a user can say about a TLS peer. The zero value verifies the
// certificate and the name against the system's authorities.
type Options struct {
	CA       string // file of PEM certificates to trust instead of the system's
	Cert     string // file of our certificate, PEM
	Key      string // file of its key, PEM; Cert when empty
	Name     string // the name that the certificate must have, and SNI; default the host
	Insecure bool   // accept any certificate
	Pin      string // SHA-256 of the certificate or of its public key, hex or base64: accept that, and nothing else

	Min  string   // oldest version to speak, 1.2 (default) or 1.3
	ALPN []string // protocols of which the peer has to agree to one (RFC 7301), the favourite first
}

// Flags are the options as the applets have them. Their names begin with tls-.
type Flags struct {
	CA       string   `name:"ca" placeholder:"FILE" help:"Trust these certificates, PEM, instead of the system's authorities."`
	Cert     string   `placeholder:"FILE" help:"Show this certificate, PEM, to a peer that asks for one."`
	Key      string   `placeholder:"FILE" help:"Its key (default: in the file of the certificate)."`
	Name     string   `placeholder:"NAME" help:"Expect this name in the peer's certificate, and ask for it (default: the host)."`
	Insecure bool     `help:"Accept any certificate."`
	Pin      string   `placeholder:"SHA256" help:"Accept the certificate, or the public key, with this SHA-256 (hex or base64), and nothing else."`
	Min      string   `enum:",1.2,1.3" default:"" placeholder:"1.2|1.3" help:"Oldest version of TLS to speak (default: 1.2)."`
	ALPN     []string `name:"alpn" placeholder:"NAME,…" help:"Ask for these protocols (ALPN), the favourite first; a peer that agrees to none fails."`
}

// Given reports whether any flag was given.
func (f *Flags) Given() bool {
	return f.CA != "" || f.Cert != "" || f.Key != "" || f.Name != "" || f.Insecure || f.Pin != "" || f.Min != "" || f.ALPN != nil
}

// Options are what the flags say.
func (f *Flags) Options() Options {
	return Options{CA: f.CA, Cert: f.Cert, Key: f.Key, Name: f.Name, Insecure: f.Insecure, Pin: f.Pin, Min: f.Min, ALPN: f.ALPN}
}

// pinError is a certificate that is not the pinned one.
type pinError struct{ certificate, key [sha256.Size]byte }

func (e *pinError) Error() string {
	return fmt.Sprintf("the certificate is not the pinned one: its sha256 is %x, its public key's %x", e.certificate, e.key)
}

// protocolError is a peer that agreed to none of the protocols.
type protocolError struct{ wanted []string }

func (e *protocolError) Error() string {
	return fmt.Sprintf("the peer agrees to no protocol of %q (ALPN)", e.wanted)
}

// longestALPN is how many bytes a protocol's name may have: RFC 7301, section 3.1.
const longestALPN = 255

// Config turns the options into a configuration for a peer called host.
func (o Options) Config(host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if o.Min == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	if o.Name != "" {
		c.ServerName = o.Name
	}
	if i := strings.IndexByte(c.ServerName, '%'); i >= 0 {
		c.ServerName = c.ServerName[:i] // a zone is ours, not the peer's
	}
	if err := o.authorities(c); err != nil {
		return nil, err
	}
	if err := o.identity(c); err != nil {
		return nil, err
	}
	if err := o.pinned(c); err != nil {
		return nil, err
	}
	return c, o.protocols(c)
}

// Check returns what is wrong with the options as they were written, whatever is in
// the files that they name.
func (o Options) Check() error {
	for _, name := range o.ALPN {
		if name == "" || len(name) > longestALPN {
			return fmt.Errorf("protocol %q: want a name of 1 to %d bytes", name, longestALPN)
		}
	}
	if o.Pin == "" {
		return nil
	}
	_, err := parsePin(o.Pin)
	return err
}

// protocols sets what is asked for, and that it must be agreed to.
func (o Options) protocols(c *tls.Config) error {
	if err := o.Check(); err != nil {
		return err
	}
	if len(o.ALPN) == 0 {
		return nil
	}
	c.NextProtos = o.ALPN
	pinned := c.VerifyConnection
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if s.NegotiatedProtocol == "" {
			return &protocolError{o.ALPN}
		}
		if pinned != nil {
			return pinned(s)
		}
		return nil
	}
	return nil
}

// authorities sets whom to trust.
func (o Options) authorities(c *tls.Config) error {
	c.InsecureSkipVerify = o.Insecure
	if o.CA == "" {
		return nil
	}
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		return err
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("file %q: holds no PEM certificate", o.CA)
	}
	return nil
}

// identity sets who we are.
func (o Options) identity(c *tls.Config) error {
	if o.Cert == "" {
		if o.Key != "" {
			return errors.New("a key without a certificate")
		}
		return nil
	}
	key := o.Key
	if key == "" {
		key = o.Cert
	}
	pair, err := tls.LoadX509KeyPair(o.Cert, key)
	if err != nil {
		return fmt.Errorf("load certificate %q and key %q: %w", o.Cert, key, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return nil
}

// pinned accepts one certificate, or one key, whatever else is wrong with it.
func (o Options) pinned(c *tls.Config) error {
	if o.Pin == "" {
		return nil
	}
	pin, err := parsePin(o.Pin)
	if err != nil {
		return err
	}
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(s tls.ConnectionState) error {
		leaf := s.PeerCertificates[0]
		found := &pinError{sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)}
		if bytes.Equal(pin, found.certificate[:]) || bytes.Equal(pin, found.key[:]) {
			return nil
		}
		return found
	}
	return nil
}

// parsePin reads hex, with or without colons, or base64. "sha256:" (openssl's and
// ssh's, in any case) or "sha256//" (curl's) may precede it.
func parsePin(text string) ([]byte, error) {
	plain := text
	if n := len("sha256:"); len(text) > n && strings.EqualFold(text[:n], "sha256:") {
		plain = text[n:]
	}
	plain = strings.TrimPrefix(plain, "sha256//")
	if raw, err := hex.DecodeString(strings.ReplaceAll(plain, ":", "")); err == nil && len(raw) == sha256.Size {
		return raw, nil
	}
	if raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "=")); err == nil && len(raw) == sha256.Size {
		return raw, nil
	}
	return nil, fmt.Errorf("pin %q: want a SHA-256 in hex or base64", text)
}
