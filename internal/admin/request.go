package admin

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
)

// requestLimit is how long a request may be, in bytes: its first line and its
// headers.
const requestLimit = 8 << 10

// request is what matters of an HTTP request (RFC 9112).
type request struct {
	method string
	path   string // without a query
	query  string // behind the path's question mark
	host   string // as the Host field has it, or empty
	header string // the lines behind the first
}

// Request is what a page may look at.
type Request struct {
	Path   string
	Query  string // as it was sent, without the question mark
	header string
}

// Field is the first header field of a name, or "".
func (r *Request) Field(name string) string {
	for line := range strings.SplitSeq(r.header, "\n") {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// The ways in which a request is not one.
var (
	errMalformed = errors.New("malformed request")
	errVersion   = errors.New("unknown HTTP version")
)

// headerEnd is where the header ends in what was read so far, or -1. Lines may
// end in a bare LF (RFC 9112, section 2.2).
func headerEnd(b []byte) int {
	for i := 0; i < len(b); {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		line := bytes.TrimSuffix(b[i:i+n], []byte{'\r'})
		if i += n + 1; len(line) == 0 {
			return i
		}
	}
	return -1
}

// parseRequest reads a whole header. Neither GET nor HEAD has a body, and what else
// the header says does not matter.
func parseRequest(header []byte) (request, error) {
	lines := strings.Split(string(header), "\n")
	var r request
	_, r.header, _ = strings.Cut(string(header), "\n")
	var version string
	var ok bool
	first := strings.TrimSuffix(lines[0], "\r")
	if r.method, first, ok = strings.Cut(first, " "); !ok || !isToken(r.method) {
		return r, errMalformed
	}
	if r.path, version, ok = strings.Cut(first, " "); !ok || !isTarget(r.path) {
		return r, errMalformed
	}
	if version != "HTTP/1.1" && version != "HTTP/1.0" {
		return r, errVersion
	}
	r.path, r.query, _ = strings.Cut(r.path, "?")
	hosts := 0
	for _, line := range lines[1:] {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return r, errMalformed
		}
		if strings.EqualFold(name, "host") {
			r.host = strings.TrimSpace(value)
			hosts++
		}
	}
	if hosts > 1 {
		return r, errMalformed
	}
	return r, nil
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isTarget reports whether s is the path of a request: no control characters, no
// absolute form.
func isTarget(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return strings.HasPrefix(s, "/")
}

// isNumeric reports whether a Host field is an address, localhost or nothing: a
// page of the web whose name was made to resolve to us has a name there.
func isNumeric(host string) bool {
	if host == "" || host == "localhost" || strings.HasPrefix(host, "localhost:") {
		return true
	}
	if _, err := netip.ParseAddrPort(host); err == nil {
		return true
	}
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil
}
