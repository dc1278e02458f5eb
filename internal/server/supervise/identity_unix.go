//go:build unix

package supervise

import (
	"fmt"
	"syscall"
)

// Assume makes the whole process, all its threads, this identity: groups
// first, while we may. There is no way back (credentials(7)). Who is that
// already, as a successor after an upgrade is, keeps what it has. A nil identity
// changes nothing.
func (id *Identity) Assume() error {
	if id == nil || id.isOurs() {
		return nil
	}
	if err := syscall.Setgroups(id.groups); err != nil {
		return fmt.Errorf("set groups %v: %w", id.groups, err)
	}
	if err := syscall.Setgid(id.gid); err != nil {
		return fmt.Errorf("set group %d: %w", id.gid, err)
	}
	if id.uid < 0 {
		return nil
	}
	if err := syscall.Setuid(id.uid); err != nil {
		return fmt.Errorf("set user %d: %w", id.uid, err)
	}
	if id.uid != 0 && syscall.Setuid(0) == nil {
		return fmt.Errorf("set user %d: the way back to root is open", id.uid)
	}
	return nil
}

func (id *Identity) isOurs() bool {
	return (id.uid < 0 || (syscall.Getuid() == id.uid && syscall.Geteuid() == id.uid)) &&
		syscall.Getgid() == id.gid && syscall.Getegid() == id.gid && syscall.Geteuid() != 0
}
