package child

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/names"
	"nettool/internal/oom"
	"nettool/internal/report"
	"nettool/internal/sandbox"
	"nettool/internal/socket"
	"nettool/internal/stage"
	"nettool/internal/transfer"
)

const name = "nettool child"

// Main is the whole run of a child of serve: connections come in by descriptor
// 3, one at a time, until the parent closes it; or it is between the server and a
// program (package stage). It returns the exit code.
func Main() int {
	nameProcess()
	if link, first, err := handoff.OpenLink(); link != nil && err == nil {
		if which, ok := first.(*handoff.Names); ok {
			return names.Main(link, which)
		}
		return stage.Main(link, first)
	}
	// What stops the server must not cut its connections; the parent stops a
	// child by closing the link, and kills one that does not end.
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	err := serve()
	report.Failure(os.Stderr, name, err)
	return int(exit.Of(err))
}

// nameProcess is what ps and top show instead of "exe": PR_SET_NAME, prctl(2).
func nameProcess() {
	b := [...]byte{'n', 'e', 't', 't', 'o', 'o', 'l', 0}
	// The conversion stands in the call, so that b stays where it is: package unsafe, (4).
	syscall.RawSyscall6(syscall.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&b[0])), 0, 0, 0, 0)
}

func serve() error {
	if !handoff.IsLink(handoff.LinkFD) {
		return &exit.Error{
			Code: exit.Usage,
			Err:  fmt.Errorf("descriptor 3 is not a link to a server; nettool serve starts its children itself"),
			Hint: "to handle a connection that is standard input, name a handler: nettool child echo",
		}
	}
	parent, err := handoff.Open()
	if err != nil {
		return exit.With(exit.Local, err)
	}
	oom.Set(oom.Self, parent.Config.OOM) // while /proc/self can be written
	run, ok := handler.Lookup(parent.Config.Handler)
	if !ok && parent.Config.Handler != "" {
		return exit.Errorf(exit.Usage, "handler %q: there is no such handler", parent.Config.Handler)
	}
	c := &child{parent: parent, run: run}
	parent.Equip = c.equip
	if c.roots, err = handler.Trust(&parent.Config.Forward, parent.Attached); err != nil { // while files can be read
		return exit.With(exit.Local, err)
	}
	if c.files, err = handler.OpenFiles(&parent.Config); err != nil { // likewise
		return exit.With(exit.Local, err)
	}
	if c.files != nil {
		runtime.GOMAXPROCS(2) // sums are made beside the writing
	}
	if u := parent.Config.User; u != nil {
		if err := sandbox.Become(u.UID, u.GID, u.Saved, u.Groups); err != nil {
			return exit.With(exit.Local, err)
		}
	}
	if err := enter(parent.Config.Sandbox, handler.Needs(&parent.Config)); err != nil {
		return exit.With(exit.Local, err)
	}
	if err := parent.Ready(); err != nil {
		return nil // the parent is gone
	}
	return c.loop()
}

// enter goes into the sandbox. What it lacks here the server has said.
func enter(way handoff.Sandbox, needs sandbox.Needs) error {
	if way == handoff.Unboxed {
		return nil
	}
	if err := sandbox.Enter(needs); err != nil && way == handoff.WhollyBoxed {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// child is this process, which is its parent's.
type child struct {
	parent *handoff.Parent
	run    handler.Func   // nil: it prepares connections for programs of the parent's
	tls    *tls.Config    // nil before the parent has sent what it takes
	roots  *x509.CertPool // of backends behind TLS
	files  *os.Root       // where files go, or come from; or nil
}

// loop handles connections until the parent closes the link.
func (c *child) loop() error {
	for {
		conn, fd, err := c.parent.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = c.one(conn, fd)
		}
		if err != nil {
			return exit.With(exit.Local, err)
		}
	}
}

// one takes care of one connection and of its descriptor.
func (c *child) one(conn *handoff.Conn, fd int) error {
	c.parent.Page.Begin()
	if c.run == nil && !conn.Anonymous && !conn.Relayed {
		return fmt.Errorf("connection %d has no header and no program, and there is no handler", conn.ID)
	}
	if conn.Anonymous {
		ask, err := c.readHeader(conn, fd)
		switch {
		case err != nil:
			return c.parent.Finish(handoff.Result{Ended: handoff.Now(), Reason: handoff.Proxy, Error: err.Error()}, fd)
		case c.run == nil && !conn.Relayed:
			return c.parent.Tell(ask, fd)
		}
		verdict, err := c.parent.Ask(ask)
		if err != nil && err != io.EOF {
			return err
		}
		if err != nil || verdict.Cause != "" {
			return c.parent.Finish(handoff.Result{Ended: handoff.Now(), Reason: handoff.Proxy}, fd)
		}
	}
	return c.parent.Finish(c.handle(conn, fd), fd)
}

// handle runs one connection. Its descriptor stays open.
func (c *child) handle(conn *handoff.Conn, fd int) handoff.Result {
	in, out := c.parent.Page.Counters()
	raw := handler.NewRaw(fd, c.parent.Config.Limits, acceptedAt(conn), c.parent.Page.Activity())
	to := forwarded(c.parent, c.roots, conn)
	run := c.handler(conn, raw)
	reason, text := handler.ReasonOf(run(&handler.Session{
		Conn: raw, QuitOn: c.parent.Config.QuitOn, In: in, Out: out, Forward: to, Files: c.filesOf(conn),
	}))
	info, _ := socket.InfoFD(fd)
	r := handoff.Result{
		Ended:   handoff.Now(),
		RTT:     uint32(info.RTT / time.Microsecond),
		Retrans: info.Retrans,
		Reason:  reason,
		Error:   text,
	}
	if conn.TLS {
		outq, _ := socket.Outq(fd)
		r.WireIn, r.WireOut = info.Octets(outq, reason == handoff.Reset)
	}
	if to != nil {
		r.Side, r.Reached = to.Side, to.Reached
	}
	return r
}

// forwarded is what the handler of forwarded connections is given; nil for others.
func forwarded(parent *handoff.Parent, roots *x509.CertPool, conn *handoff.Conn) *handler.Forward {
	if len(conn.Routes) == 0 {
		return nil
	}
	return &handler.Forward{
		Config: &parent.Config.Forward, Roots: roots, Routes: conn.Routes, Local: conn.Local, Remote: conn.Remote,
		Routed: func(backend int) { parent.Routed(&handoff.Routed{ID: conn.ID, Backend: backend}) },
	}
}

// filesOf is what a handler of files is given; nil for others.
func (c *child) filesOf(conn *handoff.Conn) *handler.Files {
	if c.files == nil {
		return nil
	}
	return &handler.Files{
		Config: &c.parent.Config.Files, Root: c.files, ID: conn.ID,
		Room: func(bytes int64) error {
			cause, err := c.parent.Room(&handoff.Room{ID: conn.ID, Bytes: bytes})
			if err == nil && cause != "" {
				err = errors.New(cause)
			}
			return err
		},
		Filed: func(o transfer.Outcome) error { return c.parent.Filed(handler.Filed(conn.ID, o)) },
	}
}

// acceptedAt is when the parent accepted the connection, on our clock.
func acceptedAt(conn *handoff.Conn) time.Time {
	return time.Now().Add(-time.Duration(handoff.Now() - conn.Accepted))
}
