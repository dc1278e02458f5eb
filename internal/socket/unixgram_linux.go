package socket

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
)

// unixPacket is the datagram socket at an address of unixgram.
type unixPacket struct {
	*net.UnixConn
	file *socketFile // nil for an abstract socket
	once sync.Once
	err  error
}

// Close closes the socket and removes its file. Closing twice is harmless.
func (p *unixPacket) Close() error {
	p.once.Do(func() {
		p.err = errors.Join(p.file.remove(), p.UnixConn.Close())
	})
	return p.err
}

// listenUnixgram opens the socket of one address of unixgram, as listenUnix does for
// streams.
func listenUnixgram(ctx context.Context, a Addr, o Options) (Packet, error) {
	own, err := lookupOwner(o.Owner)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "socket owner %q: %w", o.Owner, err)
	}
	if !a.Abstract() {
		unlock := lockFolder(ctx, a.Path)
		defer unlock()
		err = clearPath(ctx, a.Network, a.Path)
	}
	if err == nil {
		var p Packet
		if p, err = bindUnixgram(a, o, own); err == nil {
			return p, nil
		}
	}
	return nil, listenError(a.String(), 0, err)
}

// bindUnixgram binds. Whoever may write to the socket file can send from then on, so it has
// its mode before; its owner it gets a moment later.
func bindUnixgram(a Addr, o Options, own owner) (Packet, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), a.Path)
	defer f.Close()
	if err := o.apply(uintptr(fd), a.Network, true); err != nil {
		return nil, err
	}
	if o.SndBuf == 0 { // what peers have not read is in it
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, packetBuffer)
	}
	if o.Mode != 0 && !a.Abstract() {
		if err := unix.Fchmod(fd, uint32(o.Mode.Perm())); err != nil {
			return nil, os.NewSyscallError("fchmod", err)
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: a.Path}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	p, err := boundPacket(f, a, o, own)
	if err != nil && !a.Abstract() {
		_ = os.Remove(a.Path)
	}
	return p, err
}

func boundPacket(f *os.File, a Addr, o Options, own owner) (*unixPacket, error) {
	var file *socketFile
	if !a.Abstract() {
		err := own.apply(a.Path, o)
		if err == nil {
			file, err = newSocketFile(a.Path)
		}
		if err != nil {
			return nil, err
		}
	}
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, err
	}
	return &unixPacket{UnixConn: c.(*net.UnixConn), file: file}, nil
}
