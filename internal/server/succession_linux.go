package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudflare/tableflip"
	"golang.org/x/sys/unix"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// heir hands the listeners to a new image of the program (SIGUSR2), and has
// taken them from an older one. tableflip carries the descriptors, starts the
// new image and waits until it is ready. It is made when it is first needed.
// Its methods are called where the model's state belongs to.
type heir struct {
	log                       *report.Log
	flip                      *tableflip.Upgrader
	listenerNames, adminNames []string

	running bool
	result  chan error  // of the upgrade that runs
	card    *os.File    // where the successor writes its pid
	gone    bool        // a successor has taken over
	arrived atomic.Bool // we have taken over
}

// cardName is the name under which the card is handed on.
const cardName = "pid"

// newHeir takes over what an older image has, if one has started us.
func newHeir(log *report.Log) (*heir, error) {
	h := &heir{log: log, result: make(chan error, 1)}
	if !Succeeds() {
		os.Unsetenv(sentinel)
		return h, nil
	}
	var err error
	if h.flip, err = tableflip.New(tableflip.Options{}); err != nil {
		return nil, fmt.Errorf("take over from the older image: %w", err)
	}
	os.Unsetenv(sentinel)
	if os.Getenv("WATCHDOG_PID") != "" { // it watches us now
		os.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	}
	return h, nil
}

// inherited is what the older image has handed over under a name, or nil. The
// caller closes it.
func (h *heir) inherited(name string) (*os.File, error) {
	if h.flip == nil {
		return nil, nil
	}
	return h.flip.File(name)
}

// ready tells the older image that we serve. Should it be gone by now, we serve
// nevertheless.
func (h *heir) ready() {
	if h.flip == nil {
		return
	}
	if card, err := h.flip.File(cardName); err == nil && card != nil {
		card.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
		card.Close()
	}
	h.arrived.Store(true)
	if err := h.flip.Ready(); err != nil {
		h.log.Error("take over", err)
	}
}

// begin starts the new image with these descriptors, by name, and closes them.
// tell is called, in a goroutine, when take will know how it went.
func (h *heir) begin(files map[string]*os.File, tell func()) error {
	defer closeFiles(files)
	if h.gone {
		return errors.New("a successor has taken over already")
	}
	if err := h.prepare(files); err != nil {
		return err
	}
	if h.running {
		return errors.New("an upgrade is going on")
	}
	h.running = true
	go h.run(tell)
	return nil
}

// prepare gives the descriptors to tableflip.
func (h *heir) prepare(files map[string]*os.File) (err error) {
	if h.flip == nil {
		if h.flip, err = tableflip.New(tableflip.Options{}); err != nil {
			return err
		}
		if err := h.flip.Ready(); err != nil {
			return err
		}
	}
	if h.running {
		return nil
	}
	if h.card == nil {
		fd, err := unix.MemfdCreate("nettool-successor", unix.MFD_CLOEXEC)
		if err != nil {
			return os.NewSyscallError("memfd_create", err)
		}
		h.card = os.NewFile(uintptr(fd), "card")
	}
	for name, f := range files {
		if err := h.flip.AddFile(name, f); err != nil {
			return err
		}
	}
	return h.flip.AddFile(cardName, h.card)
}

// run is the goroutine that waits for the new image.
func (h *heir) run(tell func()) {
	err := h.flip.Upgrade()
	for err != nil && err.Error() == notReady { // Ready was called; tableflip's goroutine has not seen that yet
		time.Sleep(time.Millisecond)
		err = h.flip.Upgrade()
	}
	h.result <- err
	tell()
}

// notReady is what tableflip says before it has seen that Ready was called.
const notReady = "process is not ready yet"

// take returns how the upgrade went, once; known is false when that is not
// known yet, or was told before.
func (h *heir) take() (err error, known bool) {
	select {
	case err := <-h.result:
		h.running = false
		h.gone = err == nil
		return err, true
	default:
		return nil, false
	}
}

// successor is the new image's pid, 0 when it has not told.
func (h *heir) successor() int {
	text, _ := io.ReadAll(io.NewSectionReader(h.card, 0, 16))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// stop ends an upgrade that is going on and gives up the copies of the
// listeners, so that closing them closes them. It reports whether a successor
// has taken over instead.
func (h *heir) stop() (succeeded bool) {
	if h.flip == nil || h.gone {
		return h.gone
	}
	h.flip.Stop()
	select {
	case <-h.flip.Exit():
	case <-time.After(time.Second):
	}
	if !h.running {
		return false
	}
	err := <-h.result
	h.running = false
	if err == nil {
		h.gone = true
	}
	return h.gone
}

// logUpgrade says that a successor has taken over, or why there is none.
func logUpgrade(log *report.Log, pid, connections int, err error) {
	if err != nil {
		log.Answer("upgrade", slog.String("error", err.Error()))
		return
	}
	attrs := []slog.Attr{slog.Int("connections", connections)}
	if pid > 0 {
		attrs = append(attrs, slog.Int("pid", pid))
	}
	log.Answer("upgrade", attrs...)
}

// takeListener makes a listener of what the older image has handed over. Its
// socket file stays the older image's until we have taken over: a start that
// fails changes nothing.
func (h *heir) takeListener(f *os.File, a socket.Addr, o socket.Options) (net.Listener, error) {
	return socket.Take(f, a, o, h.arrived.Load)
}

func closeFiles(files map[string]*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// handFiles are copies of listeners' descriptors, by name.
func handFiles(listeners []net.Listener, names []string) (map[string]*os.File, error) {
	files := map[string]*os.File{}
	for i, l := range listeners {
		f, err := socket.Hand(l)
		if err != nil {
			closeFiles(files)
			return nil, err
		}
		files[names[i]] = f
	}
	return files, nil
}

// succeeds reports whether an older image has started us.
func (h *heir) succeeds() bool { return h.flip != nil && h.flip.HasParent() }

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
