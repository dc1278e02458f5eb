package handoff

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pageSize is the size of a child's page and of the board in bytes.
const pageSize = 4096

// maxError is how much of an error's text fits into a page.
const maxError = 512

// Page is one child's part of the scoreboard: shared memory that the child
// writes and the parent reads. Each child maps its own page only. Counts of the
// connection at hand are live; Done moves when a result is complete.
//
// The parent trusts nothing in it: a child can lie about itself here, and about
// nobody else.
type Page struct {
	begun    atomic.Uint64 // connections taken by this child
	done     atomic.Uint64 // connections finished by this child
	activity Activity      // of the connection at hand
	bytesIn  atomic.Int64  // from the peer
	bytesOut atomic.Int64  // to the peer
	wireIn   atomic.Int64  // Result's
	wireOut  atomic.Int64
	ended    atomic.Int64  // CLOCK_MONOTONIC, nanoseconds
	rtt      atomic.Uint32 // microseconds
	retrans  atomic.Uint32
	reason   atomic.Uint32
	side     atomic.Uint32
	reached  atomic.Uint32
	errorLen atomic.Uint32
	error    [maxError]byte
}

// Result is how one connection ended.
type Result struct {
	BytesIn  int64 // from the peer
	BytesOut int64 // to the peer
	WireIn   int64 // bytes from the peer below TLS, or zero
	WireOut  int64 // likewise to the peer
	Ended    int64 // CLOCK_MONOTONIC, nanoseconds
	RTT      uint32
	Retrans  uint32
	Reason   Reason
	Error    string

	// Of a forwarded connection: at which side it ended, and where it has led.
	Side    Side
	Reached Reached
}

// Counters returns the live counts, which the child's handler adds to.
func (p *Page) Counters() (in, out *atomic.Int64) { return &p.bytesIn, &p.bytesOut }

// Begin clears the page for a new connection. The child calls it.
func (p *Page) Begin() {
	p.activity.Reset()
	p.bytesIn.Store(0)
	p.bytesOut.Store(0)
	p.begun.Add(1)
}

// Finish writes the result of the connection at hand, then marks the child as
// idle. The child calls it; the counts are in the page already.
func (p *Page) Finish(r Result) (seq uint64) {
	p.wireIn.Store(r.WireIn)
	p.wireOut.Store(r.WireOut)
	p.ended.Store(r.Ended)
	p.rtt.Store(r.RTT)
	p.retrans.Store(r.Retrans)
	p.reason.Store(uint32(r.Reason))
	p.side.Store(uint32(r.Side))
	p.reached.Store(uint32(r.Reached))
	p.errorLen.Store(uint32(copy(p.error[:], r.Error)))
	return p.done.Add(1)
}

// Begun is how many connections the child has taken.
func (p *Page) Begun() uint64 { return p.begun.Load() }

// Activity is what the timers of the connection at hand go by.
func (p *Page) Activity() *Activity { return &p.activity }

// Done is how many connections the child has finished.
func (p *Page) Done() uint64 { return p.done.Load() }

// Counts are the bytes so far from and to the peer, never negative.
func (p *Page) Counts() (in, out int64) {
	return max(p.bytesIn.Load(), 0), max(p.bytesOut.Load(), 0)
}

// Result reads the result of the connection finished last.
func (p *Page) Result() Result {
	n := min(p.errorLen.Load(), maxError)
	in, out := p.Counts()
	return Result{
		BytesIn:  in,
		BytesOut: out,
		WireIn:   p.wireIn.Load(),
		WireOut:  p.wireOut.Load(),
		Ended:    p.ended.Load(),
		RTT:      p.rtt.Load(),
		Retrans:  p.retrans.Load(),
		Reason:   Reason(p.reason.Load()),
		Error:    string(p.error[:n]),
		Side:     Side(p.side.Load()),
		Reached:  Reached(p.reached.Load()),
	}
}

// Board is one page that the parent writes and all children may read only:
// whether a child is to send a Done message when it finishes.
type Board struct {
	fd    int
	wants *atomic.Uint32
}

// NewBoard makes the board. It lives as long as the process.
func NewBoard() (*Board, error) {
	fd, mem, err := shared("nettool-board")
	if err != nil {
		return nil, err
	}
	// From here on nobody can map it for writing: unix.F_SEAL_FUTURE_WRITE, fcntl(2).
	seals := unix.F_SEAL_FUTURE_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("seal scoreboard: %w", err)
	}
	return &Board{fd: fd, wants: (*atomic.Uint32)(unsafe.Pointer(&mem[0]))}, nil
}

// Want tells the children whether to send Done messages. After Want(true) look
// at the pages once: a child may have finished just before.
func (b *Board) Want(on bool) {
	var v uint32
	if on {
		v = 1
	}
	b.wants.Store(v)
}

// wanted reports whether the parent asked for Done messages.
func (b *Board) wanted() bool { return b.wants.Load() != 0 }

// shared makes one page of shared memory and maps it.
func shared(name string) (fd int, mem []byte, err error) {
	fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, nil, fmt.Errorf("make scoreboard: %w", err)
	}
	if err := unix.Ftruncate(fd, pageSize); err != nil {
		unix.Close(fd)
		return -1, nil, fmt.Errorf("make scoreboard: %w", err)
	}
	mem, err = mapPage(fd, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		unix.Close(fd)
		return -1, nil, err
	}
	return fd, mem, nil
}

func mapPage(fd, prot int) ([]byte, error) {
	mem, err := unix.Mmap(fd, 0, pageSize, prot, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map scoreboard: %w", err)
	}
	return mem, nil
}

// newPage makes a child's page; the parent keeps the mapping and closes fd once
// the child has it. A page sealed against shrinking cannot fault the parent.
func newPage() (fd int, mem []byte, err error) {
	fd, mem, err = shared("nettool-page")
	if err != nil {
		return -1, nil, err
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		unix.Munmap(mem)
		unix.Close(fd)
		return -1, nil, os.NewSyscallError("fcntl", err)
	}
	return fd, mem, nil
}

func pageOf(mem []byte) *Page { return (*Page)(unsafe.Pointer(&mem[0])) }
