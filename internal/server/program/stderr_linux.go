//go:build !portable

package program

import (
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/report"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// The bounds of what one program may bring into the log.
const (
	mostLines = 100     // lines in a second; the others are counted
	mostBytes = 1 << 20 // bytes in a second; who writes more has to wait
	oneRead   = 16 << 10
	lastReads = 8 // at the end: a process that the program has left running may go on
)

// stderr makes events of what a program writes to its standard error: nothing of it
// can be taken for ours, or keep others out of the log.
type stderr struct {
	log   *report.Log
	loop  *loop.Loop
	conn  *run.Conn
	fd    int
	token uint64
	pause *loop.Timer // until it is read again, or nil

	text   run.Lines
	began  time.Time
	lines  int // since began
	bytes  int // since began
	unsaid int // lines that were too many
}

// openStderr makes the pipe. The caller closes w once the program has it.
func openStderr() (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, os.NewSyscallError("pipe2", err)
	}
	unix.SetNonblock(fds[0], true) // our end's: the program's description is another
	return fds[0], fds[1], nil
}

// begin reads from fd, which it takes over, until end.
func (s *stderr) begin(r *Runner, c *run.Conn, fd int) {
	*s = stderr{log: r.cfg.Log, loop: r.loop, conn: c, fd: fd, began: time.Now()}
	s.watch()
}

// watch has the pipe read when there is something in it. Without memory for that
// it is read at the end.
func (s *stderr) watch() {
	s.pause = nil
	s.token, _ = s.loop.Add(s.fd, unix.EPOLLIN, func(uint32) {
		if !s.read() {
			s.unwatch()
		} else if s.bytes > mostBytes {
			s.unwatch()
			s.pause = s.loop.After(time.Until(s.began.Add(time.Second)), s.watch)
		}
	})
}

func (s *stderr) unwatch() {
	if s.token != 0 {
		s.loop.Remove(s.fd, s.token)
		s.token = 0
	}
}

// end reads what is left, and closes the pipe: what still runs writes to nobody.
func (s *stderr) end() {
	if s.log == nil {
		return
	}
	for range lastReads {
		if !s.read() {
			break
		}
	}
	s.unwatch()
	s.loop.Cancel(s.pause)
	unix.Close(s.fd)
	s.text.End(s.say)
	s.sum()
}

// read takes what there is, once. more is false at the end of it, and when there is
// nothing now.
func (s *stderr) read() (more bool) {
	buf := make([]byte, oneRead)
	n, err := unix.Read(s.fd, buf)
	if n <= 0 {
		return err == unix.EINTR
	}
	s.next(time.Now())
	s.bytes += n
	s.text.Take(buf[:n], s.say)
	return true
}

// say logs a line, or counts it.
func (s *stderr) say(line []byte) {
	if s.lines++; s.lines > mostLines {
		s.unsaid++
		return
	}
	s.log.Answer("stderr", append(s.about(), slog.String("line", string(line)))...)
}

// next begins another second, if it is time for it.
func (s *stderr) next(now time.Time) {
	if now.Sub(s.began) >= time.Second {
		s.sum()
		s.began, s.lines, s.bytes = now, 0, 0
	}
}

// sum logs how many lines were left out.
func (s *stderr) sum() {
	if s.unsaid > 0 {
		s.log.Answer("stderr", append(s.about(), slog.Int("left_out", s.unsaid))...)
		s.unsaid = 0
	}
}

func (s *stderr) about() []slog.Attr {
	return []slog.Attr{slog.Uint64("id", s.conn.ID), slog.Int("pid", s.conn.PID)}
}
