//go:build unix

package supervise

import (
	"fmt"
	"os"
	"slices"
	"syscall"
)

// Assume makes the whole process, all its threads, this identity: groups
// first, while we may. There is no way back (credentials(7)). Who is that
// already, as a successor after an upgrade is, has nothing to do; a supplementary
// group that is not the identity's goes, or is an error. A nil identity changes
// nothing.
func (id *Identity) Assume() error {
	if id == nil {
		return nil
	}
	if id.isOurs() && id.holdsGroups() {
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

// Credential is the identity of a process that is started with it.
func (id *Identity) Credential() *syscall.Credential {
	c := &syscall.Credential{Uid: uint32(id.uid), Gid: uint32(id.gid)}
	for _, gid := range id.groups {
		c.Groups = append(c.Groups, uint32(gid))
	}
	return c
}

func (id *Identity) isOurs() bool {
	return (id.uid < 0 || (syscall.Getuid() == id.uid && syscall.Geteuid() == id.uid)) &&
		syscall.Getgid() == id.gid && syscall.Getegid() == id.gid && syscall.Geteuid() != 0
}

// isOurs reports whether a file belongs to who we are.
func isOurs(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == syscall.Geteuid()
}

// holdsGroups reports whether we have no supplementary group but those of the
// identity.
func (id *Identity) holdsGroups() bool {
	ours, err := syscall.Getgroups()
	return err == nil && !slices.ContainsFunc(ours, func(gid int) bool { return gid != id.gid && !slices.Contains(id.groups, gid) })
}
