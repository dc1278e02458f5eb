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

// notify brings signals to the returned channel, those that end the server
// without their echoes, until stop is called.
func notify(sigs ...os.Signal) (signals <-chan os.Signal, stop func()) {
	raw, distinct := make(chan os.Signal, 4), make(chan os.Signal, 4)
	signal.Notify(raw, sigs...)
	go dropEchoes(raw, distinct)
	return distinct, func() {
		signal.Stop(raw)
		close(raw)
	}
}

func dropEchoes(raw <-chan os.Signal, distinct chan<- os.Signal) {
	var last os.Signal
	var at time.Time
	for sig := range raw {
		ends := sig == syscall.SIGTERM || sig == syscall.SIGINT
		if ends && sig == last && time.Since(at) < echo {
			continue
		}
		last, at = sig, time.Now()
		select {
		case distinct <- sig:
		default: // four are waiting already
		}
	}
}
