package nc

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// verbatim is an error in nc's own words, which scripts look for.
type verbatim string

func (v verbatim) Error() string { return string(v) }

// reason is a system's error in strerror(3)'s words.
func reason(err error) string {
	text := socket.Reason(err)
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		text = errno.Error()
	}
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// lookupReason is the error of a lookup of a host in gai_strerror(3)'s words.
func lookupReason(host string, err error) string {
	dns, ok := errors.AsType[*net.DNSError](err)
	switch {
	case ok && dns.IsNotFound:
		return "Name or service not known"
	case ok && (dns.IsTemporary || dns.IsTimeout):
		return "Temporary failure in name resolution"
	case !ok && exit.Of(err) == exit.Usage:
		return "Servname not supported for ai_socktype"
	case !ok && exit.Of(err) == exit.Local, !ok && exit.Of(err) == exit.NoName && !isAddress(host):
		return "Name or service not known"
	case !ok && exit.Of(err) == exit.NoName:
		return "Address family for hostname not supported"
	}
	return reason(err)
}

// failed is the error of a listener that could not be opened.
func failed(err error) error { return errors.New(reason(err)) }

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
