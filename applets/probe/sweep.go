package probe

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/live"
	"nettool/internal/probe/record"
	"nettool/internal/probe/sweep"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/target"
)

// The bounds of a sweep.
const (
	listed     = 100 // up to this many ports, text lists every one
	maxRetries = 100
	bannerTime = 500 * time.Millisecond // for a server to say something
)

// sweeping is one run of probe sweep.
type sweeping struct {
	*session
	hosts  sweep.Hosts
	spread bool // names are all their addresses
	every  bool // list every port
	stream bool // list them as they are found
	expect sweep.Expect
	count  tally.Tally
	kept   []sweep.Found
	differ []sweep.Found
	lost   int   // hosts that were not found
	left   int64 // ports that were not asked when a signal came
	screen *live.Screen
}

// Run asks every port.
func (c *sweepCmd) Run(call *cli.Call, shared *Cmd) error {
	if err := noProgram(call); err != nil {
		return err
	}
	w, err := c.begin(call, shared)
	if err != nil {
		return err
	}
	if err := w.find(); err != nil {
		return err
	}
	run := sweep.New(sweep.Config{Spec: w.spec, Retries: c.Retries, Rate: c.Rate, Window: c.Window}, &w.hosts)
	w.every = !c.Open && (shared.Result.Output != "text" || shared.Result.Verbose || run.Progress().Total <= listed)
	w.collect(run.Run(w.ctx), func() []string { return progressLines(run, time.Since(w.began), w.kept) })
	w.abandon(run.Progress())
	return w.finish()
}

func (c *sweepCmd) begin(call *cli.Call, shared *Cmd) (w *sweeping, err error) {
	w = &sweeping{stream: shared.Result.Output == "json", spread: shared.Which.EveryAddress}
	if err := c.bounds(); err != nil {
		return nil, err
	}
	if w.expect, err = sweep.ParseExpect(c.ExpectOpen, c.ExpectClosed); err != nil {
		return nil, err
	}
	if w.session, err = shared.beginWith(call, c.Targets, attempt.QuickTimeout, w.add); err != nil {
		return nil, err
	}
	if c.Banner {
		w.spec.Banner = bannerTime
	}
	w.screen = live.Open(call.Stderr, shared.Result.Quiet || shared.Result.NoLive)
	return w, nil
}

// bounds refuses numbers that make no sense.
func (c *sweepCmd) bounds() error {
	switch {
	case !(c.Rate >= 0): // it may be no number at all
		return exit.Errorf(exit.Usage, "--rate=%v: want a number of attempts a second", c.Rate)
	case c.Window < 0:
		return exit.Errorf(exit.Usage, "--window=%d: want a number that is not negative", c.Window)
	case c.Retries < 0 || c.Retries > maxRetries:
		return exit.Errorf(exit.Usage, "--retries=%d: want a number from 0 to %d", c.Retries, maxRetries)
	}
	return nil
}

// add takes a target.
func (w *sweeping) add(t target.Target) error {
	if t.Addr.Network == "unix" {
		return exit.Errorf(exit.Usage, "target %q: a unix socket has no ports to sweep", t.Addr)
	}
	if t.Addr.Service() {
		return exit.Errorf(exit.Usage, "target %q: a service's SRV records have its ports: there are none to sweep", t.Addr)
	}
	if t.Addr.Datagram() {
		return exit.Errorf(exit.Usage, "target %q: sweep asks TCP only; check and ping ask udp: and icmp: targets", t.Addr)
	}
	return w.hosts.Add(t)
}

// find looks the hosts up. One that is not found is a result of its own.
func (w *sweeping) find() error {
	if port, missing := w.expect.Missing(&w.hosts); missing {
		w.stop()
		return exit.Errorf(exit.Usage, "port %d is expected to be open or closed, but it is not swept", port)
	}
	before := w.count.Sent
	w.every = true
	w.collect(w.hosts.Find(w.ctx, &w.spec), func() []string { return []string{namesLine(&w.hosts, time.Since(w.began))} })
	w.lost = int(w.count.Sent - before)
	if w.spread {
		w.hosts.Spread()
	}
	return nil
}

// collect takes results and draws how far it is.
func (w *sweeping) collect(results <-chan sweep.Found, lines func() []string) {
	var redraw <-chan time.Time
	if w.screen.On() {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		redraw = t.C
	}
	defer w.screen.Clear()
	for {
		select {
		case f, ok := <-results:
			if !ok {
				return
			}
			w.take(f)
			if len(results) == 0 && w.stream {
				w.flush()
			}
		case <-redraw:
			w.screen.Draw(lines()...)
		}
	}
}

// abandon counts the ports that a signal has left without a result.
func (w *sweeping) abandon(p sweep.Progress) {
	w.count.Sent += p.Asked - p.Done
	w.count.Outcomes[attempt.Cancelled] += p.Asked - p.Done
	w.left = p.Total - p.Asked
}

// take counts a result and keeps or writes it if it is to be listed.
func (w *sweeping) take(f sweep.Found) {
	w.count.Count(&f.Result)
	if !w.expect.Met(f.Port, f.Result.Outcome) {
		w.differ = append(w.differ, f)
	}
	if !w.every && !f.Result.OK() && f.Result.Outcome != attempt.DNSError {
		return
	}
	if w.stream {
		if live.Terminal(w.call.Stdout) {
			w.screen.Clear()
		}
		w.write(f)
		return
	}
	w.kept = append(w.kept, f)
}

func (w *sweeping) write(f sweep.Found) {
	w.sink.Finding(record.Finding{Kind: "port", Result: &f.Result})
}

// finish lists what was kept, in order, and judges.
func (w *sweeping) finish() error {
	byPlace := func(a, b sweep.Found) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port)) }
	slices.SortFunc(w.kept, byPlace)
	slices.SortFunc(w.differ, byPlace)
	for _, f := range w.kept {
		w.write(f)
	}
	for _, f := range w.differ {
		w.sink.Difference(&f.Result, w.expect.Of(f.Port))
	}
	w.sink.Summary(&record.Summary{Tally: &w.count, Elapsed: time.Since(w.began), NotAsked: w.left})
	return w.end(w.code())
}

func (w *sweeping) code() exit.Code {
	local := w.count.Outcomes[attempt.LocalError]
	switch {
	case local > 0 && local == w.count.Ended():
		return exit.Local
	case len(w.differ) > 0:
		return exit.No
	case w.lost > 0:
		return exit.NoName
	case w.expect.Any || w.count.OK > 0:
		return exit.OK
	}
	return exit.No
}

// namesLine is the live view while names are looked up.
func namesLine(hosts *sweep.Hosts, took time.Duration) string {
	done, all := hosts.Names()
	return fmt.Sprintf("%d/%d names looked up, %.1f s", done, all, took.Seconds())
}

// progressLines are the live view: how far, and the open ports so far.
func progressLines(run *sweep.Sweep, took time.Duration, kept []sweep.Found) []string {
	lines := []string{record.ProgressLine(run.Progress(), took)}
	const shown = 10
	for _, f := range kept[max(len(kept)-shown, 0):] {
		if f.Result.OK() {
			lines = append(lines, "  "+target.Label(f.Result.Target)+" ok")
		}
	}
	return lines
}
