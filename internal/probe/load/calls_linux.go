package load

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"nettool/internal/socket"
)

// The system calls of the path from a request to its answer. The scheduler is not told of
// them: that would cost more than some of them do, and to be let run again after a wait
// takes a locked thread longer than many a request. A thread that waits is woken by the
// runtime's signals when the runtime needs it.

// peer is where connections go: a domain and type of socket, and an address as the kernel
// has it.
type peer struct {
	domain, kind int
	address      [unix.SizeofSockaddrUnix]byte
	size         uintptr
}

func peerOf(to socket.Addr, at netip.AddrPort) *peer {
	p := &peer{kind: unix.SOCK_STREAM}
	if !to.Stream() {
		p.kind = unix.SOCK_DGRAM
	}
	ip := at.Addr().Unmap()
	switch {
	case to.Path != "":
		p.domain = unix.AF_UNIX
		n := copy(p.address[2:len(p.address)-1], to.Path)
		if to.Path[0] == '@' { // abstract: unix(7)
			p.address[2] = 0
			n--
		}
		p.size = uintptr(2 + n + 1)
	case ip.Is4():
		p.domain, p.size = unix.AF_INET, unix.SizeofSockaddrInet4
		b := ip.As4()
		copy(p.address[4:], b[:])
	default:
		p.domain, p.size = unix.AF_INET6, unix.SizeofSockaddrInet6
		b := ip.As16()
		copy(p.address[8:], b[:])
		binary.NativeEndian.PutUint32(p.address[24:], socket.ZoneID(ip.Zone()))
	}
	binary.NativeEndian.PutUint16(p.address[:], uint16(p.domain))
	if p.domain != unix.AF_UNIX {
		binary.BigEndian.PutUint16(p.address[2:], at.Port())
	}
	return p
}

// socket makes one that does not block.
func (p *peer) socket() (fd int, err syscall.Errno) {
	n, _, err := syscall.RawSyscall(unix.SYS_SOCKET, uintptr(p.domain), uintptr(p.kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC), 0)
	return int(n), err
}

// connect begins to connect, or asks how that goes.
func (p *peer) connect(fd int) syscall.Errno {
	_, _, err := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&p.address)), p.size)
	return err
}

func send(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), err
}

func receive(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0, 0)
	return int(n), err
}

// cut ends a connection of TCP with a reset, and leaves the socket as it was before it:
// connect(2), AF_UNSPEC. That takes one call where close(2) and another socket take four.
func cut(fd int) syscall.Errno {
	var unspecified [unix.SizeofSockaddrInet4]byte
	_, _, err := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&unspecified)), unsafe.Sizeof(unspecified))
	return err
}

func closeFD(fd int) { syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// option sets a socket's option to a number.
func option(fd, level, name int, value int32) {
	syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(unsafe.Pointer(&value)), unsafe.Sizeof(value), 0)
}

// resets has close(2) send a reset: no port waits for packets that are late.
func resets(fd int) {
	linger := unix.Linger{Onoff: 1}
	syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_LINGER, uintptr(unsafe.Pointer(&linger)), unsafe.Sizeof(linger), 0)
}

// failure is why a socket cannot connect, or 0.
func failure(fd int) syscall.Errno {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return unix.EIO
	}
	return syscall.Errno(n)
}

// itself reports whether a socket is connected to itself, by TCP's simultaneous open.
func itself(fd int) bool {
	here, err := unix.Getsockname(fd)
	there, err2 := unix.Getpeername(fd)
	if err != nil || err2 != nil {
		return false
	}
	switch a := here.(type) {
	case *unix.SockaddrInet4:
		b, ok := there.(*unix.SockaddrInet4)
		return ok && a.Port == b.Port && a.Addr == b.Addr
	case *unix.SockaddrInet6:
		b, ok := there.(*unix.SockaddrInet6)
		return ok && a.Port == b.Port && a.Addr == b.Addr
	}
	return false
}

// await waits for events, for at most d. It may come back early.
func await(poller int, events []unix.EpollEvent, d time.Duration) int {
	limit := [2]int64{int64(d / time.Second), int64(d % time.Second)} // of 64 bits on all machines
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(poller), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&limit)), 0, 0)
	if err == unix.ENOSYS || err == unix.EPERM { // before Linux 5.11: whole milliseconds
		n, _, err = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(poller), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(d/time.Millisecond), 0, 0)
	}
	if err != 0 {
		return 0
	}
	return int(n)
}
