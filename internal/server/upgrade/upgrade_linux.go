package upgrade

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cloudflare/tableflip"
	"golang.org/x/sys/unix"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// Upgrader is one image's part in upgrades. tableflip carries the descriptors,
// starts the new image and waits until it is ready; it is made when it is first
// needed. The methods are called in the event loop.
type Upgrader struct {
	log  *report.Log
	flip *tableflip.Upgrader

	running bool
	result  chan error      // of the upgrade that runs
	shared  *os.File        // what we and the successor tell each other: see shared_linux.go
	given   map[string]bool // names of the descriptors that tableflip has: copies, which it never gives up
	older   *older          // the image that we have taken over from, or nil
	gone    bool            // a successor has taken over
	arrived atomic.Bool     // we have taken over
}

// New takes over what an older image has, if one has started us.
func New(log *report.Log) (*Upgrader, error) {
	u := &Upgrader{log: log, result: make(chan error, 1)}
	if !Succeeds() {
		os.Unsetenv(sentinel)
		return u, nil
	}
	var err error
	if u.flip, err = tableflip.New(tableflip.Options{}); err != nil {
		return nil, fmt.Errorf("take over from the older image: %w", err)
	}
	os.Unsetenv(sentinel)
	if os.Getenv("WATCHDOG_PID") != "" { // it watches us now
		os.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	}
	return u, nil
}

// inherited are the listeners of one address that the older image has handed
// over. A socket file stays the older image's until we have taken over: a start
// that fails changes nothing.
func (u *Upgrader) inherited(name func(int) string, a socket.Addr, o socket.Options) (all []Listener, err error) {
	if u.flip == nil {
		return nil, nil
	}
	for {
		f, err := u.flip.File(name(len(all)))
		if f == nil || err != nil {
			return all, err
		}
		l, err := socket.Take(f, a, o, u.arrived.Load)
		if err != nil {
			CloseAll(all)
			return nil, err
		}
		all = append(all, Listener{l, name(len(all))})
	}
}

// Ready tells the older image that we serve. Should it be gone by now, we serve
// nevertheless.
func (u *Upgrader) Ready() {
	if u.flip == nil {
		return
	}
	if file, err := u.flip.File(sharedName); err == nil && file != nil {
		u.older = meet(file)
	}
	u.arrived.Store(true)
	if err := u.flip.Ready(); err != nil {
		u.log.Error("take over", err)
	}
}

// Begin starts the new image with these descriptors, and closes them. tell is
// called, in a goroutine, when Take will know how it went.
func (u *Upgrader) Begin(files Files, tell func()) error {
	defer files.Close()
	if u.gone {
		return errors.New("a successor has taken over already")
	}
	if err := u.prepare(files); err != nil {
		return err
	}
	if u.running {
		return errors.New("an upgrade is going on")
	}
	u.running = true
	go u.run(tell)
	return nil
}

// prepare gives the descriptors to tableflip.
func (u *Upgrader) prepare(files Files) (err error) {
	if u.flip == nil {
		if u.flip, err = tableflip.New(tableflip.Options{}); err != nil {
			return err
		}
		if err := u.flip.Ready(); err != nil {
			return err
		}
	}
	if u.running {
		return nil
	}
	if u.shared == nil {
		if u.shared, err = newShared(); err != nil {
			return err
		}
	}
	for name, f := range files {
		if err := u.give(name, f); err != nil {
			return err
		}
	}
	return u.give(sharedName, u.shared)
}

// give has tableflip copy a descriptor for the new image, once: the listeners stay
// the same.
func (u *Upgrader) give(name string, f *os.File) error {
	if u.given[name] {
		return nil
	}
	if err := u.flip.AddFile(name, f); err != nil {
		return err
	}
	if u.given == nil {
		u.given = map[string]bool{}
	}
	u.given[name] = true
	return nil
}

// run is the goroutine that waits for the new image.
func (u *Upgrader) run(tell func()) {
	err := u.flip.Upgrade()
	for err != nil && err.Error() == notReady { // Ready was called; tableflip's goroutine has not seen that yet
		time.Sleep(time.Millisecond)
		err = u.flip.Upgrade()
	}
	if err != nil {
		runtime.GC() // tableflip leaves two ends of pipes to the collector each time
	}
	u.result <- err
	tell()
}

// notReady is what tableflip says before it has seen that Ready was called.
const notReady = "process is not ready yet"

// Gone reports whether a successor has taken over.
func (u *Upgrader) Gone() bool { return u.gone }

// Take returns how the upgrade went, once; known is false when that is not
// known yet, or was told before.
func (u *Upgrader) Take() (err error, known bool) {
	select {
	case err := <-u.result:
		u.running = false
		u.gone = err == nil
		return err, true
	default:
		return nil, false
	}
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

// Stop ends an upgrade that is going on and gives up the copies of the
// listeners, so that closing them closes them. It reports whether a successor
// has taken over instead.
func (u *Upgrader) Stop() (succeeded bool) {
	if u.flip == nil || u.gone {
		return u.gone
	}
	u.flip.Stop()
	select {
	case <-u.flip.Exit():
	case <-time.After(time.Second):
	}
	if !u.running {
		return false
	}
	err := <-u.result
	u.running = false
	if err == nil {
		u.gone = true
	}
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

// File is what the older image has handed on under a name, nil if there is none.
func (u *Upgrader) File(name string) (*os.File, error) {
	if u.flip == nil {
		return nil, nil
	}
	return u.flip.File(name)
}

// Leave closes a listener that a successor has taken over: its file stays.
func Leave(l Listener) { socket.Leave(l.Listener) }

// Succeeds reports whether an older image has started us.
func (u *Upgrader) Succeeds() bool { return u.flip != nil && u.flip.HasParent() }

// handedPipes reports whether descriptors 3 and 4 are the pipes that tableflip
// hands to a new image. The variable alone could be a stray one: of a service
// that uses tableflip, too, and has started us as its program.
func handedPipes() bool {
	for fd := 3; fd <= 4; fd++ {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
			return false
		}
	}
	return true
}
