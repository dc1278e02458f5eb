package tlsserve

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"time"
)

// Files say where certificates are. Keys stand in the files of their certificates
// when Keys is empty.
type Files struct {
	Certs, Keys []string
	ClientCA    string // certificates of those who may sign clients'; empty is none
}

// All are the paths.
func (f *Files) All() []string {
	all := slices.Concat(f.Certs, f.Keys)
	if f.ClientCA != "" {
		all = append(all, f.ClientCA)
	}
	return all
}

// open is a way to open a file.
type open func(path string) (*os.File, error)

// read reads all files. Tickets are not in files.
func (f *Files) read(open open) (*Material, error) {
	m := &Material{}
	for i, cert := range f.Certs {
		key := cert
		if len(f.Keys) > 0 {
			key = f.Keys[i]
		}
		if err := m.load(open, cert, key); err != nil {
			return nil, err
		}
	}
	if f.ClientCA == "" {
		return m, nil
	}
	text, _, err := contents(open, f.ClientCA)
	if err != nil {
		return nil, err
	}
	for _, der := range blocks(text, certificateBlock) {
		if err := m.trust(der); err != nil {
			return nil, fmt.Errorf("%q: %w", f.ClientCA, err)
		}
	}
	if m.ClientCAs == nil {
		return nil, fmt.Errorf("%q: there is no certificate in it", f.ClientCA)
	}
	return m, nil
}

// load adds one certificate, with its chain, and its key.
func (m *Material) load(open open, cert, key string) error {
	text, mode, err := contents(open, cert)
	if err != nil {
		return err
	}
	secret := text
	if key != cert {
		if secret, mode, err = contents(open, key); err != nil {
			return err
		}
	}
	if mode&0o006 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("key %q: everybody may read it or write to it (mode %04o): chmod o= would end that", key, mode)
	}
	if bytes.Contains(secret, []byte("ENCRYPTED")) {
		return fmt.Errorf("key %q: it is encrypted", key)
	}
	pair, err := tls.X509KeyPair(text, secret)
	switch {
	case err == nil:
	case len(blocks(text, certificateBlock)) == 0:
		return fmt.Errorf("certificate %q: there is none in it", cert)
	default:
		return fmt.Errorf("certificate %q with key %q: %s", cert, key, plain(err))
	}
	m.Certificates = append(m.Certificates, pair)
	return nil
}

// largest bounds what is read of a file, in bytes.
const largest = 1 << 20

// contents reads a file, and says who may read it.
func contents(open open, path string) ([]byte, fs.FileMode, error) {
	f, err := open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%q: not a regular file", path)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, 0, largest+1)) // whoever has the file has its offset, too
	if err == nil && len(text) > largest {
		err = errors.New("too long for certificates and keys")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%q: %w", path, err)
	}
	return text, info.Mode().Perm(), nil
}

// blocks are the contents of a text's PEM blocks of one kind.
func blocks(text []byte, kind string) (all [][]byte) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return all
		}
		if block.Type == kind {
			all = append(all, block.Bytes)
		}
		text = rest
	}
}

// doubts are what is odd about certificates that can be used.
func (f *Files) doubts(m *Material, now time.Time) (all []error) {
	for i, c := range m.Certificates {
		if what := doubt(c.Leaf, now); what != "" {
			all = append(all, fmt.Errorf("certificate %q: %s", f.Certs[i], what))
		}
	}
	return all
}

func doubt(c *x509.Certificate, now time.Time) string {
	const day = "2006-01-02 15:04:05 MST"
	switch {
	case now.After(c.NotAfter):
		return "it expired on " + c.NotAfter.UTC().Format(day)
	case now.Before(c.NotBefore):
		return "it is not valid before " + c.NotBefore.UTC().Format(day)
	case len(c.DNSNames)+len(c.IPAddresses)+len(c.URIs)+len(c.EmailAddresses) == 0:
		return "it names nobody (subjectAltName): clients will not accept it"
	}
	return ""
}
