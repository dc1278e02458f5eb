package probe

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/record"
	"nettool/internal/probe/target"
	"nettool/internal/probe/wait"
	"nettool/internal/program"
	"nettool/internal/report"
)

// defaultDeadline is how long a wait may take, unless it is told otherwise.
const defaultDeadline = 30 * time.Second

// Run waits for the targets, then becomes the command.
func (c *waitCmd) Run(call *cli.Call, shared *Cmd) error {
	path, err := findCommand(call.Rest)
	if err != nil {
		return err
	}
	s, err := shared.begin(call, c.Targets, attempt.QuickTimeout)
	if err != nil {
		return c.advised(call, err)
	}
	all := target.Expand(s.targets)
	need, err := c.need(len(all))
	if err != nil {
		return err
	}
	if call.Rest != nil && shared.Result.Output != "text" {
		s.sink = shared.Result.sink(call.Stderr) // standard output will be the command's
	}
	ctx, cancel := s.until(c.Deadline.Or(defaultDeadline))
	defer cancel()
	view := newWaitView(call, shared.Result)
	config := wait.Config{Spec: s.spec, Interval: c.Interval.Or(0), For: int(c.For), Down: c.Down, Turn: view.turn}
	done := wait.All(ctx, config, all, need, func(e *wait.Ending) { c.ended(s, view, e, shared.Result) })
	view.end()
	if done < need {
		return s.end(exit.WaitDeadline)
	}
	if err := s.end(exit.OK); err != nil || path == "" {
		return err
	}
	return program.Become(path, call.Rest, os.Environ())
}

// advised adds what may have been meant to an error about a target behind the first: a
// command, of wait-for-it's way, without its "--".
func (c *waitCmd) advised(call *cli.Call, err error) error {
	for i := 1; i < len(c.Targets) && call.Rest == nil; i++ {
		if strings.Contains(err.Error(), strconv.Quote(c.Targets[i])) {
			line := append(append([]string{call.Name, "wait"}, c.Targets[:i]...), "--")
			return exit.Hint(err, "a command to become comes after --, as in "+strings.Join(append(line, c.Targets[i:]...), " "))
		}
	}
	return err
}

// ended writes how one wait ended: to standard output, or to standard error when
// a command will own standard output.
func (c *waitCmd) ended(s *session, view *waitView, e *wait.Ending, flags resultFlags) {
	view.ended(e.Last.Target, func() {
		if s.call.Rest == nil || flags.Output != "text" {
			s.sink.Waited(e)
			s.flush()
		} else if !flags.Quiet {
			report.Notice(s.call.Stderr, s.call.Name, "%s", record.WaitedLine(e))
		}
	})
}

// until bounds the session's context; zero is no bound.
func (s *session) until(d time.Duration) (ctx context.Context, cancel context.CancelFunc) {
	if d == 0 {
		return context.WithCancel(s.ctx)
	}
	return context.WithTimeout(s.ctx, d)
}

// findCommand looks a command up before anything is waited for. No command
// line is no error.
func findCommand(line []string) (path string, err error) {
	if line == nil {
		return "", nil
	}
	if len(line) == 0 {
		return "", exit.Errorf(exit.Usage, "no command after --")
	}
	return program.Find(line[0])
}
