package probe

import (
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/check"
	"nettool/internal/probe/record"
	"nettool/internal/probe/target"
)

// retryDelay is the pause before another try, unless another is given.
const retryDelay = 200 * time.Millisecond

// Run asks every target once.
func (c *checkCmd) Run(call *cli.Call, shared *Cmd) error {
	if !c.Nagios {
		return c.run(call, shared, nil)
	}
	plugin := &record.Plugin{}
	return pluginEnd(call, plugin, c.run(call, shared, plugin))
}

// run asks, and writes what it finds, or has plugin collect it.
func (c *checkCmd) run(call *cli.Call, shared *Cmd, plugin *record.Plugin) error {
	if err := noProgram(call); err != nil {
		return err
	}
	if plugin != nil && (shared.Result.Output != "text" || shared.Result.Quiet || shared.Result.Verbose) {
		return exit.Errorf(exit.Usage, "--nagios writes one line of its own: it does not go with --output, --quiet or --verbose")
	}
	s, err := shared.begin(call, c.Targets, attempt.DefaultTimeout)
	if err != nil {
		return err
	}
	if c.Retries < 0 {
		return exit.Errorf(exit.Usage, "--retries=%d: want a number that is not negative", c.Retries)
	}
	all := target.Expand(s.targets)
	need, err := c.need(len(all))
	if err != nil {
		return err
	}
	config := check.Config{Spec: s.spec, Need: need, Retries: c.Retries, Delay: c.Delay.Or(retryDelay)}
	if plugin != nil {
		plugin.Need, plugin.Spec = need, s.spec
		check.Run(s.ctx, config, all, plugin.Add)
		return s.end(exit.OK)
	}
	count := check.Run(s.ctx, config, all, func(r *attempt.Result) {
		s.sink.Finding(record.Finding{Kind: "attempt", Result: r})
		s.flush()
	})
	if len(all) > 1 || shared.Result.Output == "json" {
		s.sink.Summary(&record.Summary{Tally: count, Elapsed: time.Since(s.began)})
	}
	return s.end(check.Code(count, need))
}

// need is how many of n targets must be ok.
func (f *needFlags) need(n int) (int, error) {
	switch {
	case f.Any:
		return 1, nil
	case f.Min < 0 || f.Min > n:
		return 0, exit.Errorf(exit.Usage, "--min %d: there are %d targets", f.Min, n)
	case f.Min > 0:
		return f.Min, nil
	}
	return n, nil
}

// noProgram refuses a command where none is run.
func noProgram(call *cli.Call) error {
	if call.Rest == nil {
		return nil
	}
	return exit.Errorf(exit.Usage, "only probe wait runs a command after --")
}
