package probe

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/live"
	"nettool/internal/probe/ping"
	"nettool/internal/probe/record"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/target"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// maxPinged bounds the targets of ping, each of which keeps two histograms.
const maxPinged = 1000

// pinging is one run of probe ping.
type pinging struct {
	*session
	table    *live.Table
	targets  []socket.Addr
	tallies  []*tally.Tally
	require  []tally.Threshold
	kept     *kept
	attempts bool // every attempt is written
	stamped  bool // with its time, in text
}

// Run asks until it is told to stop.
func (c *pingCmd) Run(call *cli.Call, shared *Cmd) error {
	if err := noProgram(call); err != nil {
		return err
	}
	p, err := c.begin(call, shared)
	if err != nil {
		return err
	}
	config := ping.Config{
		Spec: p.spec, Interval: c.Interval.Or(ping.DefaultInterval), Count: c.Count, Duration: c.Duration.Or(0),
		Redraw: 200 * time.Millisecond,
	}
	defer p.kept.discard()
	see := ping.Observer{Attempt: p.attempt, Change: p.change, Asked: asked(), Tell: p.tell}
	if p.kept != nil {
		see.Missed = func(target int, n int64, due, late time.Duration) {
			p.kept.course(target).Miss(due, n, late, config.Interval)
		}
	}
	if p.table.On() {
		see.Redraw = p.draw
	}
	ping.Run(p.ctx, config, p.targets, p.tallies, see)
	p.table.Clear()
	return p.finish()
}

// asked hears of ^\, with which people ask ping how it goes. For the other applets it is
// the end.
func asked() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Reset(syscall.SIGQUIT)
	signal.Notify(signals, syscall.SIGQUIT)
	return signals
}

// tell says how it goes, on standard error.
func (p *pinging) tell() {
	p.table.Clear()
	for i, to := range p.targets {
		sum := &record.Summary{Target: &to, Tally: p.tallies[i], Elapsed: time.Since(p.began)}
		report.Notice(p.call.Stderr, p.call.Name, "%s", record.InterimLine(sum))
	}
}

func (c *pingCmd) begin(call *cli.Call, shared *Cmd) (p *pinging, err error) {
	p = &pinging{stamped: c.Timestamps}
	if c.Require != "" {
		if p.require, err = tally.ParseThresholds(c.Require); err != nil {
			return nil, err
		}
	}
	if c.Count < 0 || c.Interval < 0 {
		return nil, exit.Errorf(exit.Usage, "--count and --interval want more than zero")
	}
	if p.session, err = shared.begin(call, c.Targets, attempt.DefaultTimeout); err != nil {
		return nil, err
	}
	p.targets = target.Expand(p.session.targets)
	if len(p.targets) > maxPinged {
		return nil, exit.Errorf(exit.Usage, "ping takes %d targets at most, and these are %d; for many ports use sweep", maxPinged, len(p.targets))
	}
	var names []string
	for _, to := range p.targets {
		names = append(names, target.Label(to))
		p.tallies = append(p.tallies, &tally.Tally{})
	}
	flags := shared.Result
	if p.kept, err = c.keepFlags.begin(p.session, "ping", flags.Output); err != nil {
		return nil, err
	}
	p.table = live.NewTable(live.Open(call.Stderr, flags.Quiet || flags.NoLive), names)
	p.attempts = flags.Verbose || flags.Output != "text" || !p.table.On() || !live.Terminal(call.Stdout)
	return p, nil
}

func (p *pinging) attempt(target int, tick ping.Tick, r *attempt.Result) {
	p.table.Add(target, r)
	response := max(tick.Late, 0) + r.Total
	if course := p.kept.course(target); course != nil && r.Outcome != attempt.Cancelled {
		course.Note(tick.Due, response, r.OK())
	}
	if !p.attempts {
		return
	}
	f := record.Finding{Kind: "attempt", Seq: tick.Seq, Due: tick.Due, Response: response, Stamped: p.stamped, Result: r}
	p.write(func() { p.sink.Finding(f) })
}

func (p *pinging) change(target int, c *tally.Change) {
	p.write(func() { p.sink.Change(p.targets[target], c) })
}

// write writes a result where the view is not in its way.
func (p *pinging) write(result func()) {
	if live.Terminal(p.call.Stdout) {
		p.table.Clear()
	}
	result()
	p.flush()
}

func (p *pinging) draw() { p.table.Draw(p.tallies) }

// finish writes the summaries and judges.
func (p *pinging) finish() error {
	code, elapsed := exit.OK, time.Since(p.began)
	for i, to := range p.targets {
		sum := &record.Summary{Target: &to, Tally: p.tallies[i], Elapsed: elapsed}
		for _, threshold := range p.require {
			holds, got := threshold.Judge(p.tallies[i])
			sum.Judged = append(sum.Judged, record.Judged{Text: threshold.Text, Holds: holds, Got: got})
			if !holds {
				code = exit.No
			}
		}
		if p.require == nil && code == exit.OK {
			code = codeOf(p.tallies[i])
		}
		p.kept.add(target.Label(to), sum)
		p.sink.Summary(sum)
	}
	if err := p.kept.end(elapsed); err != nil {
		return errors.Join(err, p.judged(exit.OK))
	}
	return p.judged(code)
}

// codeOf judges a target without --require: it is OK if it has answered once.
func codeOf(t *tally.Tally) exit.Code {
	switch n := t.Ended(); {
	case t.OK > 0:
		return exit.OK
	case n > 0 && t.Outcomes[attempt.DNSError] == n:
		return exit.NoName
	case n > 0 && t.Outcomes[attempt.LocalError] == n:
		return exit.Local
	}
	return exit.No
}
