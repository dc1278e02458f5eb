package handoff

import "golang.org/x/sys/unix"

// Now is CLOCK_MONOTONIC in nanoseconds: the clock that parent and child share.
func Now() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0
	}
	return ts.Nano()
}
