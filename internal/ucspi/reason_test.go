package ucspi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

func TestReason(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"file does not exist":   &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT},
		"connection refused":    fmt.Errorf("dial: %w", os.NewSyscallError("connect", syscall.ECONNREFUSED)),
		"out of disk space":     syscall.ENOSPC,
		"exec format error":     syscall.ENOEXEC,
		"address not available": os.NewSyscallError("bind", syscall.EADDRNOTAVAIL),
		"timed out":             context.DeadlineExceeded,
		"unknown error":         errors.New("something else"),
	} {
		if got := Reason(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	if got := Reason(syscall.Errno(4095)); got != "unknown error" {
		t.Errorf("got %q", got)
	}
}
