package run

import "syscall"

// SignalName is a signal's name.
func SignalName(s syscall.Signal) string { return s.String() }
