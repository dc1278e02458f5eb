//go:build cgo

package sandbox

import (
	"os"

	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// allThreads makes a system call in each thread of this process, also in those that
// C has made, which syscall.AllThreadsSyscall refuses to know.
//
//go:uintptrescapes
func allThreads(name string, trap, a1, a2 uintptr) error {
	if _, _, errno := psx.Syscall6(trap, a1, a2, 0, 0, 0, 0); errno != 0 {
		return os.NewSyscallError(name, errno)
	}
	return nil
}

// threadList is what must be readable for that: this process' own threads.
func threadList() []string { return []string{"/proc/self/task"} }
