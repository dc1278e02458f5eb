package ping

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestExact: signals, which the runtime sends its threads all the time, do not have a
// tick begin early.
func TestExact(t *testing.T) {
	t.Parallel()
	thread, over := make(chan int), make(chan time.Duration)
	due := time.Now().Add(50 * time.Millisecond)
	go func() {
		runtime.LockOSThread()
		thread <- unix.Gettid()
		exact(due)
		over <- time.Until(due)
	}()
	asleep := <-thread
	for {
		select {
		case early := <-over:
			if early > 0 {
				t.Errorf("%v early", early)
			}
			return
		default:
			unix.Tgkill(unix.Getpid(), asleep, unix.SIGURG)
		}
	}
}
