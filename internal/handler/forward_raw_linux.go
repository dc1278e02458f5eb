package handler

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/socket"
)

// forwardRaw forwards a connection of a child: by one thread, which waits in poll(2)
// for all that can happen. TLS, which needs two, has Go's poller. done is false for
// other connections.
func forwardRaw(s *Session) (done bool, err error) {
	c, ok := s.Conn.(*Raw)
	if !ok {
		return false, nil
	}
	if err := unix.SetNonblock(c.fd, true); err != nil { // nobody else has it
		return true, os.NewSyscallError("fcntl", err)
	}
	r := &rawReach{forward: s.Forward, client: c, fd: -1}
	defer r.close()
	if err := r.reach(); err != nil {
		return true, err
	}
	if r.secured != nil {
		return true, joinStreams(s, r.stream, r.secured, c.timers)
	}
	return true, newJunction(s, c, r.fd).run()
}

// rawReach connects to a backend for a child's connection.
type rawReach struct {
	forward *Forward
	client  *Raw
	cancel  context.CancelCauseFunc
	fd      int          // the backend's, or −1
	stream  streamCloser // a copy of the client's, for TLS
	secured streamCloser // the backend's over TLS

	mu       sync.Mutex // several attempts may wait at the same time
	presence presence
}

// close closes what is ours.
func (r *rawReach) close() {
	if r.fd >= 0 {
		unix.Close(r.fd)
	}
	if r.secured != nil {
		r.secured.Close()
	}
	if r.stream != nil {
		r.stream.Close()
	}
}

func (r *rawReach) reach() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r.cancel = cancel
	r.presence = presence{timers: r.client.timers, events: unix.POLLIN | unix.POLLRDHUP}
	return r.forward.reach(ctx, r.dial)
}

// dial connects to one backend.
func (r *rawReach) dial(ctx context.Context, to socket.Addr, candidates []netip.AddrPort) (netip.AddrPort, error) {
	fd, at, err := socket.DialFD(ctx, to, candidates, r.forward.options(), r.await)
	switch {
	case err != nil:
		return at, err
	case to.TLS:
		return at, r.secure(ctx, fd, to)
	}
	if header := r.forward.header(); header != nil {
		if err := unix.Sendto(fd, header, unix.MSG_NOSIGNAL, nil); err != nil { // it fits into any socket
			unix.Close(fd)
			return at, os.NewSyscallError("send PROXY header", err)
		}
	}
	r.fd = fd
	return at, nil
}

// await waits until a connecting socket is done; −1 is none, which never is. It ends
// the whole when the client goes away or a timer runs out.
func (r *rawReach) await(ctx context.Context, fd int) error {
	for {
		at, watched := r.bounds(ctx)
		timeout := -1
		if !at.when.IsZero() {
			timeout = pollTimeout(max(time.Until(at.when), 0))
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}, watched}
		n, err := unix.Poll(fds, timeout)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == unix.EINTR:
			continue
		case err != nil:
			return os.NewSyscallError("poll", err)
		case n == 0 && !at.when.IsZero() && !time.Now().Before(at.when):
			if at.err != context.DeadlineExceeded {
				r.cancel(at.err)
			}
			return at.err
		case fds[1].Revents != 0:
			if gone := r.news(fds[1].Revents); gone != nil {
				r.cancel(gone)
				return gone
			}
		}
		if fds[0].Revents != 0 {
			return nil
		}
	}
}

// bounds are when a wait ends and as what, and what to look for at the client.
func (r *rawReach) bounds(ctx context.Context) (expiry, unix.PollFd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.presence.expiry()
	if limit, ok := ctx.Deadline(); ok && (at.when.IsZero() || limit.Before(at.when)) {
		at = expiry{when: limit, err: context.DeadlineExceeded}
	}
	watched := unix.PollFd{Fd: int32(r.client.fd), Events: r.presence.events}
	if r.presence.blind {
		watched.Fd = -1
	}
	return at, watched
}

func (r *rawReach) news(events int16) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.presence.news(r.client.fd, events)
}

// secure makes a backend's descriptor, which it owns, a connection over TLS, and of
// the client's one that Go's poller has.
func (r *rawReach) secure(ctx context.Context, fd int, to socket.Addr) (err error) {
	backend, err := connOf(fd)
	unix.Close(fd)
	if err != nil {
		return err
	}
	if r.stream == nil {
		client, err := connOf(r.client.fd)
		if err != nil {
			backend.Close()
			return err
		}
		r.stream = client.(streamCloser)
	}
	stop := watch(r.stream, r.client.timers, r.cancel)
	r.secured, err = r.forward.greet(ctx, backend, to, r.client.timers)
	stop()
	return err
}

// connOf is a copy of a descriptor, as the net package's connection.
func connOf(fd int) (net.Conn, error) {
	again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(again), "connection")
	defer f.Close()
	c, err := net.FileConn(f)
	if err == nil {
		if _, ok := c.(streamCloser); !ok {
			c.Close()
			err = errors.New("the connection is no stream")
		}
	}
	return c, err
}
