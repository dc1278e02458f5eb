package handoff

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// testPage is a child's page and its descriptor, as a child has them.
func testPage(t *testing.T) (fd int, mem []byte) {
	t.Helper()
	fd, mem, err := newPage()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fd)
		unix.Munmap(mem)
	})
	return fd, mem
}

func testBoard(t *testing.T) *Board {
	t.Helper()
	b, err := NewBoard()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(b.fd) })
	return b
}

// TestBoardReadOnly tries all that a child could do with the board's descriptor.
func TestBoardReadOnly(t *testing.T) {
	t.Parallel()
	board := testBoard(t)
	board.Want(true)
	mem, err := mapPage(board.fd, unix.PROT_READ)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mem)
	again, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", board.fd), unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(again)
	for _, fd := range []int{board.fd, again} {
		if writable, err := mapPage(fd, unix.PROT_READ|unix.PROT_WRITE); err == nil {
			unix.Munmap(writable)
			t.Error("the board can be mapped for writing")
		}
		if n, err := unix.Pwrite(fd, []byte{0}, 0); err == nil {
			t.Errorf("%d bytes written to the board", n)
		}
		if err := unix.Ftruncate(fd, 0); err == nil {
			t.Error("the board can be shrunk")
		}
		if err := unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, pageSize); err == nil {
			t.Error("the board can be cleared")
		}
	}
	if err := unix.Mprotect(mem, unix.PROT_READ|unix.PROT_WRITE); err == nil {
		t.Error("a read-only mapping of the board can be made writable")
	}
	if !board.wanted() || mem[0] == 0 {
		t.Error("the board has changed")
	}
	board.Want(false)
	if board.wanted() || mem[0] != 0 {
		t.Error("the child does not see what the parent wants")
	}
}

// TestPageSize: a page that shrank under the parent would kill it (SIGBUS), and
// one that grew would be memory that nobody limits.
func TestPageSize(t *testing.T) {
	t.Parallel()
	fd, mem := testPage(t)
	for _, size := range []int64{0, pageSize - 1, pageSize + 1, 1 << 40} {
		if err := unix.Ftruncate(fd, size); err != unix.EPERM {
			t.Errorf("truncate to %d: %v, want EPERM", size, err)
		}
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE); err != unix.EPERM {
		t.Errorf("add a seal: %v, want EPERM", err)
	}
	p := pageOf(mem)
	p.Finish(Result{Error: "here"})
	if err := unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, pageSize); err != nil {
		t.Fatalf("punch a hole: %v", err)
	}
	if r := p.Result(); r != (Result{}) { // memory is there all the same
		t.Errorf("after a hole was punched: %+v", r)
	}
}

func TestPageResult(t *testing.T) {
	t.Parallel()
	_, mem := testPage(t)
	p := pageOf(mem)
	for i, want := range []Result{
		{},
		{BytesIn: 1, BytesOut: 2, Ended: 3, RTT: 4, Retrans: 5, Reason: Reset, Error: "six"},
		{BytesIn: math.MaxInt64, BytesOut: math.MaxInt64, Ended: math.MinInt64, RTT: math.MaxUint32, Reason: Error, Error: strings.Repeat("e", maxError)},
		{BytesIn: 7},
	} {
		p.Begin()
		if in, out := p.Counts(); in != 0 || out != 0 {
			t.Errorf("a connection begins with %d bytes in and %d out", in, out)
		}
		in, out := p.Counters()
		in.Add(want.BytesIn)
		out.Add(want.BytesOut)
		if seq := p.Finish(want); seq != uint64(i+1) || p.Done() != seq {
			t.Errorf("connection %d has number %d, %d", i+1, seq, p.Done())
		}
		if got := p.Result(); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	p.Finish(Result{Error: strings.Repeat("e", maxError) + "more"})
	if got := p.Result().Error; got != strings.Repeat("e", maxError) {
		t.Errorf("an error of %d bytes was kept, want %d", len(got), maxError)
	}
}

// TestLyingPage: what a child can write into its page is read within bounds.
func TestLyingPage(t *testing.T) {
	t.Parallel()
	_, mem := testPage(t)
	for i := range mem {
		mem[i] = 0xff
	}
	r := pageOf(mem).Result()
	if r.BytesIn != 0 || r.BytesOut != 0 {
		t.Errorf("counts %d and %d, want none below zero", r.BytesIn, r.BytesOut)
	}
	if len(r.Error) != maxError {
		t.Errorf("an error of %d bytes", len(r.Error))
	}
	if r.Reason.String() != "error" || r.Reason.Timer() {
		t.Errorf("reason %d is %q", r.Reason, r.Reason)
	}
}

// TestNotBelieved: a child that says it has finished what it was never given,
// or less or more than that, has not.
func TestNotBelieved(t *testing.T) {
	t.Parallel()
	a, _ := pair(t)
	_, mem := testPage(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	c := &Child{Sock: a, page: mem, buf: make([]byte, 0, 256)}
	p := c.Page()
	claim := func(done uint64, want bool) {
		t.Helper()
		p.done.Store(done)
		if got := c.Finished(); got != want {
			t.Errorf("sent %d, child says %d: finished is %v", c.Sent(), done, got)
		}
	}
	claim(0, false)
	claim(1, false)
	if err := c.Send(&Conn{}, int(null.Fd())); err != nil {
		t.Fatal(err)
	}
	claim(0, false)
	claim(2, false)
	claim(math.MaxUint64, false)
	claim(1, true)
	c.Take()
	claim(1, false) // a result is taken once
	claim(2, false)
	if err := c.Send(&Conn{}, int(null.Fd())); err != nil {
		t.Fatal(err)
	}
	claim(1, false)
	claim(2, true)
}

func TestReasons(t *testing.T) {
	t.Parallel()
	timers, names := 0, map[string]bool{}
	for r := EOF; r <= Error; r++ {
		names[r.String()] = true
		if r.Timer() {
			timers++
		}
	}
	if timers != 4 || len(names) != int(Error)+1 {
		t.Errorf("%d timers, names %v", timers, names)
	}
}
