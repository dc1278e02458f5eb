package probe

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/interrupt"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/record"
	"nettool/internal/probe/target"
)

// session is what every way of asking starts from.
type session struct {
	call    *cli.Call
	spec    attempt.Spec
	targets []target.Target
	sink    record.Sink
	ctx     context.Context // ends at ^C, SIGTERM and SIGHUP, and when results cannot be written
	quit    context.CancelCauseFunc
	stop    func()
	began   time.Time
}

// begin turns shared flags and targets into a session. The caller calls end.
func (c *Cmd) begin(call *cli.Call, targets []string, timeout time.Duration) (*session, error) {
	var all []target.Target
	s, err := c.beginWith(call, targets, timeout, func(t target.Target) error {
		all = append(all, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.targets = all
	if c.Which.EveryAddress {
		s.targets = s.spread(all)
	}
	return s, nil
}

// spread has a target for each address of a name. One that cannot be looked up stays
// what it is: asking it tells why.
func (s *session) spread(all []target.Target) []target.Target {
	found := make([][]target.Target, len(all))
	slots := attempt.NewSlots(min(attempt.Room(), 2*maxLookups))
	var lookups sync.WaitGroup
	for i, t := range all {
		found[i] = []target.Target{t}
		if !t.Named() {
			continue
		}
		lookups.Go(func() {
			if at, r := slots.Lookup(s.ctx, &s.spec, t.Addr); r.OK() {
				found[i] = t.Each(at)
			}
		})
	}
	lookups.Wait()
	return slices.Concat(found...)
}

// maxLookups bounds the names that are looked up at once.
const maxLookups = 128

// beginWith is begin for those that keep targets in a way of their own: take takes one.
func (c *Cmd) beginWith(call *cli.Call, targets []string, timeout time.Duration, take func(target.Target) error) (*session, error) {
	if err := attempt.Ready(); err != nil {
		return nil, err
	}
	s := &session{call: call, began: time.Now()}
	var err error
	if c.Which.MaxHosts < 1 {
		return nil, exit.Errorf(exit.Usage, "--max-hosts=%d: want a number above zero", c.Which.MaxHosts)
	}
	if s.spec, err = c.Attempt.spec(timeout); err != nil {
		return nil, err
	}
	list := target.List{Args: targets, Stdin: call.Stdin, MaxHosts: c.Which.MaxHosts}
	err = list.Each(func(t target.Target) error {
		if err := c.Attempt.Source.Fits(t.Addr); err != nil {
			return err
		}
		if err := s.spec.Fits(t.Addr); err != nil {
			return err
		}
		return take(t)
	})
	if err != nil {
		return nil, err
	}
	s.sink = c.Result.sink(call.Stdout)
	s.ctx, s.quit, s.stop = interrupt.Context()
	s.stop = s.onHangUp(s.stop)
	return s, nil
}

// onHangUp has SIGHUP, which comes when the terminal goes, end the session as ^C does,
// so that the summary is written: standard output may be a file. nohup(1) ignores it,
// and so do we. It returns stop with this ended, too.
func (s *session) onHangUp(stop func()) func() {
	if signal.Ignored(syscall.SIGHUP) {
		return stop
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	var watching sync.WaitGroup
	watching.Go(func() { s.awaitHangUp(signals) })
	return func() {
		signal.Stop(signals)
		close(signals)
		watching.Wait()
		stop()
	}
}

// awaitHangUp ends the session at the first signal. The shell may send another.
func (s *session) awaitHangUp(signals <-chan os.Signal) {
	for range signals {
		s.quit(exit.With(exit.Signal(syscall.SIGHUP), &interrupt.Error{Signal: syscall.SIGHUP}))
	}
}

func (f *resultFlags) sink(stdout *os.File) record.Sink {
	if f.Quiet {
		return record.New(io.Discard, "text", false)
	}
	return record.New(stdout, f.Output, f.Verbose)
}

// flush writes what was found so far. If that fails, the session ends, and end says
// why.
func (s *session) flush() {
	if s.sink.Flush() != nil {
		s.quit(context.Canceled)
	}
}

// end writes what is left and returns the exit code as an error: a failure to
// write results comes first, then a signal's code.
func (s *session) end(code exit.Code) error {
	if sig, ok := interrupt.Of(s.ctx); ok {
		code = exit.Signal(sig)
	}
	return s.judged(code)
}

// judged is end for a run that a signal may end: the code is the results'.
func (s *session) judged(code exit.Code) error {
	s.stop()
	if err := s.sink.Close(); err != nil {
		return err
	}
	return exit.Status(code)
}
