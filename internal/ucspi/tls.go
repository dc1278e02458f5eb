package ucspi

import (
	"slices"
	"strings"
)

// TLS is what a program is told of the TLS of its connection. All that is not known
// is empty.
type TLS struct {
	Protocol    string // as OpenSSL names it: TLSv1.3
	Cipher      string // as IANA names it
	SNI         string // the name that the client has asked for (RFC 6066, section 3)
	ALPN        string // the protocol that was agreed upon (RFC 7301)
	Subject     string // of the client's certificate, which is good (RFC 2253)
	Fingerprint string // of the client's certificate: SHA-256, hex
	Resumed     bool   // an earlier session goes on
}

// tlsNames are the variables of Environ, those of nettool first.
var tlsNames = [...]string{
	"TLS_PROTOCOL", "TLS_CIPHER", "TLS_SNI", "TLS_ALPN",
	"TLS_CLIENT_SUBJECT", "TLS_CLIENT_FINGERPRINT", "TLS_CLIENT_VERIFY", "TLS_RESUMED",
	"SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI_SERVERNAME", "SSL_CLIENT_S_DN", "SSL_CLIENT_VERIFY",
}

// Environ are the variables of a connection over TLS: ours, and those of the same
// sense that programs for sslserver (ucspi-ssl) and s6-tlsserver read.
func (t *TLS) Environ() []string { return t.known(true) }

// known are the variables that have a value; of the client, if it is one to judge.
func (t *TLS) known(client bool) []string {
	verify, resumed := "", ""
	if client {
		verify, resumed = "NONE", "0"
	}
	if t.Fingerprint != "" {
		verify = "SUCCESS"
	}
	if t.Resumed {
		resumed = "1"
	}
	values := [...]string{
		t.Protocol, t.Cipher, t.SNI, t.ALPN,
		t.Subject, t.Fingerprint, verify, resumed,
		t.Protocol, t.Cipher, t.SNI, t.Subject, verify,
	}
	environ := make([]string, 0, len(values))
	for i, value := range values {
		if value != "" {
			environ = append(environ, tlsNames[i]+"="+value)
		}
	}
	return environ
}

// Agreed are the variables of Environ that both ends know.
func (t *TLS) Agreed() []string {
	return (&TLS{Protocol: t.Protocol, Cipher: t.Cipher, SNI: t.SNI, ALPN: t.ALPN}).known(false)
}

// longestText is how long a text of TLS can be: a subject may have many parts.
const longestText = 4096

// Sane reports whether all texts can be in an environment and in a log.
func (t *TLS) Sane() bool {
	for _, text := range []string{t.Protocol, t.Cipher, t.SNI, t.ALPN, t.Subject, t.Fingerprint} {
		if len(text) > longestText || strings.ContainsFunc(text, unprintable) {
			return false
		}
	}
	return true
}

// Clean makes a text that a peer has chosen one that Sane likes.
func Clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return '?'
		}
		return r
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), longestText)], "")
}

func unprintable(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }

// isTLS reports whether a variable is one of Environ's.
func isTLS(name string) bool { return slices.Contains(tlsNames[:], name) }
