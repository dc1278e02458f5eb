package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"nettool/internal/landlock"
)

// Enter puts this process, with all its threads, into the sandbox, for good. What
// is open stays so. After an error it is in as far as could be.
//
// No other process can look into it (PR_SET_DUMPABLE), it has no capabilities, gets
// no rights by executing something (PR_SET_NO_NEW_PRIVS), makes none of the system
// calls that serve to touch other processes, the network or the machine
// (seccomp(2)), and opens no file (landlock(7)). It is in a domain of its own:
// processes in sandboxes can neither signal nor trace each other, nor their parent.
func Enter(needs Needs) error {
	return errors.Join(
		disarm(),
		allThreads("prctl", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1),
		confine(needs),
		forbid(filter(needs, os.Getpid()), unix.SECCOMP_FILTER_FLAG_TSYNC),
		hide(),
	)
}

// hide lets no other process look into this one: prctl(2). It comes last, as /proc/self
// is root's from then on.
func hide() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
}

// disarm gives up all capabilities: capabilities(7).
func disarm() error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var held [2]unix.CapUserData
	if err := unix.Capget(&head, &held[0]); err != nil {
		return os.NewSyscallError("capget", err)
	}
	if held[0].Permitted|held[1].Permitted == 0 {
		return nil
	}
	var none [2]unix.CapUserData
	return allThreads("capset", unix.SYS_CAPSET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&none)))
}

// forbid installs a filter of system calls. With TSYNC all threads get it. The
// caller has no_new_privs.
func forbid(f []unix.SockFilter, flags uintptr) error {
	if f == nil {
		return fmt.Errorf("seccomp: not for this processor")
	}
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}

// confine enters a Landlock domain. All threads have no_new_privs. It goes before the
// filter, which would not let some builds reach their threads.
func confine(needs Needs) error {
	set, err := ruleset(needs)
	if err != nil {
		return err
	}
	defer set.Close()
	return allThreads("landlock_restrict_self", unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(set.FD()), 0)
}

func ruleset(needs Needs) (landlock.Ruleset, error) {
	rules := landlock.Rules{
		Read: append(threadList(), needs.Read...), Write: needs.Write,
		Connect: needs.Connect, Abstract: needs.Abstract,
	}
	if needs.From {
		rules.Bind = []uint16{0}
	}
	return landlock.New(rules)
}

// Lacks tells what the kernel, or what confines this process already, does not let
// Enter do; nil is nothing. A thread tries it, and ends.
func Lacks(needs Needs) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		result <- try(needs)
	}()
	return <-result
}

// try is Enter for the calling thread.
func try(needs Needs) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	missing := forbid(filter(needs, os.Getpid()), 0)
	set, err := ruleset(needs)
	if err != nil {
		return errors.Join(missing, err)
	}
	defer set.Close()
	if err := set.Enforce(); err != nil {
		return errors.Join(missing, err)
	}
	if !landlock.Parts() {
		return errors.Join(missing, fmt.Errorf("landlock: the kernel does not part signals"))
	}
	if len(needs.Connect) > 0 && !landlock.Ports() {
		return errors.Join(missing, fmt.Errorf("landlock: the kernel does not tell TCP ports apart"))
	}
	return missing
}
