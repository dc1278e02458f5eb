package sandbox

import "golang.org/x/sys/unix"

// arch is the processor whose calls are numbered as ours, and foreign the number from
// which on they are another's.
const (
	arch    = unix.AUDIT_ARCH_AARCH64
	foreign = 1<<32 - 1
)

// Older calls are not there.
var older, olderFiles [0]uint32
