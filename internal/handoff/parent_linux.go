package handoff

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"nettool/internal/spawn"
)

// Child is the parent's side of one child process. It is not safe for
// concurrent use.
type Child struct {
	PID  int
	Sock int // our end of the link; readable when the child has something to say, or has died

	page  []byte
	sent  uint64
	seen  uint64 // results taken
	buf   []byte
	inbox *inbox
}

// Spawner starts children of one configuration. The messages of its children are
// received one at a time.
type Spawner struct {
	Config  Config
	Board   *Board
	Environ []string // the children's environment
	// Attached goes with the configuration, unless it is nil.
	Attached *Sealed

	// Starter starts them. It stays its owner's; nil starts them directly.
	Starter Starter
	// Ambient are capabilities that the children begin with: capabilities(7).
	Ambient []uintptr

	text [16 << 10]byte // received last
}

// Starter starts processes, as a spawn.Starter does.
type Starter interface {
	Start(path string, argv []string, attr spawn.Attr) (pid, pidfd int, err error)
}

// starter is who starts the children.
func (s *Spawner) starter() Starter {
	if s.Starter == nil {
		return (*spawn.Starter)(nil)
	}
	return s.Starter
}

// Spawn starts a child: the running image again, as "nettool child", with the
// link as its descriptor 3 and as its standard error, in a session of its own. The
// child is not warm before it has sent Ready. The caller retires it, reaps it, and
// releases it.
func (s *Spawner) Spawn() (*Child, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(pair[1])
	pageFD, mem, err := newPage()
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	defer unix.Close(pageFD)
	c := &Child{Sock: pair[0], page: mem, buf: make([]byte, 0, 256), inbox: newInbox(pair[0], s.text[:], 0)}
	c.inbox.hears = true
	fds := []int{pageFD, s.Board.fd}
	if s.Attached != nil {
		fds = append(fds, s.Attached.fd)
	}
	if err := send(c.Sock, &s.Config, c.buf, unix.MSG_DONTWAIT, fds...); err != nil {
		c.Release()
		return nil, fmt.Errorf("send configuration to a child: %w", err)
	}
	if c.PID, err = s.fork(pair[1]); err != nil {
		c.Release()
		return nil, err
	}
	return c, nil
}

// oneProcessor keeps a child's runtime to three threads, which a fourth joins
// now and then, instead of four or five: a child does one thing at a time.
const oneProcessor = "GOMAXPROCS=1"

func (s *Spawner) fork(link int) (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	in := int(null.Fd())
	pid, pidfd, err := s.starter().Start("/proc/self/exe", []string{"nettool", "child"}, spawn.Attr{
		Env:     append(slices.Clip(s.Environ), oneProcessor),
		Files:   []int{in, in, link, link},
		Setsid:  true,
		Ambient: s.Ambient,
	})
	if err != nil {
		return 0, fmt.Errorf("start a child: %w", err)
	}
	unix.Close(pidfd) // who waits for its end opens one then; it may be −1
	return pid, nil
}

// Send hands a connection over. The socket is copied: the caller closes its own
// descriptor. After an error the child must not be used any more, and the
// connection goes to another.
func (c *Child) Send(m *Conn, fd int) error {
	if err := send(c.Sock, m, c.buf, unix.MSG_DONTWAIT, fd); err != nil {
		return fmt.Errorf("hand connection to child %d: %w", c.PID, err)
	}
	c.sent++
	return nil
}

// Equip gives the child what TLS takes from its next connection on.
func (c *Child) Equip(s *Sealed) error {
	if err := send(c.Sock, &Secrets{}, c.buf, unix.MSG_DONTWAIT, s.fd); err != nil {
		return fmt.Errorf("give child %d its TLS keys: %w", c.PID, err)
	}
	return nil
}

// Answer sends a verdict about the connection at hand.
func (c *Child) Answer(v *Verdict) error {
	return send(c.Sock, v, c.buf, unix.MSG_DONTWAIT)
}

// Join gives the child a socket that leads to the program of the connection at hand.
// It is copied: the caller closes its own.
func (c *Child) Join(m *Joined, fd int) error {
	if err := send(c.Sock, m, c.buf, unix.MSG_DONTWAIT, fd); err != nil {
		return fmt.Errorf("join child %d to a program: %w", c.PID, err)
	}
	return nil
}

// Sent is how many connections the child was given.
func (c *Child) Sent() uint64 { return c.sent }

// Receive reads one message without blocking: unix.EAGAIN when there is none,
// io.EOF when the child has closed its end or died. A Text is good until the next
// call for any child of the same Spawner.
func (c *Child) Receive() (Message, error) {
	m, fds, err := c.inbox.receive(unix.MSG_DONTWAIT)
	closeAll(fds)
	return m, err
}

// Taken reports whether the child has begun with the connection that it was given
// last.
func (c *Child) Taken() bool { return c.Page().Begun() >= c.sent }

// Finished reports whether the child's connection has ended and its result was
// not taken yet. A child that claims more than it was given is not believed.
func (c *Child) Finished() bool {
	return c.seen < c.sent && c.Page().Done() == c.sent
}

// Take returns the result of the connection that Finished told of, once.
func (c *Child) Take() Result {
	c.seen = c.sent
	return c.Page().Result()
}

// Page is the child's page: live counts while it is busy.
func (c *Child) Page() *Page { return pageOf(c.page) }

// Retire ends our side of the link: the child finishes its connection, if it has
// one, and ends. It can be received from until then. It may be called again.
func (c *Child) Retire() { unix.Shutdown(c.Sock, unix.SHUT_WR) }

// Release closes the link and unmaps the page, once the child is gone and its
// result was taken. It may be called again.
func (c *Child) Release() {
	if c.page != nil {
		unix.Close(c.Sock)
		unix.Munmap(c.page)
		c.page = nil
	}
}
