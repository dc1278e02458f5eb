package handoff

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is both ends of a link.
func pair(t *testing.T) (ours, theirs int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(fds[:]) })
	return fds[0], fds[1]
}

// probeFD is a pipe: as long as anybody has a copy of w, r does not see EOF.
func probeFD(t *testing.T) (r *os.File, w int) {
	t.Helper()
	fds := make([]int, 2)
	if err := unix.Pipe2(fds, unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	r = os.NewFile(uintptr(fds[0]), "probe")
	t.Cleanup(func() { r.Close() })
	return r, fds[1]
}

// wantGone expects that nobody has the probe's write end any more. A process that another
// test starts has a copy until it has executed its program.
func wantGone(t *testing.T, r *os.File) {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(30 * time.Second))
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("a descriptor that came with a refused message is still open (read: %d, %v)", n, err)
	}
}

func TestLinkRoundTrip(t *testing.T) {
	t.Parallel()
	for i, m := range messages() {
		a, b := pair(t)
		if err := send(a, m, nil, unix.MSG_DONTWAIT); err != nil {
			t.Fatalf("send message %d: %v", i, err)
		}
		got, fds, err := newInbox(b, make([]byte, MaxMessage), 2).receive(0)
		if err != nil || len(fds) != 0 || !reflect.DeepEqual(got, m) {
			t.Errorf("message %d: got %+v with %v, %v", i, got, fds, err)
		}
	}
}

// TestDescriptors sends one: the receiver's is another one of the same file,
// and is not inherited by programs.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	r, w := probeFD(t)
	if err := send(a, &Conn{ID: 1}, nil, 0, w); err != nil {
		t.Fatal(err)
	}
	unix.Close(w)
	_, fds, err := newInbox(b, make([]byte, MaxMessage), 2).receive(0)
	if err != nil || len(fds) != 1 {
		t.Fatalf("got %v, %v", fds, err)
	}
	flags, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v: want close-on-exec", flags, err)
	}
	unix.Write(fds[0], []byte("x"))
	unix.Close(fds[0])
	if got, err := io.ReadAll(r); string(got) != "x" {
		t.Errorf("read %q, %v through the descriptor", got, err)
	}
}

// TestRefused sends what no receiver may accept, with a descriptor that must
// not stay open.
func TestRefused(t *testing.T) {
	t.Parallel()
	long, _ := Append(nil, &Ask{Source: strings.Repeat("s", 2000)})
	for _, test := range []struct {
		name  string
		bytes []byte
		fds   int // how many descriptors go with it
		room  int // for how many the inbox is made
		want  string
	}{
		{"MSG_TRUNC", long, 1, 1, "cut off"},
		{"MSG_CTRUNC", []byte("\x01\x03"), 9, 1, "cut off"},
		{"MSG_CTRUNC, no room at all", []byte("\x01\x03"), 9, 0, "cut off"},
		{"MSG_CTRUNC, the most that the kernel takes", []byte("\x01\x03"), 253, 2, "cut off"},
		{"wrong version", []byte("\x09\x03"), 1, 1, "version 9"},
		{"unknown kind", []byte("\x01\x63"), 1, 1, "unknown kind"},
		{"trailing bytes", []byte("\x01\x03more"), 1, 1, "4 bytes too many"},
		{"a single byte", []byte{1}, 1, 1, "too short"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, b := pair(t)
			r, w := probeFD(t)
			same := make([]int, test.fds)
			for i := range same {
				same[i] = w
			}
			err := unix.Sendmsg(a, test.bytes, unix.UnixRights(same...), nil, 0)
			unix.Close(w)
			if err != nil {
				t.Fatal(err)
			}
			m, fds, err := newInbox(b, make([]byte, 1024), test.room).receive(0)
			if m != nil || len(fds) > 0 {
				t.Errorf("got %#v with %v", m, fds)
			}
			wantError(t, err, test.want)
			wantGone(t, r)
		})
	}
}

