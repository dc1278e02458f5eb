package proxy

import (
	"strings"
	"testing"

	"nettool/internal/exit"
)

// Challenges of all kinds are met, the strongest of several (RFC 7616).
func TestDigest(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 407 Proxy Authentication Required\r\nVia: x\r\n"
	for name, test := range map[string]struct{ header, want string }{
		"md5": {
			"Proxy-Authenticate: Basic realm=\"x\"\r\nproxy-authenticate: Digest realm=\"a \\\"b\\\"\", nonce=\"n,1\", qop=\"auth,auth-int\", opaque=\"o\"\r\n",
			`Digest username="me", realm="a \"b\"", nonce="n,1", uri="abc:80", response="RESPONSE", opaque="o", cnonce="c", qop=auth, nc=00000001`,
		},
		"old": {
			"Proxy-Authenticate: Digest realm=r,nonce=n\r\n",
			`Digest username="me", realm="r", nonce="n", uri="abc:80", response="RESPONSE"`,
		},
		"sess": {
			"Proxy-Authenticate: Digest algorithm=MD5-sess, realm=\"r\", nonce=\"n\"\r\n",
			`Digest username="me", realm="r", nonce="n", uri="abc:80", response="RESPONSE", algorithm=MD5-sess, cnonce="c"`,
		},
		"the strongest": {
			"Proxy-Authenticate: Digest algorithm=MD5, realm=\"r\", nonce=\"n\"\r\nProxy-Authenticate: Digest algorithm=SHA-256, realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n" +
				"Proxy-Authenticate: Digest algorithm=SHA-512-256, realm=\"r\", nonce=\"n\"\r\n",
			`Digest username="me", realm="r", nonce="n", uri="abc:80", response="RESPONSE", algorithm=SHA-256, cnonce="c", qop=auth, nc=00000001`,
		},
	} {
		d := challenge(head + test.header + "\r\n")
		if d == nil {
			t.Fatalf("%s: no challenge", name)
		}
		got := d.answer("me", "secret", "abc:80", "c")
		before, after, _ := strings.Cut(got, `response="`)
		response, rest, _ := strings.Cut(after, `"`)
		if got := before + `response="RESPONSE"` + rest; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if want := responses()[name]; response != want {
			t.Errorf("%s: response %s, want %s", name, response, want)
		}
	}
	for _, header := range []string{"", "Proxy-Authenticate: Basic realm=x\r\n", "Proxy-Authenticate: Digest algorithm=nonsense, nonce=n\r\n"} {
		if d := challenge(head + header + "\r\n"); d != nil {
			t.Errorf("%q: %+v", header, d)
		}
	}
}

// A proxy that wants Digest is answered on the next connection, and one that does not
// take the answer is not asked again.
func TestAnswer(t *testing.T) {
	t.Parallel()
	const wants = "HTTP/1.1 407 Wants\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\n"
	p := Proxy{Scheme: "http", User: "me", Password: "secret"}
	_, _, err := talk(t, p, "abc", wants)
	answering, ok := p.Answer(err)
	if !ok || exit.Of(err) != exit.Handshake {
		t.Fatalf("no answer to %v", err)
	}
	said, rest, err := talk(t, answering, "abc", "HTTP/1.1 200 OK\r\n\r\n")
	if err != nil || rest != "PEER" || !strings.Contains(said, `Proxy-Authorization: Digest username="me"`) || strings.Contains(said, "Basic") {
		t.Errorf("%v, said %q", err, said)
	}
	_, _, err = talk(t, answering, "abc", wants)
	if _, ok := answering.Answer(err); ok {
		t.Error("it would try for ever")
	}
	nobody := Proxy{Scheme: "http"}
	_, _, err = talk(t, nobody, "abc", wants)
	if _, ok := nobody.Answer(err); ok {
		t.Error("an answer without a user")
	}
}

func FuzzDigest(f *testing.F) {
	f.Add(`realm="a \"b", nonce=n, qop="auth"`)
	f.Fuzz(func(t *testing.T, params string) {
		d := parseDigest(params)
		if got := d.answer("me", "secret", "abc:80", "c"); strings.ContainsAny(quoted(d.realm)+quoted(d.nonce), "\r\n") {
			t.Errorf("%q", got)
		}
	})
}

// responses are what openssl dgst makes of them.
func responses() map[string]string {
	return map[string]string{
		"md5":           "1ed21eb792011138adbd9f85996f5c4c",
		"old":           "6464f55adea6db95a75268d9ca31c181",
		"sess":          "8289d23d44dbcc62074258a4bae43e2e",
		"the strongest": "a85d016b1e9922caa30259a61a65f55fa0332818bc5dd0a5382c44468dfaed6c",
	}
}
