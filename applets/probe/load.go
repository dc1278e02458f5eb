package probe

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/live"
	"nettool/internal/probe/load"
	"nettool/internal/probe/record"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/target"
	"nettool/internal/socket"
)

// The defaults and bounds of a load.
const (
	loadTime  = 10 * time.Second
	stepTime  = 2 * time.Second // of a ramp
	loadSize  = 64
	maxLoad   = 64 << 20 // bytes of a request
	openConns = 1024     // of an open loop, where requests have a connection each
	maxConns  = 1 << 20
)

// loading is one run of probe load.
type loading struct {
	*session
	config  load.Config
	ramp    *load.Ramp
	require []tally.Threshold
	out     *record.Load
	kept    *kept
	screen  *live.Screen
	began   time.Time // of the run, or the step
	code    exit.Code
}

// Run loads the target.
func (c *loadCmd) Run(call *cli.Call, shared *Cmd) error {
	if err := noProgram(call); err != nil {
		return err
	}
	l, err := c.begin(call, shared)
	if err != nil {
		return err
	}
	defer l.kept.discard()
	if code := l.find(); code != exit.OK {
		return l.end(code)
	}
	see := load.Observer{}
	if l.screen.On() {
		see.Every, see.Redraw = 200*time.Millisecond, l.draw
	}
	l.run(see)
	return l.finish()
}

// run makes one run, or those of a ramp.
func (l *loading) run(see load.Observer) {
	l.began = time.Now()
	if l.ramp == nil {
		l.report(load.Run(l.ctx, l.config, see))
		return
	}
	var last *load.Report
	knee := l.ramp.Climb(l.ctx, l.config, see, func(r *load.Report) {
		last = r
		l.report(r)
		l.began = time.Now()
	})
	if l.ctx.Err() == nil {
		l.out.Knee(last, knee)
	}
}

// begin turns flags into plain values.
func (c *loadCmd) begin(call *cli.Call, shared *Cmd) (l *loading, err error) {
	l = &loading{}
	c.size, shared.Attempt.Size = shared.Attempt.Size, 0 // is the requests'
	c.payload, shared.Attempt.Payload = shared.Attempt.Payload, ""
	if err := c.bounds(&shared.Attempt); err != nil {
		return nil, err
	}
	if c.Require != "" {
		if l.require, err = tally.ParseThresholds(c.Require); err != nil {
			return nil, err
		}
	}
	if c.Ramp != "" {
		ramp, err := load.ParseRamp(c.Ramp)
		if err != nil {
			return nil, err
		}
		l.ramp = &ramp
	}
	if l.session, err = shared.begin(call, c.Target, attempt.DefaultTimeout); err != nil {
		return nil, err
	}
	to := target.Expand(l.targets)
	if len(to) != 1 {
		return nil, exit.Errorf(exit.Usage, "load takes one target, and these are %d", len(to))
	}
	if err := c.fits(to[0]); err != nil {
		return nil, err
	}
	if l.config, err = c.config(l.spec, to[0]); err != nil {
		return nil, err
	}
	if l.kept, err = c.keepFlags.begin(l.session, "load", shared.Result.Output); err != nil {
		return nil, err
	}
	l.config.Course = l.kept != nil
	l.screen = live.Open(call.Stderr, shared.Result.Quiet || shared.Result.NoLive)
	out := io.Writer(call.Stdout)
	if shared.Result.Quiet {
		out = io.Discard
	}
	l.out = record.NewLoad(out, shared.Result.Output)
	return l, nil
}

// bounds refuses numbers that make no sense, and flags that do not go together.
func (c *loadCmd) bounds(f *attemptFlags) error {
	switch {
	case c.Conns < 0 || c.Conns > maxConns:
		return exit.Errorf(exit.Usage, "--conns=%d: want a number up to %d", c.Conns, maxConns)
	case c.size < 0 || c.size > maxLoad:
		return exit.Errorf(exit.Usage, "--size=%d: want a number of bytes up to %d", c.size, maxLoad)
	case !(c.Rate >= 0 && c.Rate <= load.MaxRate):
		return exit.Errorf(exit.Usage, "--rate=%v: want a number up to %.0f", c.Rate, load.MaxRate)
	case c.Count < 0 || c.Threads < 0 || c.Threads > 1024:
		return exit.Errorf(exit.Usage, "--count and --threads want more than zero, and at most 1024 threads")
	case c.Ramp != "" && (c.Rate > 0 || c.Count > 0 || c.Pattern == "idle"):
		return exit.Errorf(exit.Usage, "--ramp has rates of its own: it does not go with --rate, --count or --pattern idle")
	case c.Ramp != "" && (c.Save != "" || c.Plot.on):
		return exit.Errorf(exit.Usage, "--ramp is many runs: --save and --plot keep one")
	case c.Pattern == "idle" && (c.Rate > 0 || c.Count > 0):
		return exit.Errorf(exit.Usage, "--pattern idle opens --conns connections: it does not go with --rate or --count")
	case c.Pattern == "rr" && c.Answer == "close":
		return exit.Errorf(exit.Usage, "--answer close ends the connection, of which rr makes many requests: use --pattern crr")
	case c.Verify && (f.Send != "" || c.Answer != "" && c.Answer != "same"):
		return exit.Errorf(exit.Usage, "--verify sends bytes of its own, which have to come back: it does not go with --send or --answer")
	case f.Expect != "" || f.Level.given || f.Slow != 0:
		return exit.Errorf(exit.Usage, "load has no --level, --expect or --slow: see --pattern, --answer and --require")
	}
	return nil
}

