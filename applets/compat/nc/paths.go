package nc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"nettool/internal/socket"
)

// connectPath connects to a unix socket.
func (r *run) connectPath() int {
	if err := wrongPath(r.host); err != nil {
		r.say("%s: %s", r.host, reason(err))
		return failure
	}
	network, options := "unix", socket.Options{}
	if r.udp {
		network = "unixgram"
		remove, err := r.ownPath(&options)
		if err != nil {
			r.say("%s", reason(err))
			return failure
		}
		defer remove()
	}
	conn, err := socket.DialOne(context.Background(), network, r.host, options)
	if err != nil {
		path := r.host
		if call, ok := errors.AsType[*os.SyscallError](err); ok && call.Syscall == "bind" {
			path = options.SourcePath
		}
		r.say("%s: %s", path, reason(err))
		return failure
	}
	return r.use(conn)
}

// longestPath is how long the path of a socket may be, in bytes (unix(7)).
const longestPath = 107

// wrongPath is what is wrong with the path of a socket.
func wrongPath(path string) error {
	switch {
	case path == "":
		return syscall.EINVAL
	case len(path) > longestPath:
		return syscall.ENAMETOOLONG
	}
	return nil
}

// ownPath names the socket of a datagram client, so that it can be answered: as -s says, or
// in a directory of its own. A name in the abstract namespace would not do: a peer may see
// the same files and have another network.
func (r *run) ownPath(o *socket.Options) (remove func(), err error) {
	if r.sourced {
		o.SourcePath = r.source
		remove = func() { os.Remove(r.source) }
	} else {
		dir, err := os.MkdirTemp("", "nc-")
		if err != nil {
			return nil, err
		}
		o.SourcePath = filepath.Join(dir, "recv.sock")
		remove = func() { os.RemoveAll(dir) }
	}
	r.tell("Bound on %s", o.SourcePath)
	return remove, nil
}

// bindPath opens a unix listener.
func (r *run) bindPath() (net.Listener, error) {
	if err := wrongPath(r.host); err != nil {
		return nil, failed(err)
	}
	ls, err := socket.Listen(context.Background(), socket.Addr{Network: "unix", Path: r.host}, socket.Options{})
	if err != nil {
		return nil, r.unbound(err)
	}
	r.tell("Bound on %s", r.host)
	r.tell("Listening on %s", r.host)
	return ls[0], nil
}

// unbound is the error of a path that could not be listened at. What is there already, and
// is not a dead socket, is not removed.
func (r *run) unbound(err error) error {
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return failed(err)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Errorf("%s: %w", r.host, err)
}
