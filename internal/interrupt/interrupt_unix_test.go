//go:build unix

package interrupt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/exit"
)

// interrupted, in the environment, makes this a process that is interrupted and
// takes its time.
const interrupted = "NETTOOL_TEST_INTERRUPTED"

func TestMain(m *testing.M) {
	if os.Getenv(interrupted) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	ctx, _, stop := Context()
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	time.Sleep(time.Minute)
	stop()
}

func TestContext(t *testing.T) {
	for sig, want := range map[syscall.Signal]exit.Code{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		ctx, _, stop := Context()
		syscall.Kill(syscall.Getpid(), sig)
		<-ctx.Done()
		cause := context.Cause(ctx)
		if got, ok := Of(ctx); got != sig || !ok || exit.Of(cause) != want || !errors.Is(cause, context.Canceled) {
			t.Errorf("%v: %v, %v, cause %v (code %d)", sig, got, ok, cause, exit.Of(cause))
		}
		stop()
	}
}

func TestNoSignal(t *testing.T) {
	ctx, cancel, stop := Context()
	cancel(errors.New("full"))
	if cause := context.Cause(ctx); cause.Error() != "full" {
		t.Errorf("cause %v", cause)
	}
	stop()
	if sig, ok := Of(ctx); ok {
		t.Errorf("there was a signal %v", sig)
	}
	ctx, _, stop = Context()
	stop()
	if _, ok := Of(ctx); ok || ctx.Err() == nil {
		t.Errorf("after stop: %v", ctx.Err())
	}
}

// TestSecondSignal: the echo of a signal is none, and the next one ends the
// process as if nobody handled it.
func TestSecondSignal(t *testing.T) {
	for sig, says := range map[syscall.Signal]string{syscall.SIGINT: "ended by SIGINT", syscall.SIGTERM: "ended by SIGTERM"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), interrupted+"=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		lines.Scan()
		began := time.Now()
		cmd.Process.Signal(sig)
		if lines.Scan(); lines.Text() != says {
			t.Errorf("%v: it says %q", sig, lines.Text())
		}
		ended := make(chan error)
		go func() { ended <- cmd.Wait() }()
		for over := false; !over; {
			cmd.Process.Signal(sig)
			select {
			case <-ended:
				over = true
			case <-time.After(10 * time.Millisecond):
			}
		}
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if took := time.Since(began); !status.Signaled() || status.Signal() != sig || took < echo {
			t.Errorf("%v: %v after %v", sig, cmd.ProcessState, took)
		}
	}
}
