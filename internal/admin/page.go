package admin

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"strings"
)

// page is what people see: one file, which loads nothing but /connections.
//
//go:embed page.html
var page string

// policy allows what the page has in it, known by its hash, and nothing else.
func policy() string {
	return "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src '" +
		hashOf("script") + "'; style-src '" + hashOf("style") + "'"
}

// Live is the page for people.
func Live() Reply {
	return Reply{Status: 200, Type: "text/html; charset=utf-8", Policy: policy(), Body: []byte(page)}
}

// hashOf is the hash of the page's one element of that name, as a policy has it
// (CSP level 3, section 2.3.1).
func hashOf(element string) string {
	_, after, _ := strings.Cut(page, "<"+element+">")
	text, _, _ := strings.Cut(after, "</"+element+">")
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
