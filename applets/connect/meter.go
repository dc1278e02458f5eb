package connect

import (
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"nettool/internal/cli"
	"nettool/internal/clock"
	"nettool/internal/relay"
	"nettool/internal/report"
)

// meterPace is how often --progress is drawn.
const meterPace = 200 * time.Millisecond

// meter draws --progress until the returned function is called. On a terminal that
// shows what is received it would be drawn into that.
func (c *Cmd) meter(call *cli.Call, s *relay.Session) (stop func()) {
	if !c.Status.Progress || !isatty.IsTerminal(call.Stderr.Fd()) || s.Out != nil && isatty.IsTerminal(s.Out.Fd()) {
		return func() {}
	}
	m := &report.Meter{To: call.Stderr, TotalOut: remaining(s.In), TotalIn: int64(c.Session.Bytes)}
	if c.Bytes.ExpectBytes != nil {
		m.TotalIn = int64(*c.Bytes.ExpectBytes)
	}
	freeze := clock.Every(meterPace, func() { m.Show(s.Counts()) })
	return func() {
		freeze()
		m.Clear()
	}
}

// remaining is how much of a regular file is left to read, or 0.
func remaining(f *os.File) int64 {
	if f == nil {
		return 0
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return 0
	}
	at, err := f.Seek(0, 1)
	if err != nil {
		return 0
	}
	return max(st.Size()-at, 0)
}
