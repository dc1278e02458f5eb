package sandbox

import "golang.org/x/sys/unix"

// arch is the processor whose calls are numbered as ours, and foreign the number from
// which on they are another's.
const (
	arch    = unix.AUDIT_ARCH_I386
	foreign = 1<<32 - 1
)

// older are calls like those of others that newer processors do not have.
var older = [...]uint32{
	unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_IPC,
}

// olderFiles are calls like those of files that newer processors do not have.
var olderFiles = [...]uint32{
	unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
}
