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
	if r.host == "" {
		r.say(": Invalid argument")
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
		r.say("%s: %s", r.host, reason(err))
		return failure
	}
	return r.use(conn)
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
