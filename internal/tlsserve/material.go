// Package tlsserve is the server's side of TLS: certificates that are read before
// rights are given up, checked, and read again; the keys of session tickets; and
// connections that the built-in handlers work on as on any other.
//
// Material is what the handshake takes that is secret or may change. The server
// keeps it (Keeper) and gives it to its children, each of which makes a
// configuration of it. A program never gets any of it.
package tlsserve

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Material is what a server needs for a handshake, beside the options. It
// does not change.
type Material struct {
	Certificates []tls.Certificate // the first one is for clients that name none of them
	ClientCAs    *x509.CertPool    // who may sign clients' certificates; nil is none
	TicketKeys   [][32]byte        // of session tickets (RFC 8446, section 4.6.1): new ones have the first

	authorities [][]byte // DER, of ClientCAs
}

// The blocks of Material's text.
const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY" // ends the chain of certificates before it
	authorityBlock   = "CLIENT AUTHORITY"
	ticketBlock      = "TICKET KEY"
)

// Text is the material as text, secrets included, as Parse reads it.
func (m *Material) Text() ([]byte, error) {
	var text bytes.Buffer
	block := func(kind string, b []byte) { pem.Encode(&text, &pem.Block{Type: kind, Bytes: b}) }
	for _, c := range m.Certificates {
		for _, der := range c.Certificate {
			block(certificateBlock, der)
		}
		key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			return nil, fmt.Errorf("TLS key: %w", err)
		}
		block(keyBlock, key)
	}
	for _, der := range m.authorities {
		block(authorityBlock, der)
	}
	for _, key := range m.TicketKeys {
		block(ticketBlock, key[:])
	}
	return text.Bytes(), nil
}

// Parse reads what Text has written.
func Parse(text []byte) (*Material, error) {
	m := &Material{}
	var chain [][]byte
	for len(text) > 0 {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("TLS material: something that is no PEM block")
		}
		text = rest
		switch block.Type {
		case certificateBlock:
			chain = append(chain, block.Bytes)
		case keyBlock:
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err == nil {
				err = m.add(chain, key)
			}
			if err != nil {
				return nil, fmt.Errorf("TLS material: %w", err)
			}
			chain = nil
		case authorityBlock:
			if err := m.trust(block.Bytes); err != nil {
				return nil, fmt.Errorf("TLS material: %w", err)
			}
		case ticketBlock:
			if len(block.Bytes) != 32 {
				return nil, fmt.Errorf("TLS material: a ticket key of %d bytes", len(block.Bytes))
			}
			m.TicketKeys = append(m.TicketKeys, [32]byte(block.Bytes))
		default:
			return nil, fmt.Errorf("TLS material: an unknown block %q", block.Type)
		}
	}
	if len(chain) > 0 || len(m.Certificates) == 0 {
		return nil, errors.New("TLS material: a certificate without its key, or none")
	}
	return m, nil
}

// add adds a certificate chain and its key.
func (m *Material) add(chain [][]byte, key any) error {
	if len(chain) == 0 {
		return errors.New("a key without a certificate")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return err
	}
	m.Certificates = append(m.Certificates, tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf})
	return nil
}

// trust adds who may sign clients' certificates.
func (m *Material) trust(der []byte) error {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	if m.ClientCAs == nil {
		m.ClientCAs = x509.NewCertPool()
	}
	m.ClientCAs.AddCert(c)
	m.authorities = append(m.authorities, der)
	return nil
}
