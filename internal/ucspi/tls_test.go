package ucspi

import (
	"slices"
	"strings"
	"testing"
)

// TestSane: what comes from a peer is made so that it can be told.
func TestSane(t *testing.T) {
	for _, text := range []string{"", "plain", "a\x00b", "tab\t", "\x7f", "\xff\xfe", strings.Repeat("é", 10_000), "\uFFFD"} {
		clean := TLS{Subject: Clean(text)}
		if !clean.Sane() {
			t.Errorf("%q becomes %q", text, clean.Subject)
		}
	}
	for _, text := range []string{"a\nb", "\x00", strings.Repeat("x", longestText+1), "\xff"} {
		if (&TLS{SNI: text}).Sane() {
			t.Errorf("%.20q is sane", text)
		}
	}
}

func TestTLSEnviron(t *testing.T) {
	none := TLS{Protocol: "TLSv1.3", Cipher: "c"}
	want := []string{
		"TLS_PROTOCOL=TLSv1.3", "TLS_CIPHER=c", "TLS_CLIENT_VERIFY=NONE", "TLS_RESUMED=0",
		"SSL_PROTOCOL=TLSv1.3", "SSL_CIPHER=c", "SSL_CLIENT_VERIFY=NONE",
	}
	if got := none.Environ(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	all := TLS{Protocol: "p", Cipher: "c", SNI: "s", ALPN: "a", Subject: "CN=me", Fingerprint: "f", Resumed: true}
	environ := all.Environ()
	if len(environ) != len(tlsNames) || len(Without(environ)) > 0 {
		t.Errorf("%q, of which %q would be handed on", environ, Without(environ))
	}
}
