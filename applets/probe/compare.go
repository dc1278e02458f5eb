package probe

import (
	"io"
	"os"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/compare"
	"nettool/internal/probe/record"
	"nettool/internal/probe/saved"
)

// Run compares.
func (c *compareCmd) Run(call *cli.Call, shared *Cmd) error {
	if err := noProgram(call); err != nil {
		return err
	}
	if c.Fail != nil && !(*c.Fail >= 0) {
		return exit.Errorf(exit.Usage, "--fail-worse=%v: want a percentage", *c.Fail)
	}
	if shared.Result.Output == "prom" {
		return exit.Errorf(exit.Usage, "compare has no -o prom; there are text, json and csv")
	}
	before, err := read(c.Old)
	if err != nil {
		return err
	}
	after, err := read(c.New)
	if err != nil {
		return err
	}
	pairs := compare.Runs(before, after)
	out := io.Writer(call.Stdout)
	if shared.Result.Quiet {
		out = io.Discard
	}
	if err := record.Comparison(out, shared.Result.Output, pairs); err != nil {
		return err
	}
	return exit.Status(c.judge(pairs))
}

func read(name string) (*saved.Run, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, exit.Errorf(exit.Local, "read a run: %w", err)
	}
	defer f.Close()
	run, err := saved.Read(f)
	if err != nil {
		return nil, exit.Errorf(exit.Local, "read a run: %q: %w", name, err)
	}
	return run, nil
}

// judge is the exit code: whether something is worse by more than is allowed.
func (c *compareCmd) judge(pairs []compare.Pair) exit.Code {
	for i := range pairs {
		for _, r := range pairs[i].Rows {
			if c.Fail != nil && r.Verdict == compare.Worse && r.Loss() > *c.Fail/100 {
				return exit.No
			}
		}
	}
	return exit.OK
}
