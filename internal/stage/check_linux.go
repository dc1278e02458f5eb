package stage

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handoff"
)

// checkOnly has execveat(2) only say whether it would succeed: AT_EXECVE_CHECK, of
// Linux 6.14.
const checkOnly = 0x10000

// executable reports why the program could not be executed here and now. An old
// kernel tells it at the first connection.
func executable(m *handoff.Stage) error {
	path, err := syscall.BytePtrFromString(m.Path)
	if err != nil {
		return exit.With(exit.NotExecutable, err)
	}
	argv, err := syscall.SlicePtrFromStrings(m.Argv)
	if err != nil {
		return exit.With(exit.NotExecutable, err)
	}
	environ := []*byte{nil}
	here := unix.AT_FDCWD
	_, _, errno := syscall.RawSyscall6(unix.SYS_EXECVEAT, uintptr(here), uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&environ[0])), checkOnly, 0)
	runtime.KeepAlive(environ)
	switch errno {
	case 0, unix.EINVAL, unix.ENOSYS:
		return nil
	}
	return exit.With(startCode(errno), &os.PathError{Op: "execute", Path: m.Path, Err: errno})
}
