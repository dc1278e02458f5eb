package proxy

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
)

// digest is a challenge of HTTP Digest authentication (RFC 7616).
type digest struct {
	realm, nonce, opaque string
	algorithm            string // as it was written, "" if it was not
	qop                  bool   // "auth" is offered
}

// challenge is the strongest Digest challenge of an answer's header that we know how
// to meet, nil if there is none.
func challenge(header string) *digest {
	var best *digest
	for line := range strings.Lines(header) {
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(name, "Proxy-Authenticate") {
			continue
		}
		scheme, params, _ := strings.Cut(strings.TrimSpace(value), " ")
		if !strings.EqualFold(scheme, "Digest") {
			continue
		}
		if d := parseDigest(params); d.hash("") != "" && (best == nil || strings.HasPrefix(strings.ToUpper(d.algorithm), "SHA-256")) {
			best = d
		}
	}
	return best
}

// parseDigest reads NAME=VALUE, NAME="VALUE", … and leaves out what it does not know.
func parseDigest(params string) *digest {
	d := &digest{}
	for params != "" {
		var name, value string
		name, params, _ = strings.Cut(params, "=")
		value, params = parameter(params)
		switch strings.ToLower(strings.Trim(name, " \t,")) {
		case "realm":
			d.realm = value
		case "nonce":
			d.nonce = value
		case "opaque":
			d.opaque = value
		case "algorithm":
			d.algorithm = value
		case "qop":
			for offer := range strings.SplitSeq(value, ",") {
				d.qop = d.qop || strings.EqualFold(strings.TrimSpace(offer), "auth")
			}
		}
	}
	return d
}

// parameter reads a word, or a quoted string with its escapes, and returns what
// follows the comma behind it.
func parameter(text string) (value, rest string) {
	text = strings.TrimLeft(text, " \t")
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			_, rest, _ = strings.Cut(text[i:], ",")
			return b.String(), rest
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// hash is that of the algorithm, in hex, "" for one that is not known.
func (d *digest) hash(text string) string {
	switch strings.TrimSuffix(strings.ToUpper(d.algorithm), "-SESS") {
	case "", "MD5":
		return fmt.Sprintf("%x", md5.Sum([]byte(text)))
	case "SHA-256":
		return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	return ""
}

// answer is the value of Proxy-Authorization for CONNECT target. cnonce is a number
// used once.
func (d *digest) answer(user, password, target, cnonce string) string {
	secret := d.hash(user + ":" + d.realm + ":" + password)
	if strings.HasSuffix(strings.ToUpper(d.algorithm), "-SESS") {
		secret = d.hash(secret + ":" + d.nonce + ":" + cnonce)
	}
	middle := d.nonce
	if d.qop {
		middle += ":00000001:" + cnonce + ":auth"
	}
	response := d.hash(secret + ":" + middle + ":" + d.hash("CONNECT:"+target))
	text := fmt.Sprintf("Digest username=%s, realm=%s, nonce=%s, uri=%s, response=%s",
		quoted(user), quoted(d.realm), quoted(d.nonce), quoted(target), quoted(response))
	if d.algorithm != "" {
		text += ", algorithm=" + d.algorithm
	}
	if d.opaque != "" {
		text += ", opaque=" + quoted(d.opaque)
	}
	if d.qop || strings.HasSuffix(strings.ToUpper(d.algorithm), "-SESS") {
		text += ", cnonce=" + quoted(cnonce)
	}
	if d.qop {
		text += ", qop=auth, nc=00000001"
	}
	return text
}

func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(text) + `"`
}

// nonce is a number used once.
func nonce() string { return rand.Text() }
