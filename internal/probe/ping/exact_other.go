//go:build !linux

package ping

import "time"

// exact waits for what is left of the time to due.
func exact(due time.Time) { time.Sleep(time.Until(due)) }
