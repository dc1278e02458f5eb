package load

import (
	"errors"
	"strings"
	"testing"

	"nettool/internal/probe/response"
)

// TestParseAnswer: the forms, and what has none.
func TestParseAnswer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Answer{"same": {}, "any": {kind: some}, "line": {kind: line}, "http": {kind: message}, "close": {kind: closing}, "17": {exactly, 17}} {
		if got, err := ParseAnswer(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "1073741825", "1e3"} {
		if _, err := ParseAnswer(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// ends are answers: what comes, and whether they are complete with the last byte, with
// the connection's end, or wrong.
func ends() []struct {
	kind, text, want string
	of               error
} {
	const ok = "HTTP/1.1 200 OK\r\n"
	return []struct {
		kind, text, want string
		of               error
	}{
		{"same", "12345678", "done", nil},
		{"same", "1234567", "more", nil},
		{"same", "123456789", "wrong", errMore},
		{"any", "x", "done", nil},
		{"line", "hello\r\n", "done", nil},
		{"line", "hello", "more", nil},
		{"line", "hello\nyou", "wrong", errMore},
		{"close", "hello", "end", nil},
		{"3", "abc", "done", nil},
		{"http", ok + "Content-Length: 3\r\n\r\nabc", "done", nil},
		{"http", ok + "content-length:0\r\n\r\n", "done", nil},
		{"http", ok + "Content-Length: 3\r\n\r\nab", "more", nil},
		{"http", ok + "Content-Length: 3\r\n\r\nabcd", "wrong", response.ErrMore},
		{"http", ok + "Content-Length: -3\r\n\r\n", "wrong", response.ErrForm},
		{"http", ok + "\r\nabc", "end", nil},
		{"http", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n", "done", nil},
		{"http", ok + "Transfer-Encoding: gzip, chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n", "done", nil},
		{"http", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "wrong", response.ErrForm},
		{"http", ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "wrong", response.ErrForm},
		{"http", "HTTP/1.1 204 No Content\r\n\r\n", "done", nil},
		{"http", "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 1\r\n\r\na", "done", nil},
		{"http", "HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\na", "wrong", errStatus},
		{"http", "220 smtp ready\r\n\r\n", "wrong", response.ErrForm},
		{"http", "HTTP/1.1 x\r\n\r\n", "wrong", response.ErrForm},
		{"http", ok + strings.Repeat("X: y\r\n", 20000), "wrong", response.ErrTooLong},
	}
}

// TestAnswerEnds: whether it comes at once or byte by byte.
func TestAnswerEnds(t *testing.T) {
	t.Parallel()
	for _, test := range ends() {
		for _, step := range []int{1, 7, 1 << 20} {
			got, err := feedAll(test.kind, test.text, step)
			if got != test.want || !errors.Is(err, test.of) || (err == nil) != (test.of == nil) {
				t.Errorf("%s %.60q by %d: %s, %v", test.kind, test.text, step, got, err)
			}
		}
	}
}

// feedAll feeds a text in steps: is it done, wrong, complete with the end, or is there
// more to come?
func feedAll(kind, text string, step int) (string, error) {
	a, err := ParseAnswer(kind)
	if err != nil {
		return "", err
	}
	s := scanner{Answer: a}
	s.begin(8, nil)
	done := false
	for b := []byte(text); len(b) > 0; {
		n := min(step, len(b))
		if done {
			return "wrong", twice(kind)
		}
		if done, err = s.feed(b[:n]); err != nil {
			return "wrong", err
		}
		b = b[n:]
	}
	switch {
	case done:
		return "done", nil
	case s.ended():
		return "end", nil
	}
	return "more", nil
}

// twice is the error of bytes behind an answer.
func twice(kind string) error {
	if kind == "http" {
		return response.ErrMore
	}
	return errMore
}

// TestVerify: the bytes themselves count.
func TestVerify(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"abcd": true, "abce": false, "abcde": false} {
		s := scanner{}
		s.begin(4, []byte("abcd"))
		if done, err := s.feed([]byte(text)); done != ok || (err == nil) != ok {
			t.Errorf("%s: %v, %v", text, done, err)
		}
	}
}

// TestLast: who closes the connection behind a response.
func TestLast(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]bool{
		"HTTP/1.1 200 OK\r\n":                           false,
		"HTTP/1.0 200 OK\r\n":                           true,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n":      true,
		"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n": false,
	} {
		s := scanner{Answer: Answer{kind: message}}
		s.begin(0, nil)
		if done, err := s.feed([]byte(head + "Content-Length: 1\r\n\r\na")); !done || err != nil || s.last() != want {
			t.Errorf("%q: %v, %v, last %v", head, done, err, s.last())
		}
	}
}
