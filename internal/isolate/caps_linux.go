package isolate

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Lacking is an error when this thread does not have one of the capabilities.
func Lacking(all []Need) error {
	held, err := capabilities()
	for _, n := range all {
		if c := n.Capability; err != nil || held[c/32].Permitted&(1<<(c%32)) == 0 {
			return fmt.Errorf("%s: it takes %s, which this process does not have", n.For, c)
		}
	}
	return nil
}

// DropCapabilities takes all capabilities from the thread, and from the programs
// that it becomes, even when they run as root: of another process' namespace.
func DropCapabilities() error {
	unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) // an old kernel does not know it
	for c := range uintptr(64) {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if err == unix.EINVAL { // there are no more
			break
		}
		if err != nil && os.Getuid() == 0 { // others do not get them by an exec
			return fmt.Errorf("drop capabilities: %w", err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}

// capabilities are those of the thread.
func capabilities() (held [2]unix.CapUserData, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	err = unix.Capget(&header, &held[0])
	return held, err
}
