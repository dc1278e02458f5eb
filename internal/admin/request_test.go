package admin

import (
	"bytes"
	"testing"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		header string
		want   request
		err    error
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", request{method: "GET", path: "/", host: "a"}, nil},
		{"GET /metrics?x=y HTTP/1.0\n\n", request{method: "GET", path: "/metrics", query: "x=y"}, nil},
		{"POST /x HTTP/1.1\r\nhOST:  [::1]:80 \r\nA: b:c\r\n\r\n", request{method: "POST", path: "/x", host: "[::1]:80"}, nil},
		{"GET / HTTP/2.0\r\n\r\n", request{}, errVersion},
		{"GET / \r\n\r\n", request{}, errVersion},
		{"\r\n", request{}, errMalformed},
		{"GET /\r\n\r\n", request{}, errMalformed},
		{"GET  / HTTP/1.1\r\n\r\n", request{}, errMalformed},
		{" GET / HTTP/1.1\r\n\r\n", request{}, errMalformed},
		{"GET http://a/ HTTP/1.1\r\n\r\n", request{}, errMalformed},
		{"GET /\x00 HTTP/1.1\r\n\r\n", request{}, errMalformed},
		{"GET / HTTP/1.1\r\nno colon\r\n\r\n", request{}, errMalformed},
		{"GET / HTTP/1.1\r\n folded: x\r\n\r\n", request{}, errMalformed},
		{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", request{}, errMalformed},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", request{}, errMalformed},
	} {
		got, err := parseRequest([]byte(test.header))
		got.header = ""
		if err != test.err || (err == nil && got != test.want) {
			t.Errorf("%q: got %+v, %v; want %+v, %v", test.header, got, err, test.want, test.err)
		}
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	of, err := parseRequest([]byte("GET /p?a=b HTTP/1.1\r\nHost: a\r\nX-Some:  1.5 \r\nx-some: 2\r\n\r\n"))
	r := Request{Path: of.path, Query: of.query, header: of.header}
	if err != nil || r.Query != "a=b" || r.Field("x-SOME") != "1.5" || r.Field("other") != "" || r.Field("host") != "a" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestHeaderEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": -1, "\n": 1, "\r\n": 2, "a\r\n\r\nb": 5, "a\n\nb": 3, "a\r\n": -1, "a\r\n\r": -1, "a\r\n\n": 4,
	} {
		if got := headerEnd([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestIsNumeric(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"": true, "localhost": true, "localhost:80": true, "127.0.0.1": true, "127.0.0.1:80": true, "[::1]": true, "[::1]:80": true,
		"evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example:80": false, "1.2.3": false,
	} {
		if got := isNumeric(host); got != want {
			t.Errorf("%q: got %v", host, got)
		}
	}
}

// FuzzRequest: no header breaks the parser, what it takes for a path can be
// looked up, and more bytes after the header's end change nothing.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET /metrics HTTP/1.1\r\nHost: localhost:7001\r\nAccept: */*\r\n\r\n"))
	f.Add([]byte("GET / HTTP/1.0\n\n"))
	f.Add([]byte("GET /a?b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nrest"))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		end := headerEnd(b)
		if end < 0 {
			return
		}
		if again := headerEnd(append(bytes.Clone(b[:end]), "more\r\n\r\n"...)); again != end {
			t.Fatalf("the header ends at %d, then at %d", end, again)
		}
		r, err := parseRequest(b[:end])
		if err != nil {
			return
		}
		if r.path == "" || r.path[0] != '/' || bytes.ContainsAny([]byte(r.path+r.method), " \r\n\x00?") {
			t.Fatalf("%q: %+v", b, r)
		}
	})
}
