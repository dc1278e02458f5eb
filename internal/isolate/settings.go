// Package isolate keeps a program from what it has no need of: it holds what the
// program is to be kept from, and applies it in the process that becomes the
// program.
package isolate

import (
	"fmt"
	"slices"
	"strings"
)

// Settings say how a program is kept apart. The zero value is not at all.
type Settings struct {
	Chroot  string // directory that becomes its root
	Workdir string // where it starts: of Chroot, if there is one

	Umask   int // its file mode creation mask, when
	Masked  bool
	Nice    int // what is added to its niceness
	Rlimits []Rlimit

	NoNewPrivs bool
	Landlock   []PathRule // none is no Landlock domain

	Namespaces Namespaces
	Tmpfs      []Tmpfs // mounted in its own mount namespace
	Proc       bool    // so is proc(5), where that is allowed

	Subreaper bool // what it leaves running counts as its own
}

// Rlimit is a limit of resources, setrlimit(2).
type Rlimit struct {
	Name       string // as in setrlimit(2), in small letters, without RLIMIT_
	Soft, Hard uint64
}

// Unlimited is no limit: RLIM_INFINITY.
const Unlimited = ^uint64(0)

// PathRule is what a Landlock domain can do with a file, or a directory and all
// below it.
type PathRule struct {
	Path  string
	Write bool // change, make and remove, beside reading and executing
}

// Tmpfs is a file system in memory, tmpfs(5).
type Tmpfs struct {
	Path string
	Size int64 // in bytes; zero is the kernel's own limit, half of the memory
}

// Namespaces is a set of kinds of namespaces, namespaces(7).
type Namespaces uint

// The kinds.
const (
	Net Namespaces = 1 << iota
	PID
	IPC
	UTS
	Mount
	User
)

// Has reports whether all kinds in k are in the set.
func (n Namespaces) Has(k Namespaces) bool { return n&k == k }

// Any reports whether a program is kept apart at all.
func (s *Settings) Any() bool {
	return s.Chroot != "" || s.Workdir != "" || s.Masked || s.Nice != 0 || len(s.Rlimits) > 0 || s.NoNewPrivs ||
		len(s.Landlock) > 0 || s.Namespaces != 0 || len(s.Tmpfs) > 0 || s.Subreaper
}

// Worn reports whether there is something that programs inherit from the thread that
// starts them, and no other way.
func (s *Settings) Worn() bool { return s.Masked || s.NoNewPrivs }

// Staged reports whether there is something that neither a start nor the thread that
// starts can carry, so that a process of ours has to do it before it becomes the
// program. A program of user 0 would be mighty in its user namespace. A thread could
// be nice, but then the server, which waits for it, would be too.
func (s *Settings) Staged(uid int) bool {
	return s.Nice != 0 || len(s.Rlimits) > 0 || len(s.Landlock) > 0 || s.Stays() ||
		s.Namespaces.Has(Mount) || (s.Namespaces.Has(User) && uid == 0)
}

// Stays reports whether a process of ours stays beside the program: as the init
// of its PID namespace, or as its subreaper.
func (s *Settings) Stays() bool { return s.Subreaper || s.Namespaces.Has(PID) }

// Inner are the settings of the process that becomes the program, when another
// stays beside it.
func (s Settings) Inner() Settings {
	s.Subreaper = false
	s.Proc = s.Namespaces.Has(PID | Mount)
	s.Namespaces &^= PID
	return s
}

// Names are the kinds in the set, as parseNamespace knows them.
func (n Namespaces) Names() (names []string) {
	for i, name := range namespaceNames() {
		if n.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

// namespaceNames are the names of the kinds, in their order.
func namespaceNames() []string { return []string{"net", "pid", "ipc", "uts", "mount", "user"} }

// Capability is a right that is a piece of root's, capabilities(7).
type Capability int

// Those that a program's start, or a child's, can take.
const (
	CapSetGID      Capability = 6
	CapSetUID      Capability = 7
	CapSysChroot   Capability = 18
	CapSysAdmin    Capability = 21
	CapSysNice     Capability = 23
	CapSysResource Capability = 24
)

// String is its name, as in CAP_SYS_ADMIN.
func (c Capability) String() string {
	switch c {
	case CapSetGID:
		return "CAP_SETGID"
	case CapSetUID:
		return "CAP_SETUID"
	case CapSysChroot:
		return "CAP_SYS_CHROOT"
	case CapSysAdmin:
		return "CAP_SYS_ADMIN"
	case CapSysNice:
		return "CAP_SYS_NICE"
	case CapSysResource:
		return "CAP_SYS_RESOURCE"
	}
	return "a capability"
}

// Need is a capability that a start takes, and for what.
type Need struct {
	Capability Capability
	For        string
}

// Needs are the capabilities that a start takes. raises says whether a limit is
// above what this process may set. Within a user namespace of its own the program's
// process has those of that namespace.
func (s *Settings) Needs(raises func(Rlimit) bool) (all []Need) {
	own := s.Namespaces.Has(User)
	if s.Chroot != "" && !own {
		all = append(all, Need{CapSysChroot, fmt.Sprintf("chroot %q", s.Chroot)})
	}
	if s.Namespaces != 0 && !own {
		all = append(all, Need{CapSysAdmin, "unshare " + strings.Join(s.Namespaces.Names(), ",")})
	}
	if s.Nice < 0 {
		all = append(all, Need{CapSysNice, fmt.Sprintf("nice %d", s.Nice)})
	}
	if i := slices.IndexFunc(s.Rlimits, raises); i >= 0 {
		all = append(all, Need{CapSysResource, "rlimit " + s.Rlimits[i].String()})
	}
	return all
}
