// Package response finds the end of an HTTP/1 response, and its body, in bytes that come
// from the network. It is far smaller than net/http, for which every start of a child would pay.
package response

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// What is wrong with a response.
var (
	ErrMore    = errors.New("more than one response")
	ErrForm    = errors.New("no HTTP response")
	ErrTooLong = errors.New("a header of more than 64 KiB")
)

// maxHead bounds the header of a response.
const maxHead = 64 << 10

// Response is one that comes: its end is where its length, its chunks or the end of the
// connection say (RFC 9112, section 6.3). It is not for answers to HEAD. The zero value is
// ready.
type Response struct {
	Body func([]byte) // is given each part of the body, if it is not nil; without the chunks' frames

	head   []byte // the header, while it comes; afterwards the part of a line of chunks that came
	body   bodyKind
	left   int64 // bytes until the body, or the chunk, ends
	status int
	last   bool // the connection ends behind it
}

type bodyKind uint8

const (
	inHead    bodyKind = iota
	byEnd              // until the connection ends
	byLength           // left bytes
	complete           // right behind byLength
	chunkData          // left bytes of a chunk, and a line's end
	chunkSize          // a line with the size of the next chunk, right behind chunkData
	trailer            // lines until an empty one
)

// Reset prepares for the next response.
func (r *Response) Reset() { *r = Response{Body: r.Body, head: r.head[:0]} }

// Status is its code, zero until its header is there.
func (r *Response) Status() int { return r.status }

// Last reports whether the peer closes the connection behind it.
func (r *Response) Last() bool { return r.last }

// Ended reports whether the end of the connection ends the response.
func (r *Response) Ended() bool { return r.body == byEnd }

// Feed takes bytes that came. done tells that the response is complete. Errors are those
// above.
func (r *Response) Feed(b []byte) (done bool, err error) {
	for len(b) > 0 {
		if r.body == complete {
			return false, ErrMore
		}
		if b, err = r.step(b); err != nil {
			return false, err
		}
	}
	return r.body == complete, nil
}

// step takes as many bytes as belong to what is being read now.
func (r *Response) step(b []byte) (rest []byte, err error) {
	switch r.body {
	case inHead:
		return r.header(b)
	case byEnd:
		r.tell(b)
		return nil, nil
	case byLength, chunkData:
		n := min(int64(len(b)), r.left)
		if r.body == chunkData {
			r.tell(b[:min(n, max(r.left-2, 0))])
		} else {
			r.tell(b[:n])
		}
		if r.left -= n; r.left == 0 {
			r.body++ // complete, or the next chunk's size
		}
		return b[n:], nil
	}
	return r.line(b)
}

func (r *Response) tell(b []byte) {
	if r.Body != nil && len(b) > 0 {
		r.Body(b)
	}
}

// header takes bytes of the header, and learns from it how long the body is.
func (r *Response) header(b []byte) (rest []byte, err error) {
	before := len(r.head)
	r.head = append(r.head, b...)
	end := bytes.Index(r.head[max(before-3, 0):], []byte("\r\n\r\n"))
	if end < 0 {
		if len(r.head) > maxHead {
			return nil, ErrTooLong
		}
		return nil, nil
	}
	end += max(before-3, 0) + 4
	rest = b[end-before:]
	err = r.learn(r.head[:end-4])
	r.head = r.head[:0]
	return rest, err
}

// learn reads a header. It allocates nothing.
func (r *Response) learn(head []byte) error {
	first, fields, _ := bytes.Cut(head, []byte("\r\n"))
	version, rest, _ := bytes.Cut(first, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, ok := decimal(code)
	if !bytes.HasPrefix(version, []byte("HTTP/1.")) || !ok || status < 100 || status > 999 {
		return ErrForm
	}
	if status < 200 {
		*r = Response{Body: r.Body, head: r.head} // an interim response: another one follows
		return nil
	}
	r.status, r.body, r.last = int(status), byEnd, string(version) == "HTTP/1.0"
	chunked := false
	for len(fields) > 0 {
		var field []byte
		field, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, _ := bytes.Cut(field, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if r.left, ok = decimal(value); !ok {
				return ErrForm
			}
			r.body = byLength
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = endsWith(value, "chunked")
		case bytes.EqualFold(name, []byte("connection")):
			r.last = bytes.EqualFold(value, []byte("close")) || r.last && !bytes.EqualFold(value, []byte("keep-alive"))
		}
	}
	switch {
	case status == 204, status == 304, r.body == byLength && r.left == 0 && !chunked:
		r.body = complete
	case chunked:
		r.body = chunkSize
	case r.body == byEnd:
		r.last = true
	}
	return nil
}

func endsWith(value []byte, word string) bool {
	return len(value) >= len(word) && bytes.EqualFold(value[len(value)-len(word):], []byte(word))
}

// decimal is a number in decimal digits.
func decimal(text []byte) (n int64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' || n > 1<<50 {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, len(text) > 0
}

// line takes bytes of a line between chunks.
func (r *Response) line(b []byte) (rest []byte, err error) {
	at := bytes.IndexByte(b, '\n')
	if at < 0 {
		r.head = append(r.head, b...)
		if len(r.head) > maxHead {
			return nil, ErrTooLong
		}
		return nil, nil
	}
	text := strings.TrimRight(string(append(r.head, b[:at]...)), "\r")
	r.head = r.head[:0]
	if r.body == trailer {
		if text == "" {
			r.body = complete
		}
		return b[at+1:], nil
	}
	text, _, _ = strings.Cut(text, ";")
	size, err := strconv.ParseInt(strings.TrimSpace(text), 16, 63)
	if err != nil || size < 0 || size > 1<<60 {
		return nil, ErrForm
	}
	r.body, r.left = chunkData, size+2
	if size == 0 {
		r.body = trailer
	}
	return b[at+1:], nil
}

// Is reports whether an error is one of those that Feed returns.
func Is(err error) bool {
	return errors.Is(err, ErrMore) || errors.Is(err, ErrForm) || errors.Is(err, ErrTooLong)
}
