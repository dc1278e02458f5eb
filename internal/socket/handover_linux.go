package socket

import (
	"fmt"
	"net"
	"os"
)

// Hand returns a copy of a listener's descriptor, for another process. Listener and
// copy are the caller's. (The net package's File would do the same, but makes the
// descriptor blocking on other systems.)
func Hand(l net.Listener) (*os.File, error) {
	inner := l
	if u, ok := l.(*unixListener); ok {
		inner = u.UnixListener
	}
	fd, err := duplicate(inner)
	if err != nil {
		return nil, fmt.Errorf("hand over listener %s: %w", l.Addr(), err)
	}
	return os.NewFile(uintptr(fd), "listener"), nil
}

// Leave closes a listener that another process has taken over: its socket file
// stays.
func Leave(l net.Listener) error {
	if u, ok := l.(*unixListener); ok {
		u.once.Do(func() { u.err = u.UnixListener.Close() })
		return u.err
	}
	return l.Close()
}

// Take makes a listener of the copy f of one that an older image of this
// program had opened for the address a. Its socket file, if it has one, is ours,
// to be removed at the end, once mine says so. f is closed.
func Take(f *os.File, a Addr, o Options, mine func() bool) (net.Listener, error) {
	defer f.Close()
	if err := refresh(f, o); err != nil {
		return nil, fmt.Errorf("take over listener %s: %w", a, err)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("take over listener %s: %w", a, err)
	}
	u, ok := l.(*net.UnixListener)
	if !ok || a.Network != "unix" || a.Abstract() {
		return l, nil
	}
	u.SetUnlinkOnClose(false)
	return &unixListener{UnixListener: u, file: takenFile(a, mine)}, nil
}

// takenFile is the file of a socket that was taken over, or nil if there is none: somebody
// may have removed it.
func takenFile(a Addr, mine func() bool) *socketFile {
	if a.Abstract() {
		return nil
	}
	file, err := newSocketFile(a.Path)
	if err != nil {
		return nil
	}
	file.mine = mine
	return file
}

// refresh sets the options on an inherited socket: another image may have chosen
// others.
func refresh(f *os.File, o Options) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		var network string
		if network, inner = checkListening(int(fd)); inner == nil {
			inner = o.applyInherited(int(fd), network)
		}
	})
	if err != nil {
		return err
	}
	return inner
}
