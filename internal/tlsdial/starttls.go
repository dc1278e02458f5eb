package tlsdial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// lineLimit and linesLimit bound what a peer may say before TLS begins.
const (
	lineLimit  = 4 << 10
	linesLimit = 100
)

// StartTLS asks the peer, in a protocol that begins in the clear, to go on with TLS.
// conn remains the caller's; nothing beyond the peer's consent has been read from it.
// Errors carry exit.Handshake, exit.ConnectTimeout when ctx ended first, and
// exit.Usage for a protocol that is not known.
func StartTLS(ctx context.Context, conn net.Conn, protocol string) error {
	ask := asking(protocol)
	if ask == nil {
		return exit.Errorf(exit.Usage, "starttls %q: want %s", protocol, protocols)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	err := ask(&clear{conn})
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		return nil
	}
	code, reason := exit.Handshake, socket.Reason(err)
	if errors.Is(err, io.EOF) {
		reason = "the peer closed the connection"
	}
	if ctx.Err() != nil {
		code, reason = exit.ConnectTimeout, socket.Reason(ctx.Err())
	}
	return exit.Errorf(code, "STARTTLS (%s) with %s: %s", protocol, conn.RemoteAddr(), reason)
}

// KnowsStartTLS reports whether StartTLS speaks protocol.
func KnowsStartTLS(protocol string) error {
	if asking(protocol) == nil {
		return exit.Errorf(exit.Usage, "starttls %q: want %s", protocol, protocols)
	}
	return nil
}

const protocols = "smtp, lmtp, imap, pop3, ftp, nntp, ldap or postgres"

// asking is how to ask in a protocol, nil if it is not known.
func asking(protocol string) func(*clear) error {
	switch protocol {
	case "smtp": // RFC 3207
		return func(c *clear) error { return c.coded("220", "EHLO localhost", "250", "STARTTLS", "220") }
	case "lmtp": // RFC 2033
		return func(c *clear) error { return c.coded("220", "LHLO localhost", "250", "STARTTLS", "220") }
	case "ftp": // RFC 4217
		return func(c *clear) error { return c.coded("220", "AUTH TLS", "234") }
	case "nntp": // RFC 4642
		return func(c *clear) error { return c.coded("20", "STARTTLS", "382") }
	case "imap": // RFC 9051
		return func(c *clear) error { return c.worded("* OK", "a STARTTLS", "a ", "a OK") }
	case "pop3": // RFC 2595
		return func(c *clear) error { return c.worded("+OK", "STLS", "", "+OK") }
	case "ldap": // RFC 4511, section 4.14
		return (*clear).ldap
	case "postgres": // SSLRequest
		return (*clear).postgres
	}
	return nil
}

// clear is a conversation before TLS.
type clear struct{ conn net.Conn }

// coded expects a code, and then says a line and expects the next code, as often as
// there are some. An answer lasts while "-" follows its code.
func (c *clear) coded(greeting string, turns ...string) error {
	if err := c.code(greeting); err != nil {
		return err
	}
	for i := 0; i+1 < len(turns); i += 2 {
		if err := c.say(turns[i]); err != nil {
			return err
		}
		if err := c.code(turns[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// code reads an answer that must have a code.
func (c *clear) code(want string) error {
	for range linesLimit {
		line, err := c.line()
		switch {
		case err != nil:
			return err
		case !strings.HasPrefix(line, want):
			return fmt.Errorf("the peer said %q", line)
		case len(line) < 4 || line[3] != '-':
			return nil
		}
	}
	return errTalkative
}

// worded expects a greeting, says a line, and expects consent in the next line that
// begins with mark.
func (c *clear) worded(greeting, request, mark, consent string) error {
	line, err := c.line()
	if err == nil && !strings.HasPrefix(line, greeting) {
		err = fmt.Errorf("the peer said %q", line)
	}
	if err != nil {
		return err
	}
	if err := c.say(request); err != nil {
		return err
	}
	for range linesLimit {
		line, err := c.line()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(line, consent):
			return nil
		case strings.HasPrefix(line, mark):
			return fmt.Errorf("the peer said %q", line)
		}
	}
	return errTalkative
}

// postgres sends an SSLRequest, which is answered by a byte.
func (c *clear) postgres() error {
	if _, err := c.conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(c.conn, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return fmt.Errorf("the peer said %q", answer[:])
	}
	return nil
}

func (c *clear) say(line string) error {
	_, err := c.conn.Write([]byte(line + "\r\n"))
	return err
}

// errTalkative is a peer that says more than lineLimit and linesLimit allow.
var errTalkative = errors.New("the peer talks on and on")

// line reads a line, without its end, and not a byte more.
func (c *clear) line() (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < lineLimit {
		if _, err := c.conn.Read(b[:]); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
	return "", errTalkative
}
