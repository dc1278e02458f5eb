package connect

import (
	"net"
	"os"
	"regexp"
	"time"

	"github.com/mattn/go-isatty"

	"nettool/internal/cli"
	"nettool/internal/dialogue"
	"nettool/internal/exit"
	"nettool/internal/relay"
	"nettool/internal/report"
	"nettool/internal/socket"
	"nettool/internal/tap"
	"nettool/internal/telnet"
)

// session is the session that the flags ask for.
func (c *Cmd) session(conn net.Conn, target socket.Addr, call *cli.Call) *relay.Session {
	s := &relay.Session{
		Conn: conn, In: call.Stdin, Out: call.Stdout,
		Linger:        time.Duration(c.Times.Linger),
		Idle:          time.Duration(c.Times.Idle),
		Deadline:      time.Duration(c.Times.Deadline),
		AfterEOF:      time.Duration(c.Times.AfterEOF),
		FullDuplex:    c.Session.FullDuplex,
		QuitOn:        c.Session.QuitOn,
		Delay:         time.Duration(c.Session.Delay),
		DatagramLines: c.Session.DatagramLines,
	}
	s.HalfCloseAfter = c.halfCloseAfter(target)
	s.HalfClosed = func() {
		report.Notice(words(call), call.Name, "nothing received for %v after the end of standard input: closed our side of the session with %s (--half-close-after)",
			s.HalfCloseAfter, peerName(conn))
	}
	if c.Session.SendOnly {
		s.Out = nil
	}
	if c.Session.RecvOnly {
		s.In = nil
	}
	return s
}

// defaultHalfCloseAfter is for how long a silent peer keeps our side open where
// its end could end the peer's, too.
const defaultHalfCloseAfter = 5 * time.Second

// halfCloseAfter is when our side ends after standard input. TLS servers cut their
// answer at our close_notify, proxies drop it at our FIN, and telnet servers hang up:
// there, it stays open while the peer talks.
func (c *Cmd) halfCloseAfter(target socket.Addr) time.Duration {
	switch {
	case c.Session.NoShutdown:
		return -1
	case c.Session.HalfCloseAfter != 0:
		return time.Duration(c.Session.HalfCloseAfter)
	case c.Session.Shutdown || c.Session.SendOnly || !target.TLS && c.Reach.Proxy == "" && !c.Bytes.Telnet:
		return 0
	}
	return defaultHalfCloseAfter
}

// watch holds what observes the bytes of a session. The zero value observes
// nothing.
type watch struct {
	crlf           func([]byte) []byte
	telnet         *telnet.Filter      // or nil
	answering      background          // its answers
	sent, received func([]byte) []byte // dumps, or nil
	visible        func([]byte) []byte // for a terminal, or nil
	rest           func() []byte       // what visible has held back
	record         *tap.Record
	file           *os.File           // of record
	talk           *dialogue.Dialogue // or nil
	limit          *tap.Limit
	sum            *tap.Sum
}

// watch hooks what the flags ask for into s; a session without any keeps the
// kernel's fast paths.
func (c *Cmd) watch(s *relay.Session, talk *dialogue.Dialogue) (*watch, error) {
	w := &watch{talk: talk, limit: &tap.Limit{Bytes: int64(c.Session.Bytes), Lines: c.Session.Lines}}
	if err := c.expectations(w); err != nil {
		return nil, err
	}
	switch {
	case c.Bytes.Telnet:
		w.telnet = telnet.New()
		w.answering.start(func(done <-chan struct{}) { w.telnet.Answer(s.Conn.Write, done) })
	case c.Bytes.CRLF:
		w.crlf = tap.CRLF()
	}
	if c.Bytes.Hex {
		w.sent, w.received = tap.Dump(tap.Sent), tap.Dump(tap.Received)
	}
	if s.Out != nil && !c.Bytes.Raw && !c.Bytes.Hex && isatty.IsTerminal(s.Out.Fd()) {
		w.visible, w.rest = tap.Visible()
	}
	if c.Bytes.Tee != "" {
		file, err := os.OpenFile(c.Bytes.Tee, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) // it may hold a password
		if err != nil {
			return nil, exit.With(exit.Local, err)
		}
		w.file, w.record = file, tap.NewRecord(file)
	}
	if w.crlf != nil || w.telnet != nil || w.sent != nil || w.record != nil {
		s.Outgoing = w.outgoing
	}
	if w.telnet != nil || w.talk != nil || w.limit.Set() || w.sum != nil || w.received != nil || w.record != nil || w.visible != nil {
		s.Incoming = w.incoming
	}
	return w, nil
}

// expectations are what decides whether the session was a success.
func (c *Cmd) expectations(w *watch) (err error) {
	if until := c.Session.Until; until != nil {
		if *until == "" {
			return exit.Errorf(exit.Usage, `until "": an empty expression matches before anything came`)
		}
		if w.limit.Until, err = regexp.Compile(*until); err != nil {
			return exit.Errorf(exit.Usage, "until %q: %w", *until, err)
		}
	}
	bytes := int64(-1)
	if c.Bytes.ExpectBytes != nil {
		bytes = int64(*c.Bytes.ExpectBytes)
	}
	if bytes >= 0 || c.Bytes.ExpectSHA256 != "" {
		w.sum, err = tap.NewSum(bytes, c.Bytes.ExpectSHA256)
	}
	return exit.With(exit.Usage, err)
}

func (w *watch) outgoing(p []byte) (wire, show []byte) {
	if w.crlf != nil {
		p = w.crlf(p)
	}
	if w.record != nil {
		w.record.Add(tap.Sent, p)
	}
	if w.sent != nil {
		show = w.sent(p)
	}
	if w.telnet != nil {
		p = w.telnet.Sent(p)
	}
	return p, show
}

func (w *watch) incoming(p []byte) (out []byte, done bool) {
	if w.telnet != nil {
		p = w.telnet.Received(p)
	}
	n, done := w.limit.Take(p)
	p = p[:n]
	if w.talk != nil {
		n, over := w.talk.Take(p)
		p, done = p[:n], done || over
	}
	if w.sum != nil {
		w.sum.Add(p)
	}
	if w.record != nil {
		w.record.Add(tap.Received, p)
	}
	switch {
	case w.received != nil:
		p = w.received(p)
	case w.visible != nil:
		p = w.visible(p)
	}
	return p, done
}

// check turns a session's success into a failure if an expectation was not met.
func (w *watch) check(err error) error {
	if err != nil {
		return err
	}
	if w.talk != nil {
		if err := w.talk.Missing(); err != nil {
			return exit.With(exit.Expectation, err)
		}
	}
	if err := w.limit.Missing(); err != nil {
		return exit.With(exit.Expectation, err)
	}
	if w.sum != nil {
		if err := w.sum.Check(); err != nil {
			return exit.With(exit.Expectation, err)
		}
	}
	if w.record != nil {
		return exit.With(exit.Local, w.record.Err())
	}
	return nil
}

// flush writes what is held back to where the session wrote.
func (w *watch) flush(out *os.File) {
	if w.rest != nil {
		out.Write(w.rest())
	}
}

// stop ends what watch has begun.
func (w *watch) stop() {
	if w.file != nil {
		w.file.Close()
	}
	w.answering.stop()
}
