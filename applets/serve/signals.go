package serve

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// echo is how soon after a signal the same signal is no second one: timeout(1)
// sends its signal to the process and then to the process group.
const echo = 100 * time.Millisecond

// notify brings signals to the returned channel, those that end the server first
// and without their echoes. It does so for as long as the process lives: a signal
// that comes late must not decide the exit status.
func notify(sigs ...os.Signal) <-chan os.Signal {
	ends, others, all := make(chan os.Signal, 8), make(chan os.Signal), make(chan os.Signal)
	for _, sig := range sigs {
		if endsServer(sig) {
			signal.Notify(ends, sig)
			continue
		}
		pending := make(chan os.Signal, 1) // as for the kernel: once is enough
		signal.Notify(pending, sig)
		go func() {
			for sig := range pending {
				others <- sig
			}
		}()
	}
	go merge(ends, others, all)
	return all
}

func endsServer(sig os.Signal) bool { return sig == syscall.SIGTERM || sig == syscall.SIGINT }

// merge passes signals on, from ends first.
func merge(ends, others <-chan os.Signal, to chan<- os.Signal) {
	var last os.Signal
	var at time.Time
	for {
		var sig os.Signal
		select {
		case sig = <-ends:
		default:
			select {
			case sig = <-ends:
			case sig = <-others:
			}
		}
		if endsServer(sig) {
			if sig == last && time.Since(at) < echo {
				continue
			}
			last, at = sig, time.Now()
		}
		to <- sig
	}
}
