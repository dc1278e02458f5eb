package ping

import (
	"time"

	"golang.org/x/sys/unix"
)

// exact waits for what is left of the time to due, within slack: the runtime's
// timers may be a millisecond late, which is long on a local network. A signal ends a
// nanosleep(2) early, and the runtime sends its own.
func exact(due time.Time) {
	for left := time.Until(due); left > 0; left = time.Until(due) {
		ts := unix.NsecToTimespec(int64(left))
		unix.Nanosleep(&ts, nil)
	}
}
