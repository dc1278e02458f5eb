package spawn

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forkExec is syscall.ForkExec with no signal blocked in the new process, whatever
// our starter has blocked. Those that the runtime handles get their default
// disposition from it.
func forkExec(path string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	runtime.LockOSThread() // the process gets the mask of the thread
	defer runtime.UnlockOSThread()
	var none unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil); err != nil {
		return 0, err
	}
	return syscall.ForkExec(path, argv, attr)
}

// DefaultStops gives this process, and those that it starts, the signals of job
// control as they are by default, should our starter have ignored them. They are
// the only ones that the runtime does not handle, but for SIGHUP and SIGINT if
// they are ignored: see os/signal.
func DefaultStops() {
	var action [64]byte // SIG_DFL, without flags: larger than any struct sigaction
	for _, sig := range []unix.Signal{unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU} {
		unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, unsafe.Sizeof(uint64(0)), 0, 0)
	}
}
