package admin

import (
	"fmt"
	"strings"
)

// Reply is an answer.
type Reply struct {
	Status int
	Type   string // media type
	Policy string // Content-Security-Policy, or empty for one that allows nothing
	Body   []byte
}

// Plain is a short answer in words, with a newline added.
func Plain(status int, text string) Reply { return plain(status, text) }

func plain(status int, text string) Reply {
	return Reply{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(text + "\n")}
}

// bytes is the answer as it is sent.
func (r Reply) bytes(body bool) []byte {
	policy := r.Policy
	if policy == "" {
		policy = "default-src 'none'"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.Status, phrase(r.Status))
	fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n", r.Type, len(r.Body))
	fmt.Fprintf(&b, "Content-Security-Policy: %s\r\n", policy)
	b.WriteString("X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n")
	if r.Status == 405 {
		b.WriteString("Allow: GET, HEAD\r\n")
	}
	b.WriteString("Connection: close\r\n\r\n")
	if body {
		b.Write(r.Body)
	}
	return []byte(b.String())
}

// phrase is the status in words (RFC 9110, section 15).
func phrase(status int) string {
	switch status {
	case 200:
		return "OK"
	case 400:
		return "Bad Request"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 431:
		return "Request Header Fields Too Large"
	case 503:
		return "Service Unavailable"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Unknown"
}
