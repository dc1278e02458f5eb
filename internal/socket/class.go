package socket

import (
	"errors"
	"net"
	"syscall"
)

// Class is what an error of a connection says, in whatever applet it occurs.
type Class uint8

// The classes.
const (
	Unclassified Class = iota // no system error, such as an alert of TLS
	Refused                   // nobody takes connections, or datagrams, there
	Timeout                   // no answer in time
	Unreachable               // there is no way to the peer
	Reset                     // the connection was broken
	Local                     // trouble on this side, which says nothing about the peer
)

// ClassOf returns the class of an error of connecting, reading or writing.
func ClassOf(err error) Class {
	if _, ok := errors.AsType[*optionError](err); ok {
		return Local
	}
	if isTimeout(err) {
		return Timeout
	}
	errno, ok := errors.AsType[syscall.Errno](err)
	switch {
	case !ok:
		return Unclassified
	case errno == syscall.EACCES && !overTCP(err):
		return Local // a socket file without write permission, a broadcast address
	}
	return classOfErrno(errno)
}

// DeadPeer reports whether an established connection ended with err because the
// kernel gave up a peer that had vanished. A deadline of our own says no such
// thing.
func DeadPeer(err error) bool {
	class := ClassOf(err)
	_, system := errors.AsType[syscall.Errno](err)
	return system && (class == Timeout || class == Unreachable)
}

// overTCP reports whether err comes from TCP. An error that does not name its
// network does.
func overTCP(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return !ok || isTCPNetwork(op.Net)
}
