package sandbox

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data: seccomp(2). Of 64 bits the lower half comes first
// on all machines that have a filter.
const (
	callNumber = 0
	callArch   = 4
	firstArg   = 16
	secondArg  = 24
	thirdArg   = 32
)

// Verdicts. What is denied fails as what is not permitted, and a caller goes on as
// it would without rights. clone3(2) hides its flags from a filter: without it, clone(2)
// is used.
const (
	allow   = unix.SECCOMP_RET_ALLOW
	deny    = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// filter is a program for seccomp(2) that denies what no handler with these needs
// needs, to the process pid. It is nil for processors that have none.
func filter(needs Needs, pid int) []unix.SockFilter {
	if arch == 0 {
		return nil
	}
	f := make([]unix.SockFilter, 0, 256)
	f = append(f,
		load(callArch), equal(arch, 1), answer(deny),
		load(callNumber),
		unless(unix.BPF_JGE, foreign, 1), answer(deny),
		unless(unix.BPF_JEQ, unix.SYS_CLONE3, 1), answer(unknown),
		// Threads may be made, but no processes.
		unless(unix.BPF_JEQ, unix.SYS_CLONE, 4), load(firstArg), unless(unix.BPF_JSET, unix.CLONE_THREAD, 1), answer(allow), answer(deny),
		// Threads of this process may be signalled.
		unless(unix.BPF_JEQ, unix.SYS_TGKILL, 4), load(firstArg), unless(unix.BPF_JEQ, uint32(pid), 1), answer(allow), answer(deny),
	)
	if needs.connects() {
		made := makes(needs)
		f = append(append(f, unless(unix.BPF_JEQ, unix.SYS_SOCKET, uint8(len(made)))), made...)
	}
	return search(f, segments(denied(needs)))
}

// denied are the numbers of the calls that are denied, in order.
func denied(needs Needs) []uint32 {
	calls := make([]uint32, 0, 160)
	calls = append(calls, others[:]...)
	calls = append(calls, machine[:]...)
	calls = append(calls, older[:]...)
	calls = append(calls, listening[:]...)
	if !needs.connects() {
		calls = append(calls, connecting[:]...)
	}
	if !needs.From {
		calls = append(calls, unix.SYS_BIND)
	}
	if needs.Write == nil {
		calls = append(calls, files[:]...)
		calls = append(calls, olderFiles[:]...)
	}
	slices.Sort(calls)
	return slices.Compact(calls)
}

// makes answers socket(2): streams may be made, of the families that are needed, and
// of TCP no other kind, such as MPTCP, about which Landlock is not asked.
func makes(needs Needs) []unix.SockFilter {
	stream := []unix.SockFilter{
		load(secondArg), and(typeMask), equal(unix.SOCK_STREAM, 1), answer(deny),
		load(thirdArg), unless(unix.BPF_JEQ, 0, 1), answer(allow), unless(unix.BPF_JEQ, unix.IPPROTO_TCP, 1), answer(allow), answer(deny),
	}
	var families []uint32
	if len(needs.Connect) > 0 {
		families = append(families, unix.AF_INET, unix.AF_INET6)
	}
	if needs.Unix || needs.Abstract {
		families = append(families, unix.AF_UNIX)
	}
	f := []unix.SockFilter{load(firstArg)}
	for _, family := range families {
		f = append(append(f, unless(unix.BPF_JEQ, family, uint8(len(stream)))), stream...)
	}
	return append(f, answer(deny))
}

// typeMask is the part of a socket's type that is no flag: SOCK_TYPE_MASK of the
// kernel.
const typeMask = 0xf

// segment is a range of call numbers that ends where the next begins.
type segment struct {
	first   uint32
	verdict uint32
}

// segments are the ranges of numbers with the same verdict.
func segments(denied []uint32) []segment {
	all := append(make([]segment, 0, 2*len(denied)+1), segment{0, allow})
	for _, call := range denied {
		last := &all[len(all)-1]
		if last.first == call && last.verdict == allow { // right after the last denied one
			all = all[:len(all)-1]
		} else {
			all = append(all, segment{call, deny})
		}
		all = append(all, segment{call + 1, allow})
	}
	return all
}

// search appends a binary search for the segment of a call.
func search(f []unix.SockFilter, s []segment) []unix.SockFilter {
	if len(s) == 1 {
		return append(f, answer(s[0].verdict))
	}
	half := len(s) / 2
	left := 2*half - 1 // instructions: a leaf has one, and two trees together one more
	f = append(f, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | unix.BPF_JGE, Jt: uint8(left), K: s[half].first})
	return search(search(f, s[:half]), s[half:])
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func and(mask uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_K | unix.BPF_AND, K: mask}
}

// unless skips the next n instructions when a comparison fails.
func unless(comparison uint16, with uint32, n uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | comparison, Jf: n, K: with}
}

// equal skips the next n instructions when what was loaded is with.
func equal(with uint32, n uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | unix.BPF_JEQ, Jt: n, K: with}
}

func answer(verdict uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict}
}
