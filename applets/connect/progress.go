package connect

import (
	"sync/atomic"
	"time"

	"github.com/mattn/go-isatty"

	"nettool/internal/cli"
	"nettool/internal/clock"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// progress shows files on their way, on standard error if that is a terminal. The zero
// value shows nothing.
type progress struct {
	meter  *report.Meter
	freeze func() // stops the drawing
	conn   *fileConn
	sizes  atomic.Int64 // of the files that have begun, together
	bytes  atomic.Int64 // of files that have moved
}

// showProgress begins to show the files that go over conn.
func showProgress(call *cli.Call, conn *fileConn) *progress {
	p := &progress{conn: conn}
	if isatty.IsTerminal(call.Stderr.Fd()) {
		p.meter = &report.Meter{To: call.Stderr}
		p.draw()
	}
	return p
}

func (p *progress) draw() { p.freeze = clock.Every(meterPace, p.show) }

func (p *progress) show() {
	in, out := p.conn.Counts()
	p.meter.TotalIn, p.meter.TotalOut = p.sizes.Load(), p.sizes.Load()
	if in > out {
		p.meter.TotalOut = 0
	} else {
		p.meter.TotalIn = 0
	}
	p.meter.Show(in, out)
}

// begin notes that a file begins.
func (p *progress) begin(_ string, size int64) { p.sizes.Add(size) }

// add notes bytes of a file that have moved.
func (p *progress) add(n int) { p.bytes.Add(int64(n)) }

// say has something said while files are shown.
func (p *progress) say(what func()) {
	p.end()
	what()
	if p.meter != nil {
		p.draw()
	}
}

// end removes what is shown.
func (p *progress) end() {
	if p.meter != nil {
		p.freeze()
		p.meter.Clear()
	}
}

// sum says what has been done, when files were shown, or with --stats.
func (p *progress) sum(call *cli.Call, files int, took time.Duration) {
	noun := "files"
	if files == 1 {
		noun = "file"
	}
	n := p.bytes.Load()
	report.Notice(call.Stderr, call.Name, "%d %s, %s in %s, %s/s", files, noun, report.Amount(n), socket.Brief(took),
		report.Amount(int64(float64(n)/max(took.Seconds(), 1e-9))))
}
