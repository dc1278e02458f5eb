//go:build !portable

package loop

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// errors takes what ICMP has said of datagrams that were sent (ip(7), MSG_ERRQUEUE).
func (m *Mailbox) errors() {
	for range batched {
		var s slot
		var control [256]byte
		var first [1]byte
		iov := unix.Iovec{Base: &first[0]}
		iov.SetLen(len(first))
		h := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&s.name)), Namelen: unix.SizeofSockaddrAny, Iov: &iov, Control: &control[0]}
		h.SetIovlen(1)
		h.SetControllen(len(control))
		if _, _, err := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(m.fd), uintptr(unsafe.Pointer(&h)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT); err != 0 {
			return
		}
		err := said(control[:h.Controllen])
		if err == nil {
			continue
		}
		e := Envelope{Port: m.port}
		e.Peer, e.Index = s.other()
		if e.Local = m.local; e.Local.IsValid() {
			m.mail.Refused(e, err)
			continue
		}
		for e.Local = range m.asked { // which of ours it was is not told
			m.mail.Refused(e, err)
		}
	}
}

// said is the error that ICMP stands for, or nil for what ends no conversation: what is
// said of the way there, or of a size.
func said(control []byte) error {
	for len(control) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return nil
		}
		recverr := (h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR) || (h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR)
		if recverr && len(data) >= int(unsafe.Sizeof(unix.SockExtendedErr{})) {
			if errno := unix.Errno((*unix.SockExtendedErr)(unsafe.Pointer(&data[0])).Errno); errno == unix.ECONNREFUSED {
				return errno
			}
		}
		control = rest
	}
	return nil
}

// Quiet has ICMP's word about datagrams that were sent not told: it would be an error of
// whom it does not concern.
func (m *Mailbox) Quiet() {
	unix.SetsockoptInt(m.fd, unix.IPPROTO_IP, unix.IP_RECVERR, 0)
	unix.SetsockoptInt(m.fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 0)
}

// answered reports whether an error may be ICMP's word about an earlier datagram.
func answered(err unix.Errno) bool {
	switch err {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ENOPROTOOPT, unix.EPROTO, unix.EMSGSIZE, unix.EACCES:
		return true
	}
	return false
}