// fits is what is wrong with the flags for a target.
func (c *loadCmd) fits(to socket.Addr) error {
	switch {
	case to.Network == "icmp":
		return exit.Errorf(exit.Usage, "%q: load asks TCP, UDP and unix stream sockets only", to)
	case !to.Datagram() && c.payload != "":
		return exit.Errorf(exit.Usage, "--payload is for udp: targets, and %q is none", to)
	case to.Datagram() && (c.Pattern == "connect" || c.Pattern == "idle"):
		return exit.Errorf(exit.Usage, "--pattern %s is about connections, and UDP has none: there are crr (each request from a port of its own) and rr", c.Pattern)
	case to.Datagram() && c.Answer == "close":
		return exit.Errorf(exit.Usage, "--answer close ends the connection, and UDP has none")
	case to.Datagram() && c.size > maxSize:
		return exit.Errorf(exit.Usage, "--size=%d: a datagram has room for %d bytes", c.size, maxSize)
	}
	return attempt.KnowsPayload(c.payload)
}

// config is what to do.
func (c *loadCmd) config(spec attempt.Spec, to socket.Addr) (load.Config, error) {
	config := load.Config{
		Target: to, Spec: spec, Conns: c.Conns, Rate: c.Rate, Count: c.Count, Warmup: c.Warmup.Or(0), Duration: c.Duration.Or(0),
		Verify: c.Verify, Threads: c.Threads, Request: spec.Send,
	}
	config.Pattern = map[string]load.Pattern{"connect": load.Connect, "crr": load.CRR, "rr": load.RR, "idle": load.Idle}[c.Pattern]
	open := c.Rate > 0 || c.Ramp != ""
	if open && config.Conns == 0 && config.Pattern != load.RR {
		config.Conns = min(openConns, attempt.Room())
	}
	switch {
	case c.Duration != 0, c.Count > 0, config.Pattern == load.Idle:
	case c.Ramp != "":
		config.Duration = stepTime
	default:
		config.Duration = loadTime
	}
	if need := max(config.Conns, 1); need > attempt.Room() {
		return config, exit.Errorf(exit.Local, "--conns %d: there is room for %d; raise the limit of open files (ulimit -n)", need, attempt.Room())
	}
	return config, c.conversation(&config)
}

// conversation fills in what is said, and where an answer ends.
func (c *loadCmd) conversation(config *load.Config) (err error) {
	answer := "same"
	if to := config.Target; to.Datagram() && c.size == 0 && !c.Verify && len(config.Request) == 0 {
		config.Request = attempt.Payload(cmp.Or(c.payload, attempt.PayloadOf(to.Port)))
	}
	if len(config.Request) > 0 {
		answer = "any"
	} else if config.Pattern != load.Idle || c.Verify {
		config.Request = load.Text(cmp.Or(c.size, loadSize))
	} else {
		config.Request = nil
	}
	if c.Answer != "" {
		answer = c.Answer
	}
	config.Answer, err = load.ParseAnswer(answer)
	return err
}

// find looks the target up. When it is a name with several addresses, the one that
// answers is loaded.
func (l *loading) find() exit.Code {
	to := l.config.Target
	if to.Network == "unix" {
		return exit.OK
	}
	candidates, r := l.spec.Lookup(l.ctx, to)
	if r.OK() && len(candidates) > 1 {
		spec := l.spec
		spec.Level = attempt.Connect
		to.TLS = false
		r = spec.Try(l.ctx, to, candidates)
		for _, at := range candidates {
			if at.String() == r.Addr {
				candidates[0] = at
			}
		}
	}
	if !r.OK() {
		l.sink.Finding(record.Finding{Kind: "attempt", Result: &r})
		return codeOfResult(&r)
	}
	l.config.At = candidates[0]
	return exit.OK
}

func codeOfResult(r *attempt.Result) exit.Code {
	var t tally.Tally
	t.Count(r)
	return codeOf(&t)
}

func (l *loading) draw(sofar *load.Stats) {
	l.screen.Draw(record.LoadProgress(&l.config, sofar, time.Since(l.began)))
}

// report writes a run, and judges it.
func (l *loading) report(r *load.Report) {
	l.screen.Clear()
	to := l.config.Target
	sum := &record.Summary{Target: &to, Tally: &r.Tally, Elapsed: r.Elapsed}
	for _, threshold := range l.require {
		holds, got := threshold.Judge(&r.Tally)
		sum.Judged = append(sum.Judged, record.Judged{Text: threshold.Text, Holds: holds, Got: got})
		if !holds {
			l.code = exit.No
		}
	}
	if l.require == nil {
		l.code = codeOf(&r.Tally)
	}
	if l.kept != nil {
		*l.kept.course(0) = r.Course
		l.kept.add(target.Label(to), sum)
	}
	if l.ramp != nil {
		l.out.Step(r, sum)
	} else {
		l.out.Report(r, sum)
	}
	if l.out.Flush() != nil {
		l.quit(context.Canceled)
	}
}

// finish writes what is left. A signal ends a load as time does: the code is the
// results'.
func (l *loading) finish() error {
	if err := l.kept.end(time.Since(l.began)); err != nil {
		return errors.Join(err, l.out.Close())
	}
	l.stop()
	if err := l.out.Close(); err != nil {
		return err
	}
	return exit.Status(l.code)
}
