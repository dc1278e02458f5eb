//go:build !linux

package supervise

import "time"

// Service managers that want to be told are Linux's.

func watchdogInterval() (time.Duration, error) { return 0, nil }

func monotonicState() string { return "" }

func tellManager(string) error { return nil }
