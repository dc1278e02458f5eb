package load

import (
	"bytes"
	"strconv"
	"strings"
)

// maxHead bounds the header of a response.
const maxHead = 64 << 10

// response finds the end of an HTTP/1 response (RFC 9112, section 6.3): by its length,
// its chunks, or the end of the connection. It is not for answers to HEAD.
type response struct {
	head   []byte // the header, while it comes; afterwards the part of a line of chunks that came
	body   bodyKind
	left   int64 // bytes until the body, or the chunk, ends
	status int
	close  bool // the connection ends behind it
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

func (r *response) reset() { *r = response{head: r.head[:0]} }

// ended reports whether the end of the connection ends the response.
func (r *response) ended() bool { return r.body == byEnd }

// feed takes bytes that came.
func (r *response) feed(b []byte) (done bool, err error) {
	for len(b) > 0 {
		if r.body == complete {
			return false, errMore
		}
		if b, err = r.step(b); err != nil {
			return false, err
		}
	}
	if r.body == complete && r.status >= 400 {
		return true, errStatus
	}
	return r.body == complete, nil
}

// step takes as many bytes as belong to what is being read now.
func (r *response) step(b []byte) (rest []byte, err error) {
	switch r.body {
	case inHead:
		return r.header(b)
	case byEnd:
		return nil, nil
	case byLength, chunkData:
		n := min(int64(len(b)), r.left)
		if r.left -= n; r.left == 0 {
			r.body++ // complete, or the next chunk's size
		}
		return b[n:], nil
	}
	return r.line(b)
}

// header takes bytes of the header, and learns from it how long the body is.
func (r *response) header(b []byte) (rest []byte, err error) {
	before := len(r.head)
	r.head = append(r.head, b...)
	end := bytes.Index(r.head[max(before-3, 0):], []byte("\r\n\r\n"))
	if end < 0 {
		if len(r.head) > maxHead {
			return nil, errTooLong
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
func (r *response) learn(head []byte) error {
	first, fields, _ := bytes.Cut(head, []byte("\r\n"))
	version, rest, _ := bytes.Cut(first, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, ok := decimal(code)
	if !bytes.HasPrefix(version, []byte("HTTP/1.")) || !ok || status < 100 || status > 999 {
		return errHTTP
	}
	if status < 200 {
		*r = response{head: r.head} // an interim response: another one follows
		return nil
	}
	r.status, r.body, r.close = int(status), byEnd, string(version) == "HTTP/1.0"
	chunked := false
	for len(fields) > 0 {
		var field []byte
		field, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, _ := bytes.Cut(field, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if r.left, ok = decimal(value); !ok {
				return errHTTP
			}
			r.body = byLength
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = endsWith(value, "chunked")
		case bytes.EqualFold(name, []byte("connection")):
			r.close = bytes.EqualFold(value, []byte("close")) || r.close && !bytes.EqualFold(value, []byte("keep-alive"))
		}
	}
	switch {
	case status == 204, status == 304, r.body == byLength && r.left == 0 && !chunked:
		r.body = complete
	case chunked:
		r.body = chunkSize
	case r.body == byEnd:
		r.close = true
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
func (r *response) line(b []byte) (rest []byte, err error) {
	at := bytes.IndexByte(b, '\n')
	if at < 0 {
		r.head = append(r.head, b...)
		if len(r.head) > maxHead {
			return nil, errTooLong
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
		return nil, errHTTP
	}
	r.body, r.left = chunkData, size+2
	if size == 0 {
		r.body = trailer
	}
	return b[at+1:], nil
}
