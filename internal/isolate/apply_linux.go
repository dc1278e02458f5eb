package isolate

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"nettool/internal/landlock"
)

// CloneFlags are the namespaces as clone(2) has them.
func (n Namespaces) CloneFlags() (flags uintptr) {
	for i, flag := range []uintptr{
		unix.CLONE_NEWNET, unix.CLONE_NEWPID, unix.CLONE_NEWIPC,
		unix.CLONE_NEWUTS, unix.CLONE_NEWNS, unix.CLONE_NEWUSER,
	} {
		if n.Has(1 << i) {
			flags |= flag
		}
	}
	return flags
}

// Wear applies what is worn to the calling thread, for ever.
func (s *Settings) Wear() error {
	if s.Masked {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		unix.Umask(s.Umask)
	}
	if s.NoNewPrivs {
		return noNewPrivs()
	}
	return nil
}

// Enter applies what has to do with files and the scheduler. The caller has its
// thread to itself, and no other one in its process opens files or starts
// programs: directories are those of all (CLONE_FS, clone(2)).
func (s *Settings) Enter() error {
	for _, step := range []func() error{s.ownMounts, s.chroot, s.mount, s.chdir, s.schedule} {
		if err := step(); err != nil {
			return err
		}
	}
	if s.Masked {
		unix.Umask(s.Umask)
	}
	return nil
}

// ownMounts keeps from the other namespaces what is mounted in ours.
func (s *Settings) ownMounts() error {
	if !s.Namespaces.Has(Mount) {
		return nil
	}
	return s.took("unshare mount", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), CapSysAdmin)
}

func (s *Settings) chroot() error {
	if s.Chroot == "" {
		return nil
	}
	err := unix.Chroot(s.Chroot)
	if err == nil {
		err = unix.Chdir("/")
	}
	return s.took(fmt.Sprintf("chroot %q", s.Chroot), err, CapSysChroot)
}

// mount covers directories. The working directory is the one of its name from
// then on, or the root.
func (s *Settings) mount() error {
	if len(s.Tmpfs) == 0 && !s.Proc {
		return nil
	}
	here, err := unix.Getwd()
	if err != nil {
		here = "/"
	}
	for _, t := range s.Tmpfs {
		options := "mode=1777"
		if t.Size > 0 {
			options += fmt.Sprintf(",size=%d", t.Size)
		}
		err := unix.Mount("tmpfs", t.Path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options)
		if err := s.took(fmt.Sprintf("tmpfs %q", t.Path), err, CapSysAdmin); err != nil {
			return err
		}
	}
	if s.Proc { // a container's, some of which is covered, forbids another
		unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	}
	if unix.Chdir(here) != nil {
		unix.Chdir("/")
	}
	return nil
}

func (s *Settings) chdir() error {
	if s.Workdir == "" {
		return nil
	}
	return s.took(fmt.Sprintf("workdir %q", s.Workdir), unix.Chdir(s.Workdir))
}

// schedule changes the thread's niceness, which is as much as the kernel allows
// when it would be more.
func (s *Settings) schedule() error {
	if s.Nice == 0 {
		return nil
	}
	now, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // 20 minus the niceness: getpriority(2), C library/kernel differences
	if err == nil {
		err = unix.Setpriority(unix.PRIO_PROCESS, 0, 20-now+s.Nice)
	}
	return s.took(fmt.Sprintf("nice %d", s.Nice), err, CapSysNice)
}

// Confine takes from the thread what cannot be given back: with a Landlock domain
// goes no_new_privs, prctl(2).
func (s *Settings) Confine() error {
	if !s.NoNewPrivs && len(s.Landlock) == 0 {
		return nil
	}
	if err := noNewPrivs(); err != nil || len(s.Landlock) == 0 {
		return err
	}
	rules := landlock.Rules{TCP: true}
	for _, r := range s.Landlock {
		if r.Write {
			rules.Write = append(rules.Write, r.Path)
		} else {
			rules.Read = append(rules.Read, r.Path)
		}
	}
	set, err := landlock.New(rules)
	if err != nil {
		return err
	}
	defer set.Close()
	return set.Enforce()
}

func noNewPrivs() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privs: %w", err)
	}
	return nil
}

// Limit sets the limits of the process. What it allocates from then on may be too
// much: the caller becomes the program now.
func (s *Settings) Limit() error {
	last := []string{"nproc", "data", "as"}
	for _, l := range s.Rlimits {
		if !slices.Contains(last, l.Name) {
			if err := s.limit(l); err != nil {
				return err
			}
		}
	}
	for _, name := range last {
		for _, l := range s.Rlimits {
			if l.Name == name {
				if err := s.limit(l); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *Settings) limit(l Rlimit) error {
	// syscall's own, so that an exec does not put back the limit of descriptors.
	limit := syscall.Rlimit{Cur: l.Soft, Max: l.Hard}
	if err := syscall.Setrlimit(resource(l.Name), &limit); err != nil {
		return s.took("rlimit "+l.String(), err, CapSysResource)
	}
	return nil
}

// Raises reports whether a limit is above what this process may set by itself.
func Raises(l Rlimit) bool {
	var now syscall.Rlimit
	return syscall.Getrlimit(resource(l.Name), &now) == nil && l.Hard > now.Max
}

// resource is a limit's number. They differ between processors.
func resource(name string) int {
	return [...]int{
		unix.RLIMIT_AS, unix.RLIMIT_CORE, unix.RLIMIT_CPU, unix.RLIMIT_DATA,
		unix.RLIMIT_FSIZE, unix.RLIMIT_LOCKS, unix.RLIMIT_MEMLOCK, unix.RLIMIT_MSGQUEUE,
		unix.RLIMIT_NICE, unix.RLIMIT_NOFILE, unix.RLIMIT_NPROC, unix.RLIMIT_RSS,
		unix.RLIMIT_RTPRIO, unix.RLIMIT_RTTIME, unix.RLIMIT_SIGPENDING, unix.RLIMIT_STACK,
	}[slices.Index(rlimitNames(), name)]
}

// took is err with what was being done, and when it was forbidden, with what would
// have allowed it.
func (s *Settings) took(doing string, err error, would ...Capability) error {
	switch {
	case err == nil:
		return nil
	case len(would) > 0 && (errors.Is(err, unix.EPERM) || would[0] == CapSysNice):
		return fmt.Errorf("%s: %w: %s", doing, err, s.Takes(would[0]))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Takes says what allows what a capability allows.
func (s *Settings) Takes(c Capability) string {
	switch {
	case s.Namespaces.Has(User):
		return "it takes " + c.String() + ", which no user namespace gives"
	case c == CapSysChroot || c == CapSysAdmin:
		return "it takes " + c.String() + ", or --unshare user"
	}
	return "it takes " + c.String()
}
