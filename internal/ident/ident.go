// Package ident asks the host at the other end of a connection whose it is there:
// the Identification Protocol, RFC 1413. The answer is that host's word, no more.
package ident

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"nettool/internal/socket"
)

const (
	port     = 113
	maxReply = 4096 // bytes of an answer; RFC 1413 knows none above 1000
	maxInfo  = 257  // bytes of it that count, as for tcpserver(1) and tcpclient(1)
)

var (
	errTooLong = errors.New("its answer is longer than 4096 bytes")
	errCut     = errors.New("its answer has no end")
)

// Query asks remote's host who owns the connection between local and remote, which
// are its two ends as we see them; the question goes from and to the same addresses.
// ctx bounds all of it.
//
// info is what tcpserver(1) and tcpclient(1) put into TCPREMOTEINFO: what follows the
// third colon of the answer, without spaces, tabs and carriage returns, cut at a zero
// byte and behind 257 bytes. Any other byte can be in it. It is empty for an
// answer that names no user, as errors do not; and there is an error if there was no
// answer.
func Query(ctx context.Context, local, remote netip.AddrPort) (info string, err error) {
	return query(ctx, local, remote, port)
}

func query(ctx context.Context, local, remote netip.AddrPort, port uint16) (info string, err error) {
	if local.Addr().Unmap().Is4() != remote.Addr().Unmap().Is4() {
		return "", fmt.Errorf("ident of %v and %v: they are no connection", local, remote)
	}
	server := netip.AddrPortFrom(remote.Addr().Unmap(), port)
	from := socket.Options{Source: netip.AddrPortFrom(local.Addr().Unmap(), 0)}
	conn, err := socket.DialOne(ctx, "tcp", server.String(), from)
	if err != nil {
		return "", fmt.Errorf("ident: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	info, err = ask(conn, local.Port(), remote.Port())
	switch {
	case err == nil:
		return info, nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	return "", fmt.Errorf("ident of %v: %w", server, err)
}

// ask writes the question, in which the port of the host that is asked comes first,
// and reads the answer.
func ask(conn net.Conn, local, remote uint16) (info string, err error) {
	if _, err := fmt.Fprintf(conn, "%d , %d\r\n", remote, local); err != nil {
		return "", err
	}
	return read(conn)
}

// read reads an answer up to the end of its line, or until enough of it is known.
func read(r io.Reader) (info string, err error) {
	limited := &io.LimitedReader{R: r, N: maxReply}
	in := bufio.NewReader(limited)
	var reply reply
	for !reply.whole {
		c, err := in.ReadByte()
		switch {
		case err == io.EOF && limited.N <= 0:
			return "", errTooLong
		case err == io.EOF:
			return "", errCut
		case err != nil:
			return "", err
		}
		reply.take(c)
	}
	return reply.info(), nil
}

// reply is an answer as far as it was read.
type reply struct {
	colons int
	user   []byte
	whole  bool // nothing that follows counts
}

func (r *reply) take(c byte) {
	switch {
	case c == '\n':
		r.whole = true
	case c == ' ', c == '\t', c == '\r':
	case r.colons < 3:
		if c == ':' {
			r.colons++
		}
	default:
		r.user = append(r.user, c)
		r.whole = len(r.user) == maxInfo
	}
}

// info is a string of C, as the environment has it.
func (r *reply) info() string {
	for i, c := range r.user {
		if c == 0 {
			return string(r.user[:i])
		}
	}
	return string(r.user)
}
