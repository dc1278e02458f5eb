package upgrade

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// Upgrader is one image's part in upgrades. The methods are called in the event loop.
type Upgrader struct {
	log *report.Log
	dir string // in which we were started

	starting *image     // by the upgrade that runs, or nil
	result   chan error // of that
	shared   *os.File   // what we and the successor tell each other: see shared_linux.go
	gone     bool       // a successor has taken over

	link    *net.UnixConn // to the older image that has started us, or nil
	taken   Files         // what it has given, and nobody has asked for yet
	parent  int           // its pid
	older   *older        // the same, once we have taken over
	arrived atomic.Bool   // we have
}

// New takes over what an older image has, if one has started us.
func New(log *report.Log) (*Upgrader, error) {
	u := &Upgrader{log: log, result: make(chan error, 1)}
	u.dir, _ = os.Getwd()
	older, ok := started()
	os.Unsetenv(sentinel)
	if !ok {
		return u, nil
	}
	link, err := toOlder()
	if err == nil {
		u.link, u.parent = link, older
		u.taken, err = receive(link)
	}
	if err != nil {
		return nil, fmt.Errorf("take over from the older image: %w", err)
	}
	if os.Getenv("WATCHDOG_PID") != "" { // it watches us now
		os.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	}
	return u, nil
}

// inherited are the listeners of one address that the older image has handed
// over. A socket file stays the older image's until we have taken over: a start
// that fails changes nothing.
func (u *Upgrader) inherited(name func(int) string, a socket.Addr, o socket.Options) (all []Listener, err error) {
	for {
		f := u.File(name(len(all)))
		if f == nil {
			return all, nil
		}
		l, err := socket.Take(f, a, o, u.arrived.Load)
		if err != nil {
			CloseAll(all)
			return nil, err
		}
		all = append(all, Listener{l, name(len(all))})
	}
}

// inheritedPackets is inherited for datagrams.
func (u *Upgrader) inheritedPackets(name func(int) string, a socket.Addr) (all []Packets, err error) {
	for {
		f := u.File(name(len(all)))
		if f == nil {
			return all, nil
		}
		c, err := socket.TakePacket(f, a, u.arrived.Load)
		if err != nil {
			for _, p := range all {
				p.Close()
			}
			return nil, err
		}
		all = append(all, Packets{c, name(len(all))})
	}
}

// Ready tells the older image that we serve. Should it be gone by now, we serve
// nevertheless.
func (u *Upgrader) Ready() {
	if !u.Succeeds() {
		return
	}
	if file := u.File(sharedName); file != nil {
		u.older = meet(file, u.parent)
	}
	u.arrived.Store(true)
	if _, err := u.link.Write([]byte(ready)); err != nil {
		u.log.Error("take over", err)
	}
	u.link.Close()
	u.taken.Close()
}

// Begin starts the new image with these descriptors, and closes them. tell is
// called, in a goroutine, when Take will know how it went.
func (u *Upgrader) Begin(files Files, tell func()) error {
	err := u.begin()
	if err != nil {
		files.Close()
		return err
	}
	files[sharedName] = u.shared
	go u.run(u.starting, files, tell)
	return nil
}

// begin starts the new image.
func (u *Upgrader) begin() (err error) {
	_, lives := u.Older()
	switch {
	case u.gone:
		return errors.New("a successor has taken over already")
	case u.starting != nil:
		return errors.New("an upgrade is going on")
	case lives:
		return errors.New("the image before this one has connections still")
	}
	if u.shared, err = newShared(); err != nil {
		return err
	}
	if u.starting, err = startImage(u.dir); err != nil {
		u.shared.Close()
		return fmt.Errorf("start the new image: %w", err)
	}
	return nil
}

// run is the goroutine that waits for the new image.
func (u *Upgrader) run(i *image, files Files, tell func()) {
	err := i.serve(files)
	if err == nil {
		delete(files, sharedName) // it has more to tell
	}
	files.Close()
	u.result <- err
	tell()
}

// Gone reports whether a successor has taken over.
func (u *Upgrader) Gone() bool { return u.gone }

// Take returns how the upgrade went, once; known is false when that is not
// known yet, or was told before.
func (u *Upgrader) Take() (err error, known bool) {
	select {
	case err := <-u.result:
		u.took(err)
		return err, true
	default:
		return nil, false
	}
}

func (u *Upgrader) took(err error) {
	u.starting = nil
	u.gone = err == nil
}

// Successor is the new image's pid, 0 when it has not told.
func (u *Upgrader) Successor() int { return successorIn(u.shared) }

// Tell lets the successor know how many connections we have still.
func (u *Upgrader) Tell(connections int) { tell(u.shared, connections) }

// Older is the image that we have taken over from, as long as it lives.
func (u *Upgrader) Older() (o Older, lives bool) {
	if u.older == nil {
		return Older{}, false
	}
	return u.older.state()
}

// Stop ends an upgrade that is going on. It reports whether a successor has taken over
// instead.
func (u *Upgrader) Stop() (succeeded bool) {
	if u.starting == nil {
		return u.gone
	}
	u.starting.abandon()
	u.took(<-u.result)
	return u.gone
}

// Add copies a listener's socket.
func (fs Files) Add(l Listener) error {
	f, err := socket.Hand(l.Listener)
	if err != nil {
		return err
	}
	fs[l.Name] = f
	return nil
}

// AddFile copies a file's descriptor.
func (fs Files) AddFile(name string, f *os.File) error {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	fs[name] = os.NewFile(uintptr(fd), name)
	return nil
}

// File is what the older image has handed on under a name, for the one who asks first;
// nil if there is none.
func (u *Upgrader) File(name string) *os.File {
	f := u.taken[name]
	delete(u.taken, name)
	return f
}

// Leave closes a listener that a successor has taken over: its file stays.
func Leave(l Listener) { socket.Leave(l.Listener) }

// Succeeds reports whether an older image has started us.
func (u *Upgrader) Succeeds() bool { return u.link != nil }
