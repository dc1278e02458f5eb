package socket

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/zoo"
)

// awaitFD waits with poll(2), as long as it takes: only the end of ctx, which shuts
// the socket, ends the wait for who does not answer.
func awaitFD(_ context.Context, fd int) error {
	_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
	return err
}

// silent is an address where nobody answers.
func silent(t *testing.T) netip.AddrPort {
	t.Helper()
	full, err := zoo.NewTarget("full", t.TempDir(), "full")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(full.Close)
	return netip.MustParseAddrPort(full.Addr)
}

// TestDialFD: who answers wins, and the attempt at who does not ends with the race.
func TestDialFD(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answers := netip.MustParseAddrPort(l.Addr().String())
	fd, at, err := DialFD(t.Context(), Addr{Network: "tcp"}, []netip.AddrPort{silent(t), answers}, Options{}, awaitFD)
	if err != nil || at != answers {
		t.Fatalf("reached %v, %v", at, err)
	}
	defer unix.Close(fd)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("flags %#x, %v: want a descriptor that does not block", flags, err)
	}
}

// TestDialFDEnds: the end of ctx ends attempts that nobody answers.
func TestDialFDEnds(t *testing.T) {
	t.Parallel()
	for _, candidates := range [][]netip.AddrPort{{silent(t)}, {silent(t), silent(t)}} {
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		_, _, err := DialFD(ctx, Addr{Network: "tcp"}, candidates, Options{}, awaitFD)
		cancel()
		if ClassOf(err) != Timeout {
			t.Errorf("%d candidates: %v, want a timeout", len(candidates), err)
		}
	}
}
