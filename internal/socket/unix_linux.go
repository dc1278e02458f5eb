package socket

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/clock"
)

// lockPatience is how long to wait for the lock of a folder. A starter of ours
// has it for some milliseconds.
const lockPatience = time.Second

// lockFolder takes the flock(2) of the folder that holds path, waiting while
// another starter has it. No lock file is left behind, and a starter that dies
// lets go. Everybody who can read a folder can lock it, for as long as he likes:
// then, and where the folder cannot be read, two starters at the same instant are
// told apart by bind(2) alone.
func lockFolder(ctx context.Context, path string) (unlock func()) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		err = unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil || (err != unix.EWOULDBLOCK && err != unix.EINTR) || !clock.Sleep(ctx, 5*time.Millisecond) {
			return func() { _ = folder.Close() }
		}
	}
}

// bindUnix binds, then sets owner and mode, and only then listens: until then
// nobody can connect. The folder is locked.
func bindUnix(_ context.Context, path string, o Options, own owner) (net.Listener, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	l, err := listenBound(fd, f, path, o, own)
	if err != nil {
		_ = os.Remove(path)
		return nil, err
	}
	return l, nil
}

func listenBound(fd int, f *os.File, path string, o Options, own owner) (net.Listener, error) {
	if err := o.apply(uintptr(fd), "unix", true); err != nil {
		return nil, err
	}
	if err := own.apply(path, o); err != nil {
		return nil, err
	}
	if err := unix.Listen(fd, o.unixBacklog()); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	file, err := newSocketFile(path)
	if err != nil {
		return nil, err
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return &unixListener{UnixListener: l.(*net.UnixListener), file: file}, nil
}

// unixBacklog is the queue to ask for; the kernel cuts it down to somaxconn.
func (o Options) unixBacklog() int {
	if o.Backlog == 0 {
		return 1 << 30
	}
	return max(o.Backlog, 0)
}

func (w owner) apply(path string, o Options) error {
	if w.given() {
		if err := os.Lchown(path, w.uid, w.gid); err != nil {
			return err
		}
	}
	if o.Mode != 0 {
		return os.Chmod(path, o.Mode.Perm())
	}
	return nil
}

func listenAbstract(ctx context.Context, a Addr, o Options) (net.Listener, error) {
	config := net.ListenConfig{Control: o.control(true)}
	l, err := config.Listen(ctx, "unix", a.Path)
	if err == nil {
		if err = o.rebacklog(l); err == nil {
			return &unixListener{UnixListener: l.(*net.UnixListener)}, nil
		}
		_ = l.Close()
	}
	return nil, listenError(a.String(), 0, err)
}
