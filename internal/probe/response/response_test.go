package response

import (
	"errors"
	"strings"
	"testing"
)

// ends are responses: what comes, the body, and whether they are complete with the last
// byte, with the connection's end, or wrong.
func ends() []struct {
	text, body, want string
	of               error
} {
	const ok = "HTTP/1.1 200 OK\r\n"
	return []struct {
		text, body, want string
		of               error
	}{
		{ok + "Content-Length: 3\r\n\r\nabc", "abc", "done", nil},
		{ok + "content-length:0\r\n\r\n", "", "done", nil},
		{ok + "Content-Length: 3\r\n\r\nab", "ab", "more", nil},
		{ok + "Content-Length: 3\r\n\r\nabcd", "abc", "wrong", ErrMore},
		{ok + "Content-Length: -3\r\n\r\n", "", "wrong", ErrForm},
		{ok + "\r\nabc", "abc", "end", nil},
		{ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n", "abc0123456789abcdef", "done", nil},
		{ok + "Transfer-Encoding: gzip, Chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n", "a", "done", nil},
		{ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "", "wrong", ErrForm},
		{ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "", "wrong", ErrForm},
		{"HTTP/1.1 204 No Content\r\n\r\n", "", "done", nil},
		{"HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 1\r\n\r\na", "a", "done", nil},
		{"HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\na", "a", "done", nil},
		{"220 smtp ready\r\n\r\n", "", "wrong", ErrForm},
		{"HTTP/1.1 x\r\n\r\n", "", "wrong", ErrForm},
		{ok + strings.Repeat("X: y\r\n", 20000), "", "wrong", ErrTooLong},
	}
}

// TestEnds: whether it comes at once or byte by byte.
func TestEnds(t *testing.T) {
	t.Parallel()
	for _, test := range ends() {
		for _, step := range []int{1, 7, 1 << 20} {
			got, body, err := feedAll(test.text, step)
			if got != test.want || body != test.body || !errors.Is(err, test.of) || (err == nil) != (test.of == nil) {
				t.Errorf("%.60q by %d: %s, %q, %v", test.text, step, got, body, err)
			}
		}
	}
}

// feedAll feeds a text in steps: is it done, wrong, complete with the end, or is there
// more to come?
func feedAll(text string, step int) (want, body string, err error) {
	r, done := Response{Body: func(b []byte) { body += string(b) }}, false
	for b := []byte(text); len(b) > 0; {
		n := min(step, len(b))
		if done, err = r.Feed(b[:n]); err != nil {
			return "wrong", body, err
		}
		b = b[n:]
	}
	switch {
	case done:
		return "done", body, nil
	case r.Ended():
		return "end", body, nil
	}
	return "more", body, nil
}

func FuzzFeed(f *testing.F) {
	for _, test := range ends() {
		f.Add(test.text[:min(len(test.text), 300)], uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, step uint8) {
		once, all, err := feedAll(text, 1<<20)
		again, parts, err2 := feedAll(text, int(step)+1)
		if err == nil && err2 == nil && (once != again || all != parts) {
			t.Errorf("%q: %s %q at once, %s %q by %d", text, once, all, again, parts, step)
		}
	})
}
