//go:build !linux

package status

import "nettool/internal/server/run"

// findRTT does nothing: only Linux tells about other processes' sockets.
func findRTT([]run.Live) {}
