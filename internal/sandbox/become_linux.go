package sandbox

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Become makes all threads of this process another user, with these groups and without
// capabilities: credentials(7). It takes CAP_SETUID and CAP_SETGID. There is no way
// back but to the saved user, and, once Enter was called, not that.
func Become(uid, gid, saved int, groups []int) error {
	if err := syscall.Setgroups(groups); err != nil {
		return fmt.Errorf("set groups %v: %w", groups, err)
	}
	if err := syscall.Setresgid(gid, gid, gid); err != nil {
		return fmt.Errorf("set group %d: %w", gid, err)
	}
	if err := syscall.Setresuid(uid, uid, saved); err != nil {
		return fmt.Errorf("set user %d: %w", uid, err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil { // Enter needs /proc/self, and hides us afterwards
		return os.NewSyscallError("prctl", err)
	}
	return disarm()
}
