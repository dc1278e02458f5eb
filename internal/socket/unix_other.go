//go:build !linux

package socket

import (
	"context"
	"net"
	"os"

	"nettool/internal/exit"
)

// lockFolder takes no lock: two starters at the same instant are told apart by
// bind(2) alone here.
func lockFolder(context.Context, string) (unlock func()) { return func() {} }

func bindUnix(ctx context.Context, path string, o Options, own owner) (net.Listener, error) {
	config := net.ListenConfig{Control: o.control(true)}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	unix := l.(*net.UnixListener)
	unix.SetUnlinkOnClose(false)
	file, err := own.apply(path, o)
	if err != nil {
		_ = unix.Close()
		_ = os.Remove(path)
		return nil, err
	}
	return &unixListener{UnixListener: unix, file: file}, nil
}

func (w owner) apply(path string, o Options) (*socketFile, error) {
	if w.given() {
		if err := os.Lchown(path, w.uid, w.gid); err != nil {
			return nil, err
		}
	}
	if o.Mode != 0 {
		if err := os.Chmod(path, o.Mode.Perm()); err != nil {
			return nil, err
		}
	}
	return newSocketFile(path)
}

func listenAbstract(_ context.Context, a Addr, _ Options) (net.Listener, error) {
	return nil, exit.Errorf(exit.Usage, "address %q: only Linux has abstract sockets", a)
}
