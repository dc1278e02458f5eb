package report

import "syscall"

func signalName(n syscall.Signal) string { return n.String() }
