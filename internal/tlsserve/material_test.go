package tlsserve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"nettool/internal/handoff"
)

// issue writes a self-signed certificate and its key, as DIR/name.pem, which it
// returns.
func issue(t testing.TB, dir, name string, from time.Time, lasts time.Duration) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: from.Add(lasts), Subject: pkix.Name{CommonName: name},
		DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
	}
	if name == "nobody" {
		template.DNSNames = nil
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(dir, name+".pem"), der, key)
}

// write writes a certificate and a key into one file.
func write(t testing.TB, path string, der []byte, key any) string {
	t.Helper()
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// good is a certificate that is valid now.
func good(t testing.TB, dir, name string) string {
	return issue(t, dir, name, time.Now().Add(-time.Hour), 24*time.Hour)
}

func keeper(t *testing.T, files Files) *Keeper {
	t.Helper()
	k, doubts, err := NewKeeper(handoff.TLSOptions{MinVersion: tls.VersionTLS12}, files, nil)
	if err != nil || doubts != nil {
		t.Fatal(doubts, err)
	}
	t.Cleanup(k.Close)
	return k
}

// TestText: a child gets what the server has.
func TestText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"rsa"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	k := keeper(t, Files{Certs: []string{good(t, dir, "a"), write(t, filepath.Join(dir, "rsa.pem"), der, key)}, ClientCA: good(t, dir, "ca")})
	k.Rotate()
	text, err := k.Material().Text()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want := k.Material()
	for i, c := range want.Certificates {
		if !reflect.DeepEqual(got.Certificates[i].Certificate, c.Certificate) || !reflect.DeepEqual(encoded(t, got.Certificates[i]), encoded(t, c)) {
			t.Errorf("certificate %d differs", i)
		}
	}
	if !got.ClientCAs.Equal(want.ClientCAs) || !reflect.DeepEqual(got.TicketKeys, want.TicketKeys) || len(got.TicketKeys) != 2 {
		t.Errorf("got %+v", got)
	}
}

// encoded is a certificate's key.
func encoded(t *testing.T, c tls.Certificate) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestFiles: what is wrong with them is said, with the name of the file.
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b, ca := good(t, dir, "a"), good(t, dir, "b"), good(t, dir, "ca")
	open := good(t, dir, "open")
	os.Chmod(open, 0o644)
	empty := filepath.Join(dir, "empty.pem")
	os.WriteFile(empty, nil, 0o600)
	long := filepath.Join(dir, "long.pem")
	os.WriteFile(long, make([]byte, largest+1), 0o600)
	sealed := filepath.Join(dir, "sealed.pem")
	os.WriteFile(sealed, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), 0o600)
	for want, files := range map[string]Files{
		`key "` + open + `": everybody may read it or write to it (mode 0644)`: {Certs: []string{open}},
		`certificate "` + a + `" with key "` + b + `": private key does not`:   {Certs: []string{a}, Keys: []string{b}},
		`certificate "` + empty + `": there is none in it`:                     {Certs: []string{a, empty}},
		`"` + empty + `": there is no certificate in it`:                       {Certs: []string{a}, ClientCA: empty},
		`"` + long + `": too long`:                                             {Certs: []string{long}},
		`key "` + sealed + `": it is encrypted`:                                {Certs: []string{a}, Keys: []string{sealed}},
		`"` + dir + `": not a regular file`:                                    {Certs: []string{dir}},
		`open ` + filepath.Join(dir, "none") + `: no such file or directory`:   {Certs: []string{filepath.Join(dir, "none")}},
	} {
		if _, _, err := NewKeeper(handoff.TLSOptions{}, files, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	keeper(t, Files{Certs: []string{a}, Keys: []string{a}, ClientCA: ca})
}

// TestDoubts: what can be used, but hardly helps, is used and named.
func TestDoubts(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	files := Files{Certs: []string{
		good(t, dir, "a"),
		issue(t, dir, "old", now.Add(-2*time.Hour), time.Hour),
		issue(t, dir, "early", now.Add(time.Hour), time.Hour),
		good(t, dir, "nobody"),
	}}
	k, doubts, err := NewKeeper(handoff.TLSOptions{}, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	var said []string
	for _, d := range doubts {
		said = append(said, d.Error())
	}
	got := strings.Join(said, "\n")
	for _, want := range []string{`old.pem": it expired on`, `early.pem": it is not valid before`, `nobody.pem": it names nobody`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	if len(doubts) != 3 {
		t.Errorf("%d doubts", len(doubts))
	}
}

// TestReload: a bad file changes nothing, and tickets stay good.
func TestReload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := good(t, dir, "a")
	k := keeper(t, Files{Certs: []string{path}})
	before := k.Material()
	os.WriteFile(path, []byte("nothing"), 0o600)
	if _, err := k.Reload(); err == nil || k.Material() != before {
		t.Errorf("Reload: %v", err)
	}
	os.Rename(good(t, dir, "b"), path)
	if _, err := k.Reload(); err != nil {
		t.Fatal(err)
	}
	after := k.Material()
	if after.Certificates[0].Leaf.DNSNames[0] != "b" || !reflect.DeepEqual(after.TicketKeys, before.TicketKeys) {
		t.Errorf("%v, %v", after.Certificates[0].Leaf.DNSNames, after.TicketKeys)
	}
}

// TestRotate: the last few keys are good, new tickets have the newest.
func TestRotate(t *testing.T) {
	t.Parallel()
	k := keeper(t, Files{Certs: []string{good(t, t.TempDir(), "a")}})
	first := k.Material().TicketKeys[0]
	for range ticketKeys - 1 {
		k.Rotate()
	}
	if keys := k.Material().TicketKeys; len(keys) != ticketKeys || keys[ticketKeys-1] != first || keys[0] == first {
		t.Errorf("%d keys", len(keys))
	}
	k.Rotate()
	if keys := k.Material().TicketKeys; len(keys) != ticketKeys || keys[ticketKeys-1] == first {
		t.Error("the oldest key is kept")
	}
}

// FuzzParse: whatever a child is given, it is an error or can be used.
func FuzzParse(f *testing.F) {
	dir := f.TempDir()
	files := Files{Certs: []string{good(f, dir, "a")}, ClientCA: good(f, dir, "ca")}
	k, _, err := NewKeeper(handoff.TLSOptions{}, files, nil)
	if err != nil {
		f.Fatal(err)
	}
	defer k.Close()
	text, _ := k.Material().Text()
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte("-----BEGIN TICKET KEY-----\nAAAA\n-----END TICKET KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		Config(&handoff.TLSOptions{}, m)
		if _, err := m.Text(); err != nil {
			t.Error(err)
		}
	})
}
