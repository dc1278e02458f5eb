package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
)

// Received is a PROXY protocol header that was read. Without addresses the sender
// speaks for itself: a health check (LOCAL), or it does not know whom the
// connection is from (UNKNOWN), or not by an IP address.
type Received struct {
	Src, Dst netip.AddrPort // never IPv4-mapped; both valid, or neither
	Size     int            // bytes that the header took
}

// Known reports whether the header names whom the connection is from.
func (h *Received) Known() bool { return h.Src.IsValid() }

// The bounds of a header in bytes. What a version 2 header says of its length is
// bounded, too: it may hold a client's certificate, and no more.
const (
	shortest1 = len("PROXY UNKNOWN\r\n")
	longest1  = 107
	fixed2    = 16
	// LongestHeader is the most bytes that a header of either version may take.
	LongestHeader = 16 << 10
)

// ReadHeader reads the header that a connection begins with, version 1 or 2 of
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, and not one byte of
// what follows. Whatever else it meets is an error that says what. r bounds how
// long that may take.
//
// This is a parser of our own: the others that we know of do something at package
// init, which every child would pay for, read on behind the header, and let a
// wrong checksum pass.
func ReadHeader(r io.Reader) (Received, error) {
	h := header{from: r, b: make([]byte, 0, longest1)}
	if err := h.read(shortest1); err != nil {
		return Received{}, err
	}
	parse := h.version1
	if h.binary() {
		parse = h.version2
	}
	got, err := parse()
	got.Size = len(h.b)
	return got, err
}

// header is one that is being read.
type header struct {
	from io.Reader
	b    []byte // of it, so far
}

// binary reports whether it is of version 2.
func (h *header) binary() bool { return len(h.b) > 0 && h.b[0] == v2Signature[0] }

// read goes on until there are size bytes. It looks at what has come each time:
// what is no header is not waited for.
func (h *header) read(size int) error {
	for len(h.b) < size {
		if cap(h.b) < size {
			h.b = append(make([]byte, 0, size), h.b...)
		}
		n, err := h.from.Read(h.b[len(h.b):size])
		h.b = h.b[:len(h.b)+n]
		if bad := h.check(); bad != nil {
			return bad
		}
		if err != nil && len(h.b) < size {
			return h.cut(err)
		}
	}
	return nil
}

// check reports what is wrong with the part that has come.
func (h *header) check() error {
	want := "PROXY "
	if h.binary() {
		want = v2Signature
	}
	n := min(len(h.b), len(want))
	if string(h.b[:n]) != want[:n] {
		return fmt.Errorf("no header: the connection begins with %q", h.b[:min(len(h.b), fixed2)])
	}
	if h.binary() {
		return nil
	}
	end := bytes.IndexAny(h.b, "\r\n")
	if end < 0 || bytes.HasPrefix([]byte("\r\n"), h.b[end:]) {
		return nil
	}
	return fmt.Errorf("header %q: want its only line to end with CR and LF", h.b)
}

// cut is the error of a header that has not come as a whole.
func (h *header) cut(err error) error {
	switch n := len(h.b); {
	case errors.Is(err, os.ErrDeadlineExceeded) && n == 0:
		return errors.New("no header in time")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no whole header in time: %d bytes", n)
	case err != io.EOF:
		return fmt.Errorf("after %d bytes of a header: %w", n, err)
	case n == 0:
		return errors.New("no header: the client has sent nothing")
	default:
		return fmt.Errorf("header cut off after %d bytes", n)
	}
}

// addresses completes what a header says. IPv4-mapped addresses are IPv4's.
func addresses(src, dst netip.Addr, srcPort, dstPort uint16) Received {
	return Received{Src: netip.AddrPortFrom(src.Unmap(), srcPort), Dst: netip.AddrPortFrom(dst.Unmap(), dstPort)}
}