// TestEOF closes a link in every state. What was sent before is received; then
// comes EOF, also when the closed end had something unread (ECONNRESET, unix(7)).
func TestEOF(t *testing.T) {
	t.Parallel()
	for _, unread := range []bool{false, true} {
		a, b := pair(t)
		in := newInbox(b, make([]byte, 1024), 1)
		if unread {
			if err := send(b, &Done{Seq: 1}, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := send(a, &Conn{ID: 5}, nil, 0); err != nil {
			t.Fatal(err)
		}
		unix.Shutdown(a, unix.SHUT_RDWR)
		ours, _ := pair(t)
		if err := unix.Dup3(ours, a, unix.O_CLOEXEC); err != nil { // closes a; the cleanup closes a once
			t.Fatal(err)
		}
		m, _, err := in.receive(0)
		if c, ok := m.(*Conn); !ok || c.ID != 5 {
			t.Fatalf("unread %v: got %#v, %v before EOF", unread, m, err)
		}
		for range 2 {
			if m, _, err := in.receive(0); err != io.EOF {
				t.Errorf("unread %v: got %#v, %v; want EOF", unread, m, err)
			}
		}
	}
}

// TestEmptyMessage: on such a socket nobody can tell one from EOF, and no end of
// ours sends one.
func TestEmptyMessage(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	if err := unix.Sendmsg(a, nil, nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := newInbox(b, make([]byte, 1024), 1).receive(0); err != io.EOF {
		t.Errorf("error %v, want EOF", err)
	}
}

func TestReceiveNothing(t *testing.T) {
	t.Parallel()
	_, b := pair(t)
	if _, _, err := newInbox(b, make([]byte, 1024), 1).receive(unix.MSG_DONTWAIT); err != unix.EAGAIN {
		t.Errorf("error %v, want EAGAIN", err)
	}
}

// TestSendNeverBlocks fills a link that nobody reads.
func TestSendNeverBlocks(t *testing.T) {
	t.Parallel()
	a, _ := pair(t)
	_, w := probeFD(t)
	defer unix.Close(w)
	c := &Child{PID: 1, Sock: a, buf: make([]byte, 0, 256)}
	var err error
	for range 1_000_000 {
		if err = c.Send(&Conn{Remote: strings.Repeat("r", 1000)}, w); err != nil {
			break
		}
	}
	if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.ETOOMANYREFS) {
		t.Errorf("error %v, want EAGAIN", err)
	}
	sent := c.Sent()
	if err := c.Send(&Conn{}, w); err == nil && c.Sent() == sent {
		t.Error("a connection that was sent is not counted")
	}
	if err := c.Answer(&Verdict{Cause: strings.Repeat("c", 60_000)}); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("answer: error %v, want EAGAIN", err)
	}
}

// TestSendTooLong: nothing is sent, and the link stays usable.
func TestSendTooLong(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	err := send(a, &Conn{Env: []string{strings.Repeat("e", MaxMessage)}}, nil, 0)
	wantError(t, err, "at most 65536 fit")
	if err := send(a, &Ready{}, nil, 0); err != nil {
		t.Fatal(err)
	}
	if m, _, err := newInbox(b, make([]byte, MaxMessage), 1).receive(0); err != nil {
		t.Errorf("got %#v, %v", m, err)
	}
}

func TestCheckLink(t *testing.T) {
	t.Parallel()
	a, _ := pair(t)
	if !IsLink(a) {
		t.Error("a link is not taken for one")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, kind := range [][2]int{{unix.AF_UNIX, unix.SOCK_STREAM}, {unix.AF_UNIX, unix.SOCK_DGRAM}, {unix.AF_INET, unix.SOCK_STREAM}} {
		fd, err := unix.Socket(kind[0], kind[1]|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if IsLink(fd) {
			t.Errorf("a socket of family %d and type %d is taken for a link", kind[0], kind[1])
		}
		unix.Close(fd)
	}
	if raw, _ := r.SyscallConn(); raw != nil {
		raw.Control(func(fd uintptr) {
			if IsLink(int(fd)) {
				t.Error("a pipe is taken for a link")
			}
		})
	}
	if IsLink(-1) {
		t.Error("no descriptor is taken for a link")
	}
}
