//go:build !cgo

package sandbox

import (
	"os"
	"syscall"
)

// allThreads makes a system call in each thread of this process.
//
//go:uintptrescapes
func allThreads(name string, trap, a1, a2 uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall(trap, a1, a2, 0); errno != 0 {
		return os.NewSyscallError(name, errno)
	}
	return nil
}

// threadList is what must be readable for that.
func threadList() []string { return nil }
