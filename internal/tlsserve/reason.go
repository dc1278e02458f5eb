package tlsserve

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"nettool/internal/handler"
	"nettool/internal/socket"
)

// handshake is the error of a handshake.
type handshake struct{ error }

func (h handshake) Error() string { return "TLS handshake: " + h.error.Error() }
func (h handshake) Unwrap() error { return h.error }

// tooLate is the error of a handshake that took too long.
func tooLate(limit time.Duration) error {
	return handshake{fmt.Errorf("not done in %s", limit)}
}

// ours reports whether an error is about TLS, and not about what is below: a timer,
// a reset.
func ours(err error) bool {
	_, expired := errors.AsType[*handler.Expired](err)
	return !expired && socket.ClassOf(err) == socket.Unclassified
}

// wordsOf says what is wrong, from the server's point of view.
func wordsOf(err error) error {
	const handshakeRecord = 22 // RFC 8446, section 5.1
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok && e.RecordHeader[0] != handshakeRecord {
		return fmt.Errorf("the client does not speak TLS, it said %q", e.RecordHeader[:])
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return fmt.Errorf("the client refused: %s", plain(op.Err))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return errors.New("the client ended without close_notify: what it sent may be cut short")
	}
	return errors.New(plain(err))
}

// plain is an error of package tls without the words that all of them begin with.
func plain(err error) string {
	text := err.Error()
	for _, prefix := range []string{"local error: ", "remote error: ", "tls: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
