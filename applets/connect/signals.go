package connect

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"nettool/internal/exit"
)

// untilSignal is a context that SIGINT and SIGTERM end; its cause carries the
// exit code. release gives the signals back.
func untilSignal() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM)
	go awaitSignal(ch, cancel)
	return ctx, func() {
		signal.Stop(ch)
		close(ch)
		cancel(nil)
	}
}

func awaitSignal(ch <-chan os.Signal, cancel context.CancelCauseFunc) {
	s, ok := <-ch
	if !ok {
		return
	}
	sig, name := syscall.SIGTERM, "SIGTERM"
	if s == os.Interrupt {
		sig, name = syscall.SIGINT, "SIGINT"
	}
	cancel(exit.With(exit.Signal(sig), errors.New("ended by "+name)))
}
