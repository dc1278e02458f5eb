package connect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"nettool/internal/exit"
	"nettool/internal/relay"
	"nettool/internal/report"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// The phases of a run.
const (
	phaseConnect = "connect"
	phaseProxy   = "proxy"
	phaseTLS     = "tls"
	phaseSession = "session"
	phaseDone    = "done"
)

// outcome is what is known about a run, while it lasts and at its end.
type outcome struct {
	target      string
	phase       string
	connectTime time.Duration

	mu      sync.Mutex // guards the rest: SIGUSR1 looks at any time
	session counter
	peer    string
	local   string
	begun   time.Time
	result  *relay.Result
	err     error
}

// counter is a session, whose bytes are counted.
type counter interface {
	Counts() (bytesIn, bytesOut int64)
}

// begin notes the connection and its session.
func (o *outcome) begin(conn net.Conn, s counter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.phase, o.session, o.begun = phaseSession, s, time.Now()
	o.peer, o.local = peerName(conn), conn.LocalAddr().String()
}

// took notes how the session went.
func (o *outcome) took(r relay.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.result = &r
}

// end notes how the run went.
func (o *outcome) end(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	if err == nil {
		o.phase = phaseDone
	}
}

// explain is the one line that a session's failure prints.
func (o *outcome) explain(err error) error {
	if err == nil {
		return nil
	}
	code := exit.Of(err)
	if tlsdial.Refused(err) {
		code = exit.Handshake
	}
	told := &exit.Error{Code: code, Err: fmt.Errorf("session with %s: %w after %s", o.peer, err, o.tally())}
	if inner, ok := errors.AsType[*exit.Error](err); ok {
		told.Hint = inner.Hint
	}
	return told
}

// tally is how long the session took and what it moved.
func (o *outcome) tally() string {
	r := o.counted()
	text := socket.Brief(r.Elapsed) + "; received " + count(r.BytesIn) + ", sent " + count(r.BytesOut)
	if r.Undelivered > 0 {
		text += ", " + count(r.Undelivered) + " not delivered"
	}
	return text
}

// counted is the session's result, or the state of one that runs.
func (o *outcome) counted() relay.Result {
	if o.result != nil {
		return *o.result
	}
	r := relay.Result{Elapsed: time.Since(o.begun)}
	r.BytesIn, r.BytesOut = o.session.Counts()
	return r
}

// print writes the summary: of a success with --stats, of a run that lasts on
// SIGUSR1.
func (o *outcome) print(w io.Writer, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.session == nil {
		report.Notice(w, name, "connecting to %s", o.target)
		return
	}
	reason := ""
	if o.result != nil {
		reason = " (" + o.result.Reason + ")"
	}
	report.Notice(w, name, "session with %s: connected in %s, %s%s", o.peer, socket.Brief(o.connectTime), o.tally(), reason)
}

// statusSchema names the form of --json-status.
const statusSchema = "nettool.connect/1"

// status is the line of --json-status. Times are in milliseconds.
type status struct {
	Schema      string  `json:"schema"`
	Exit        int     `json:"exit"`
	Phase       string  `json:"phase"`
	Reason      string  `json:"reason,omitempty"`
	Target      string  `json:"target"`
	Peer        string  `json:"peer,omitempty"`
	Local       string  `json:"local,omitempty"`
	Connect     float64 `json:"connect_ms"`
	Elapsed     float64 `json:"elapsed_ms"`
	BytesIn     int64   `json:"bytes_in"`
	BytesOut    int64   `json:"bytes_out"`
	Undelivered int64   `json:"undelivered"`
	Error       string  `json:"error,omitempty"`
}

// writeJSON writes the outcome to f and closes it.
func (o *outcome) writeJSON(f *os.File) error {
	s := status{
		Schema: statusSchema, Exit: int(exit.Of(o.err)), Phase: o.phase, Target: o.target, Peer: o.peer, Local: o.local,
		Connect: milliseconds(o.connectTime),
	}
	if o.err != nil {
		s.Error = o.err.Error()
	}
	if r := o.result; r != nil {
		s.Reason, s.BytesIn, s.BytesOut, s.Undelivered = r.Reason, r.BytesIn, r.BytesOut, r.Undelivered
		s.Elapsed = milliseconds(r.Elapsed)
	}
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return exit.Errorf(exit.Local, "write --json-status: %w", err)
	}
	return nil
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

// openStatus is the descriptor of --json-status, nil when there is none.
func (c *Cmd) openStatus() (*os.File, error) {
	fd := c.Status.JSONStatus
	if fd == 0 {
		return nil, nil
	}
	f := os.NewFile(uintptr(fd), "json-status")
	if f == nil {
		return nil, exit.Errorf(exit.Usage, "json-status %d: want an open descriptor", fd)
	}
	if _, err := f.Stat(); err != nil {
		return nil, exit.Errorf(exit.Usage, "json-status %d: not an open descriptor", fd)
	}
	return f, nil
}
