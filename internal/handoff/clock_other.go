//go:build !linux

package handoff

import "time"

var began = time.Now()

// Now is a monotonic clock in nanoseconds, that of this process.
func Now() int64 { return int64(time.Since(began)) }
