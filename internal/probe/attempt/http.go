package attempt

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/probe/response"
	"nettool/internal/socket"
)

// HTTPRequest is what Level HTTP asks for: GET, without a body.
type HTTPRequest struct {
	Path   string   // begins with "/"; written as it is
	Status []Status // the codes that are ok; none is those from 200 to 399
}

// Status is a range of HTTP status codes, both ends included.
type Status struct{ First, Last int }

// ParseStatus reads codes and ranges of them, such as 200-299,404. Nothing is the default.
// Errors carry exit.Usage.
func ParseStatus(text string) (all []Status, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, ok := code(from)
		last, ok2 := code(to)
		if !ok || !ok2 || first > last {
			return nil, exit.Errorf(exit.Usage, "status %q: want codes from 100 to 599 and ranges of them, as in 200-299,404", part)
		}
		all = append(all, Status{first, last})
	}
	return all, nil
}

func code(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && len(text) == 3 && n >= 100 && n <= 599
}

// Accepts reports whether a code is ok.
func (q *HTTPRequest) Accepts(code int) bool {
	for _, s := range q.Status {
		if code >= s.First && code <= s.Last {
			return true
		}
	}
	return q.Status == nil && code >= 200 && code < 400
}

// errStatus is a code that is not ok.
type errStatus int

func (e errStatus) Error() string { return fmt.Sprintf("status %d", int(e)) }

// text is the request to a target (RFC 9112). Its answer ends with the connection.
func (q *HTTPRequest) text(to socket.Addr) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: nettool\r\nAccept: */*\r\nConnection: close\r\n\r\n", q.Path, authority(to))
}

// authority is a target's name in a request: RFC 9110, section 7.2.
func authority(to socket.Addr) string {
	host := nameOf(to)
	if host == "" || to.Loopback {
		host = "localhost"
	}
	host, _, _ = strings.Cut(host, "%") // a zone is ours, not the peer's
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	usual := "80"
	if to.TLS {
		usual = "443"
	}
	if to.Port == "" || to.Port == usual {
		return host
	}
	return host + ":" + to.Port
}

// http asks, and ends as soon as the answer is known: redirects are not followed, and a
// body is read only as far as something is expected in it.
func (s *Spec) http(r *Result, conn net.Conn) error {
	if err := send(r, conn, s.HTTP.text(r.Target)); err != nil {
		return err
	}
	var body []byte
	answer := response.Response{Body: func(b []byte) { body = append(body, b[:min(len(b), most-len(body))]...) }}
	buffer := make([]byte, 16<<10)
	var n int
	err := r.during(FirstByte, func() (err error) {
		n, err = conn.Read(buffer)
		return err
	})
	if err != nil && n == 0 {
		return err
	}
	return r.during(Expected, func() error {
		for {
			done, wrong := answer.Feed(buffer[:n])
			if wrong == nil && done || answer.Status() != 0 || wrong != nil {
				if end, err := s.judgeHTTP(r, &answer, body, wrong, done || len(body) == most); end {
					return err
				}
			}
			if n, err = conn.Read(buffer); n == 0 && err != nil {
				return s.endOfHTTP(r, &answer, body, err)
			}
		}
	})
}

// judgeHTTP looks at what has come of an answer: end tells that no more is needed. all
// tells that no more comes.
func (s *Spec) judgeHTTP(r *Result, answer *response.Response, body []byte, wrong error, all bool) (end bool, err error) {
	r.Status = answer.Status()
	switch {
	case wrong != nil && !errors.Is(wrong, response.ErrMore):
		return true, &unexpected{Mismatch, []byte(wrong.Error())}
	case r.Status == 0:
		return false, nil
	case !s.HTTP.Accepts(r.Status):
		return true, errStatus(r.Status)
	case s.Expect == nil, s.Expect.Match(body):
		return true, nil
	case all || wrong != nil:
		return true, &unexpected{Mismatch, body}
	}
	return false, nil
}

// endOfHTTP judges an answer that has ended with the connection, or was cut off.
func (s *Spec) endOfHTTP(r *Result, answer *response.Response, body []byte, err error) error {
	switch {
	case errors.Is(err, io.EOF) && answer.Ended():
		_, err = s.judgeHTTP(r, answer, body, nil, true)
		return err
	case errors.Is(err, io.EOF):
		return &unexpected{ClosedEarly, body}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &unexpected{Timeout, body}
	}
	return err
}
