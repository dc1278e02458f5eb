package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"nettool/internal/cli"
	"nettool/internal/clock"
	"nettool/internal/exit"
	"nettool/internal/relay"
	"nettool/internal/report"
	"nettool/internal/socket"
	"nettool/internal/transfer"
)

// any reports whether whole files go over the connection.
func (f *fileFlags) any() bool { return f.SendFile || f.Get }

// names are the files of the command line.
func (c *Cmd) names() []string {
	if c.Port == "" {
		return nil
	}
	return append([]string{c.Port}, c.Names...)
}

// checkFiles refuses what does not go with files, and what only goes with them.
func (c *Cmd) checkFiles(target socket.Addr, call *cli.Call) error {
	f := &c.Files
	switch {
	case !f.any() && *f != (fileFlags{}):
		return exit.Errorf(exit.Usage, "the flags for files need --send-file or --get")
	case !f.any():
		return nil
	case !target.Stream():
		return exit.Errorf(exit.Usage, "files with address %q: need a stream", target)
	case call.Rest != nil || c.notForFiles():
		return exit.Errorf(exit.Usage, "files and a session or a program: want one of them")
	case f.SendFile && len(c.names()) == 0:
		return exit.Errorf(exit.Usage, "--send-file ADDRESS FILE…: there is no file")
	case f.SendFile && (f.Output != "" || f.Sync || f.MaxSize != 0):
		return exit.Errorf(exit.Usage, "--output, --sync and --max-size go with --get")
	case f.Get && (f.Recursive || f.Verify != nil):
		return exit.Errorf(exit.Usage, "--recursive and --verify go with --send-file")
	}
	for _, name := range c.names() {
		if f.SendFile && name == "-" {
			return exit.Hint(exit.Errorf(exit.Usage, "--send-file -: standard input has no size"), "without --send-file it is sent as it is")
		}
		if err := transfer.CheckName(name); f.Get && err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	return nil
}

// notForFiles reports whether a flag was given that only sessions have.
func (c *Cmd) notForFiles() bool {
	return c.Dialogue.any() || c.Session != (sessionFlags{}) || c.Bytes != (byteFlags{}) || c.Times.AfterEOF != 0 || c.Times.Linger != 0
}

// on reports whether a flag is not turned off.
func on(flag *bool) bool { return flag == nil || *flag }

// exchange is files on their way over a connection.
type exchange struct {
	cmd  *Cmd
	call *cli.Call
	conn *fileConn
	show *progress

	files, failed int
	first         error     // what went wrong with a file, the first time
	code          exit.Code // for all that went wrong with files
}

// fileConn is a connection whose bytes are counted.
type fileConn struct {
	net.Conn
	in, out atomic.Int64
	moved   atomic.Int64 // when the last byte went over it, since begun
	begun   time.Time
}

func (c *fileConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.in.Add(int64(n))
	c.moved.Store(int64(time.Since(c.begun)))
	return n, err
}

func (c *fileConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.out.Add(int64(n))
	c.moved.Store(int64(time.Since(c.begun)))
	return n, err
}

// sendFile sends the next bytes of a file (sendfile(2)).
func (c *fileConn) sendFile(f *os.File, bytes int64) (int64, error) {
	n, err := c.Conn.(io.ReaderFrom).ReadFrom(&io.LimitedReader{R: f, N: bytes})
	c.out.Add(n)
	c.moved.Store(int64(time.Since(c.begun)))
	return n, err
}

// CloseRead ends a Read that waits.
func (c *fileConn) CloseRead() error { return c.SetReadDeadline(time.Unix(1, 0)) }

// Counts are the bytes that went over the connection.
func (c *fileConn) Counts() (bytesIn, bytesOut int64) { return c.in.Load(), c.out.Load() }

// exchange sends files over conn, which it closes, or asks for them.
func (c *Cmd) exchange(ctx context.Context, cancel context.CancelCauseFunc, conn net.Conn, call *cli.Call, o *outcome) error {
	fc := &fileConn{Conn: conn, begun: time.Now()}
	defer conn.Close()
	o.begin(conn, fc)
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	defer c.limit(fc, cancel)()
	x := &exchange{cmd: c, call: call, conn: fc, show: showProgress(call, fc)}
	err := x.run()
	x.show.end()
	result := relay.Result{Elapsed: time.Since(fc.begun), Reason: "files"}
	result.BytesIn, result.BytesOut = fc.Counts()
	o.took(result)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err = x.explain(err, o); err == nil && (x.show.meter != nil || c.Status.Stats) {
		x.show.sum(call, x.files, result.Elapsed)
	}
	return err
}

// limit ends files that take too long, or on which nothing moves. It returns what ends
// the limits.
func (c *Cmd) limit(conn *fileConn, cancel context.CancelCauseFunc) (stop func()) {
	var stops []func()
	if deadline := time.Duration(c.Times.Deadline); deadline > 0 {
		t := time.AfterFunc(deadline, func() { cancel(exit.Errorf(exit.TimedOut, "not over after %v (--deadline)", deadline)) })
		stops = append(stops, func() { t.Stop() })
	}
	if idle := time.Duration(c.Times.Idle); idle > 0 {
		stops = append(stops, clock.Every(max(idle/8, time.Millisecond), func() {
			if time.Since(conn.begun)-time.Duration(conn.moved.Load()) >= idle {
				cancel(exit.Errorf(exit.TimedOut, "no byte either way for %v (--idle)", idle))
			}
		}))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// run sends the files, or takes them.
func (x *exchange) run() error {
	if x.cmd.Files.SendFile {
		return x.send()
	}
	return x.get()
}

func (x *exchange) send() error {
	f := &x.cmd.Files
	s := transfer.Sender{
		Conn: x.conn, Plain: !on(f.Verify), Preserve: f.Preserve,
		Begun: x.show.begin, Moved: x.show.add, Told: func(o transfer.Outcome) { x.told(o) },
	}
	if _, plain := x.conn.Conn.(*net.TCPConn); plain {
		s.Copy = x.conn.sendFile
	}
	return s.Send(transfer.Files(x.cmd.names(), f.Recursive))
}

func (x *exchange) get() error {
	f := &x.cmd.Files
	r := transfer.Receiver{
		Conn: x.conn, Most: int64(f.MaxSize), Resume: on(f.Resume), Keep: f.Preserve, Sync: transfer.SyncNever,
		Begun: x.show.begin, Moved: x.show.add, Told: x.told,
	}
	if f.Sync {
		r.Sync = transfer.SyncAll
	}
	if f.Output == "-" {
		r.Out = x.call.Stdout
		return r.Get(x.cmd.names())
	}
	dir, as := f.place()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	defer root.Close()
	r.Store = transfer.NewStore(root)
	defer r.Store.Close()
	r.Store.As(as)
	return r.Get(x.cmd.names())
}

// place is the directory that files go to, and the name that the only one gets, or
// nothing.
func (f *fileFlags) place() (dir, as string) {
	switch st, err := os.Stat(f.Output); {
	case f.Output == "":
		return ".", ""
	case err == nil && st.IsDir():
		return f.Output, ""
	}
	return filepath.Dir(f.Output), filepath.Base(f.Output)
}

// told notes what has become of one file. Of several that went wrong each is said.
func (x *exchange) told(o transfer.Outcome) error {
	x.files++
	if o.Err == nil {
		return nil
	}
	x.failed++
	code, err := codeOf(o.Err), fmt.Errorf("file %q: %w", o.Name, o.Err)
	if x.failed == 1 {
		x.code, x.first = code, err
		return nil
	}
	x.code = worse(x.code, code)
	x.show.say(func() {
		if x.failed == 2 {
			report.Notice(x.call.Stderr, x.call.Name, "%s", x.first)
		}
		report.Notice(x.call.Stderr, x.call.Name, "%s", err)
	})
	return nil
}

// wrong is what went wrong with files, or nil.
func (x *exchange) wrong() error {
	switch x.failed {
	case 0:
		return nil
	case 1:
		return exit.With(x.code, x.first)
	}
	return exit.Errorf(x.code, "%d of %d files went wrong", x.failed, x.files)
}

// worse is the one of two exit codes that stands for both: what has arrived as something
// else counts more than what was refused, and that more than what is missing here.
func worse(a, b exit.Code) exit.Code {
	for _, code := range []exit.Code{exit.Expectation, exit.Broken, exit.No} {
		if a == code || b == code {
			return code
		}
	}
	return a
}

// codeOf is the exit code of what went wrong with a file.
func codeOf(err error) exit.Code {
	_, refused := errors.AsType[*transfer.RefusedError](err)
	_, skipped := errors.AsType[*transfer.SkippedError](err)
	switch {
	case errors.Is(err, transfer.ErrDiffers):
		return exit.Expectation
	case errors.Is(err, transfer.ErrCut):
		return exit.Broken
	case refused || skipped:
		return exit.No
	}
	return exit.Local
}

// explain is what went wrong, in one error: what ended it all, or what was wrong with
// files.
func (x *exchange) explain(err error, o *outcome) error {
	_, wrong := errors.AsType[*transfer.LineError](err)
	_, coded := errors.AsType[*exit.Error](err)
	switch {
	case err == nil:
		return x.wrong()
	case x.failed > 0 && !coded: // that is why
		return exit.Errorf(worse(x.code, exit.Broken), "%w; then: %s", x.wrong(), socket.Reason(err))
	case wrong:
		return exit.Hint(exit.Errorf(exit.Expectation, "files with %s: the peer says what is %w", o.peer, err), "the peer is to be a nettool serve --handler receive, or send for --get")
	case !coded:
		err = exit.With(codeOfConn(err), err)
	}
	return o.explain(err)
}

// codeOfConn is the exit code of a connection that has ended so.
func codeOfConn(err error) exit.Code {
	if code := codeOf(err); code != exit.Local || errors.Is(err, transfer.ErrChanged) {
		return code
	}
	return exit.Broken
}
