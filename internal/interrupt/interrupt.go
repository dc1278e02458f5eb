// Package interrupt lets SIGINT and SIGTERM end a context instead of the process.
package interrupt

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"nettool/internal/exit"
)

// echo is how soon after the first signal another one is no second request:
// timeout(1) sends its signal to the process and then to the process group.
const echo = 100 * time.Millisecond

// Context returns a context that the first SIGINT or SIGTERM ends. Its cause is
// an *Error inside an *exit.Error with the signal's code. A second signal ends the
// process as if nobody handled signals: whoever sends it does not want to wait.
//
// cancel ends the context for another reason. stop, which must be called, ends it
// as well and stops handling signals.
func Context() (ctx context.Context, cancel context.CancelCauseFunc, stop func()) {
	ctx, cancel = context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	var watching sync.WaitGroup
	watching.Go(func() { watch(signals, cancel) })
	return ctx, cancel, func() {
		signal.Stop(signals)
		cancel(nil)
		close(signals)
		watching.Wait()
	}
}

// watch cancels on the first signal, ignores its echoes, and leaves the next one
// to the system.
func watch(signals <-chan os.Signal, cancel context.CancelCauseFunc) {
	first, ok := <-signals
	if !ok {
		return
	}
	number, _ := first.(syscall.Signal)
	cancel(exit.With(exit.Signal(number), &Error{number}))
	echoes := time.NewTimer(echo)
	defer echoes.Stop()
	for {
		select {
		case _, ok := <-signals:
			if !ok {
				return
			}
		case <-echoes.C:
			signal.Reset(syscall.SIGINT, syscall.SIGTERM)
			return
		}
	}
}

// OnQuit calls end on SIGQUIT, which otherwise has Go show the stacks of all
// goroutines, for as long as the process lives.
func OnQuit(end func(error)) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGQUIT)
	go awaitQuit(signals, end)
}

func awaitQuit(signals <-chan os.Signal, end func(error)) {
	<-signals
	end(exit.With(exit.Signal(syscall.SIGQUIT), &Error{syscall.SIGQUIT}))
}

// BrokenPipe ends the process by SIGPIPE, the way a broken pipe ends any other, unless
// somebody ignores that for us. Only os.Stdout's Write makes the runtime do it; the byte
// cannot arrive.
func BrokenPipe(stdout *os.File) {
	signal.Reset(syscall.SIGPIPE)
	stdout.Write([]byte{0})
}

// Error means that a signal ended a context. It is a context.Canceled, too.
type Error struct{ Signal syscall.Signal }

// Error names the signal.
func (e *Error) Error() string {
	switch e.Signal {
	case syscall.SIGINT:
		return "ended by SIGINT"
	case syscall.SIGQUIT:
		return "ended by SIGQUIT"
	}
	return "ended by SIGTERM"
}

// Is makes errors.Is take e for context.Canceled.
func (e *Error) Is(target error) bool { return target == context.Canceled }

// Of returns the signal that ended ctx; ok is false when there was none.
func Of(ctx context.Context) (s syscall.Signal, ok bool) {
	e, ok := errors.AsType[*Error](context.Cause(ctx))
	if !ok {
		return 0, false
	}
	return e.Signal, true
}
