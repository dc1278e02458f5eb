// Package landlock puts a thread, and all that it starts from then on, into a
// Landlock domain: landlock(7). A domain can do what its rules say and cannot be
// left. What is in one can neither trace nor signal what is in another, or in
// none.
package landlock

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Version is the version of Landlock's interface that the kernel has; 0 is none.
func Version() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// The versions of the interface that brought what.
const (
	refer    = 2 // moves between directories
	truncate = 3
	tcp      = 4
	ioctlDev = 5
	scopes   = 6
)

// signalsFixed reports whether threads of one process may signal each other
// although each is in a domain of its own: erratum 2.
func signalsFixed() bool {
	errata, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_ERRATA)
	return errno == 0 && errata&(1<<(2-1)) != 0
}

// Parts reports whether what is in a domain can signal nothing outside of it.
func Parts() bool { return Version() >= scopes && signalsFixed() }

// Rules say what a domain can do. What is open already stays so.
type Rules struct {
	Read  []string // files, or directories with all below them, to read and to execute
	Write []string // the same, also to change, to make and to remove
	TCP   bool     // to bind and connect TCP sockets; others, and MPTCP, are not asked about

	Connect  []uint16 // without TCP: ports to connect to, of whatever host
	Bind     []uint16 // without TCP: ports to bind to; 0 leaves the port to the kernel
	Abstract bool     // to connect to abstract unix sockets outside of the domain
}

// Ruleset is a set of rules in the kernel.
type Ruleset struct{ fd int }

// New gives the rules to the kernel, as far as it knows such. It fails when a path
// cannot be opened, and without Landlock. The caller closes the set.
func New(rules Rules) (Ruleset, error) {
	version := Version()
	if version == 0 {
		return Ruleset{-1}, fmt.Errorf("landlock: the kernel has none, or it is turned off")
	}
	attr := handled(version, &rules)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return Ruleset{-1}, os.NewSyscallError("landlock_create_ruleset", errno)
	}
	set := Ruleset{int(fd)}
	if err := set.allow(rules.Read, attr.Handled_access_fs&reading); err != nil {
		set.Close()
		return Ruleset{-1}, err
	}
	if err := set.allow(rules.Write, attr.Handled_access_fs); err != nil {
		set.Close()
		return Ruleset{-1}, err
	}
	if attr.Handled_access_net == 0 {
		return set, nil
	}
	err := set.allowPorts(rules.Connect, unix.LANDLOCK_ACCESS_NET_CONNECT_TCP)
	if err == nil {
		err = set.allowPorts(rules.Bind, unix.LANDLOCK_ACCESS_NET_BIND_TCP)
	}
	if err != nil {
		set.Close()
		return Ruleset{-1}, err
	}
	return set, nil
}

// Close closes the set. Domains made of it stay.
func (s Ruleset) Close() { unix.Close(s.fd) }

// FD is the set's descriptor, for landlock_restrict_self(2).
func (s Ruleset) FD() int { return s.fd }

// Enforce puts the calling thread into a domain with these rules, within the one
// that it is in. It must have no_new_privs set, or CAP_SYS_ADMIN.
func (s Ruleset) Enforce() error {
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(s.fd), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return nil
}

// What can be done to files. reading is what needs no right to write, and ofFiles
// what can be done to a file that is no directory.
const (
	reading = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	ofFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	first = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1 // all that the first version knows
)

// handled is what a domain can do only by a rule.
func handled(version int, rules *Rules) unix.LandlockRulesetAttr {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: first}
	if version >= refer {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= truncate {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= tcp && !rules.TCP {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= ioctlDev {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= scopes && !rules.Abstract {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	if version >= scopes && signalsFixed() {
		attr.Scoped |= unix.LANDLOCK_SCOPE_SIGNAL
	}
	return attr
}

// Ports reports whether TCP ports can be told apart.
func Ports() bool { return Version() >= tcp }

// portRule is struct landlock_net_port_attr, and rulePort LANDLOCK_RULE_NET_PORT:
// linux/landlock.h.
type portRule struct{ access, port uint64 }

const rulePort = 2

// allowPorts lets access to TCP ports.
func (s Ruleset) allowPorts(ports []uint16, access uint64) error {
	for _, port := range ports {
		rule := portRule{access, uint64(port)}
		_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(s.fd), rulePort, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
		if errno != 0 {
			return os.NewSyscallError("landlock_add_rule", errno)
		}
	}
	return nil
}

// allow lets access to the paths.
func (s Ruleset) allow(paths []string, access uint64) error {
	for _, path := range paths {
		if err := s.allowPath(path, access); err != nil {
			return err
		}
	}
	return nil
}

func (s Ruleset) allowPath(path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= ofFiles
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(s.fd), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return &os.PathError{Op: "landlock_add_rule", Path: path, Err: errno}
	}
	return nil
}
