// Package record writes what probe found: text for people, JSON lines (schema
// nettool.probe/1, kept in schema.json), CSV, and Prometheus text. Results go to
// stdout only through here.
package record

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/wait"
	"nettool/internal/socket"
)

// Finding is one attempt, or one port of a sweep.
type Finding struct {
	Kind   string // "attempt" or "port"
	Result *attempt.Result

	// The rest is for one of a series of attempts.
	Seq      int64         // from 1; zero is no series
	Due      time.Duration // when it was due, since the series began
	Response time.Duration // from there until it ended
	Stamped  bool          // text begins with the time
}

// Summary is what a series of attempts came to.
type Summary struct {
	Target  *socket.Addr // nil is all of them
	Tally   *tally.Tally
	Elapsed time.Duration
	Judged  []Judged
	// NotAsked is how many ports of a sweep were not asked because it ended early.
	NotAsked int64
	Plot     string // lines of text that draw the series, or ""
}

// Judged is a threshold and whether it held.
type Judged struct {
	Text  string
	Holds bool
	Got   string
}

// Sink takes what probe finds. It is used by one goroutine at a time. Write
// errors are kept for Flush.
type Sink interface {
	Finding(f Finding)
	Waited(w *wait.Ending)
	Change(target socket.Addr, c *tally.Change)
	Summary(s *Summary)
	// Difference is a port that is not what was expected: "open" or "closed".
	Difference(r *attempt.Result, expected string)
	// Flush writes what is buffered. It returns the first error of any write,
	// with exit.Local.
	Flush() error
	// Close writes what can only be written at the end, and flushes.
	Close() error
}

// New returns a sink that writes to w in a format: "text", "json", "csv" or
// "prom". verbose adds the phases to text.
func New(w io.Writer, format string, verbose bool) Sink {
	out := &output{w: bufio.NewWriterSize(w, 32<<10)}
	switch format {
	case "json":
		return &jsonSink{output: out}
	case "csv":
		return &csvSink{output: out}
	case "prom":
		return &promSink{output: out, known: map[socket.Addr]*promTarget{}}
	}
	return &textSink{output: out, verbose: verbose}
}

// output is a buffered writer that remembers its first error.
type output struct {
	w   *bufio.Writer
	err error
}

func (o *output) printf(format string, args ...any) {
	_, err := fmt.Fprintf(o.w, format, args...)
	o.note(err)
}

func (o *output) write(line []byte) {
	_, err := o.w.Write(line)
	o.note(err)
}

func (o *output) note(err error) {
	if o.err == nil && err != nil {
		o.err = exit.Errorf(exit.Local, "write results: %w", err)
	}
}

// Flush writes what is buffered.
func (o *output) Flush() error {
	o.note(o.w.Flush())
	return o.err
}

// Close is Flush, for formats that have nothing to add at the end.
func (o *output) Close() error { return o.Flush() }
