package socket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"nettool/internal/exit"
)

// unixListener is a unix stream listener that removes its socket file when it
// is closed, if the file is still its own.
type unixListener struct {
	*net.UnixListener
	file *socketFile // nil for an abstract socket
	once sync.Once
	err  error
}

// Close closes the socket and removes its file. Closing twice is harmless.
func (l *unixListener) Close() error {
	l.once.Do(func() {
		l.err = errors.Join(l.file.remove(), l.UnixListener.Close())
	})
	return l.err
}

// socketFile is the file of a bound unix socket, known by its inode.
type socketFile struct {
	path string // absolute: the working directory may change
	info fs.FileInfo
	mine func() bool // not nil: it is ours once this says so
}

// newSocketFile remembers the socket file at path as this process's own.
func newSocketFile(path string) (*socketFile, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	return &socketFile{path: path, info: info}, nil
}

// remove deletes the file unless it is gone or another socket's.
func (f *socketFile) remove() error {
	if f == nil || (f.mine != nil && !f.mine()) {
		return nil
	}
	unlock := lockFolder(context.Background(), f.path)
	defer unlock()
	now, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !os.SameFile(f.info, now) {
		return err
	}
	return os.Remove(f.path)
}

func listenUnix(ctx context.Context, a Addr, o Options) (net.Listener, error) {
	own, err := lookupOwner(o.Owner)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "socket owner %q: %w", o.Owner, err)
	}
	if a.Abstract() {
		return listenAbstract(ctx, a, o)
	}
	unlock := lockFolder(ctx, a.Path)
	defer unlock()
	if err := clearPath(ctx, a.Network, a.Path); err != nil {
		return nil, listenError("unix:"+a.Path, 0, err)
	}
	l, err := bindUnix(ctx, a.Path, o, own)
	if err != nil {
		return nil, listenError("unix:"+a.Path, 0, err)
	}
	return l, nil
}

// clearPath makes room for a socket file: it removes a socket that nobody
// has open and refuses to touch anything else. The folder is locked.
func clearPath(ctx context.Context, network, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("exists and is not a socket")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, path)
	switch {
	case err == nil:
		_ = conn.Close()
		return errAddrInUse
	case errors.Is(err, errRefused):
		return os.Remove(path)
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EPROTOTYPE):
		return errAddrInUse
	default:
		return fmt.Errorf("a socket is there and cannot be asked: %w", &reasonError{"connect", err})
	}
}

// owner is who is to own a socket file; -1 leaves the user or group as it is.
type owner struct{ uid, gid int }

func (w owner) given() bool { return w.uid >= 0 || w.gid >= 0 }
