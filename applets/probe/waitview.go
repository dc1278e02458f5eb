package probe

import (
	"fmt"
	"sync"
	"time"

	"nettool/internal/cli"
	"nettool/internal/clock"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/live"
	"nettool/internal/probe/record"
	"nettool/internal/probe/target"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// waitView shows on standard error what is being waited for. On a terminal that is
// one line for each target. Elsewhere it is, once, a name that does not resolve,
// which may be a typing error, and with -v every change.
type waitView struct {
	call    *cli.Call
	verbose bool
	quiet   bool
	began   time.Time
	stop    func() // of the redrawing

	mu     sync.Mutex
	screen *live.Screen
	order  []socket.Addr
	states map[socket.Addr]string
}

func newWaitView(call *cli.Call, flags resultFlags) *waitView {
	results := call.Rest != nil && flags.Output != "text" // standard error is theirs
	v := &waitView{
		call: call, verbose: flags.Verbose, quiet: flags.Quiet || results, began: time.Now(), stop: func() {},
		screen: live.Open(call.Stderr, flags.Quiet || flags.NoLive || results), states: map[socket.Addr]string{},
	}
	if v.screen.On() {
		v.stop = clock.Every(100*time.Millisecond, v.redraw)
	}
	return v
}

// turn is told when a target's state changes.
func (v *waitView) turn(r *attempt.Result, since time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	first := v.states[r.Target] == ""
	if first {
		v.order = append(v.order, r.Target)
	}
	v.states[r.Target] = r.Outcome.String()
	if v.screen.On() {
		v.draw()
		return
	}
	if v.quiet || !v.verbose && !(first && r.Outcome == attempt.DNSError) {
		return
	}
	report.Notice(v.call.Stderr, v.call.Name, "%s, at %s", record.Line(r), record.Seconds(since))
}

// ended takes a target off the view while write writes its result.
func (v *waitView) ended(to socket.Addr, write func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.states, to)
	v.screen.Clear()
	write()
}

func (v *waitView) end() {
	v.stop()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.screen.Clear()
}

func (v *waitView) redraw() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.draw()
}

func (v *waitView) draw() {
	var lines []string
	for _, to := range v.order {
		if state := v.states[to]; state != "" {
			lines = append(lines, fmt.Sprintf("waiting for %s: %s, %.1f s", target.Label(to), state, time.Since(v.began).Seconds()))
		}
	}
	v.screen.Draw(lines...)
}
