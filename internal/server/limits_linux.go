//go:build !portable

package server

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/server/loop"
)

// spareDescriptors is what is kept free for spawning, logging and the like.
const spareDescriptors = 16

// spawnBatch is how many children may be on their way while a connection waits
// for each.
const spawnBatch = 8

// fitDescriptors lowers the number of connections to what RLIMIT_NOFILE
// (getrlimit(2)) allows, and says so. It returns how many connections may be
// accepted at once: with few descriptors, few, since what was accepted and is not
// handed on yet takes one beside the child's. It is an error if there are not
// enough for one connection.
func fitDescriptors(cfg *Config) (batch int, err error) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return acceptBatch, nil
	}
	left := int(min(limit.Cur, 1<<30)) - openDescriptors()
	if lacking := cfg.descriptorsLeast() - left; lacking > 0 {
		return 0, exit.Errorf(exit.Local, "descriptors are limited to %d (RLIMIT_NOFILE), and the server needs %d", limit.Cur, int(limit.Cur)+lacking)
	}
	most := max((left-cfg.descriptorsApart())/cfg.descriptorsEach(), 1)
	defer func() { cfg.Spare = min(cfg.Spare, cfg.Admission.MaxConns) }()
	if cfg.Admission.MaxConns < 0 { // off: as many as there are descriptors for
		cfg.Admission.MaxConns = most
		return spawnBatch, nil
	}
	if cfg.Admission.MaxConns <= most {
		return acceptBatch, nil
	}
	why := fmt.Errorf("lowered from %d to %d: descriptors are limited to %d", cfg.Admission.MaxConns, most, limit.Cur)
	cfg.Admission.MaxConns = most
	cfg.Log.Error("max-conns", why)
	return spawnBatch, nil
}

// descriptorsLeast is how many descriptors it takes, beside those that are open at
// the start, to serve one connection at a time.
func (c *Config) descriptorsLeast() int {
	listeners := len(c.Addrs)
	if c.Admin != nil {
		listeners++
	}
	listeners += len(c.Agent)
	switch c.model() {
	case pooled:
		return 16 + listeners // a start takes the most: a link, a page, a pidfd, /dev/null, a pipe
	case direct, prepared:
		if c.model() == prepared {
			listeners += 16 // those of the children
		}
		if c.Isolate.Staged(os.Getuid()) {
			listeners += 3 // a link, and a deputy's
		}
		return 11 + listeners
	}
	return 9 + listeners
}

// fewProcesses is how small RLIMIT_NPROC must be to be worth a look at who uses it.
const fewProcesses = 256

// checkProcesses reports whether RLIMIT_NPROC leaves no room for one connection:
// it counts the threads of all processes of the user. The Go runtime ends the
// process when it cannot have a thread.
func (c *Config) checkProcesses() error {
	var limit unix.Rlimit
	if os.Getuid() == 0 || unix.Getrlimit(unix.RLIMIT_NPROC, &limit) != nil || limit.Cur >= fewProcesses {
		return nil
	}
	each := 1
	if c.children() || c.Isolate.Staged(os.Getuid()) {
		each = 4 // threads of a child
	}
	if c.Isolate.Stays() {
		each *= 2
	}
	others := threadsOfOthers(os.Getuid())
	if need := others + loop.Threads() + each; need > int(limit.Cur) {
		return exit.Errorf(exit.Local, "processes are limited to %d (RLIMIT_NPROC), of which others of user %d take %d; the server needs %d for its threads, and %d for a connection", limit.Cur, os.Getuid(), others, loop.Threads(), each)
	}
	return nil
}

// threadsOfOthers is how many threads the processes of a user have, but for this one, whose
// come and go meanwhile.
func threadsOfOthers(uid int) (n int) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		var st unix.Stat_t
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if pid != os.Getpid() && unix.Stat(dir, &st) == nil && int(st.Uid) == uid {
			n += threadsOf(pid)
		}
	}
	return n
}

// threadsOf is how many threads a process has.
func threadsOf(pid int) int {
	all, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	return len(all)
}

// descriptorsEach is how many descriptors of ours one connection takes.
func (c *Config) descriptorsEach() int {
	each := 1 // the link to a child, a pidfd, or the connection itself
	if len(c.Forward.To) > 0 && c.InProcess {
		each++ // the connection to a backend; pipes come and go, and can be done without
	}
	if len(c.Program) > 0 && c.Account {
		each++ // the duplicate of the socket
	}
	if len(c.Program) > 0 && c.Stderr == "log" {
		each++ // the pipe
	}
	if c.Isolate.Stays() {
		each++ // the link
	}
	if c.HasDatagrams() && len(c.Program) > 0 {
		each = max(each, 2) + 1 // the pair: our end, and a copy of the other one, stay
	}
	switch {
	case c.relays(c.TLS.any()):
		each = max(each, 2) + 1 // the link to a child, and our copy of what leads to the program, but no duplicate of the socket
	case c.children() && c.Proxy.any():
		each++ // the socket, or the link, while a child reads the header
	}
	return each
}

// descriptorsApart is how many are kept for all that is not a connection.
func (c *Config) descriptorsApart() int {
	apart := spareDescriptors
	if c.RejectMessage != "" {
		apart += loop.MostRefused
	}
	if c.Admin != nil {
		apart += spareDescriptors
	}
	if len(c.Agent) > 0 {
		apart += spareDescriptors
	}
	apart += 3 * c.Prestart // what leads to a program that waits, its pidfd, and a pipe
	if c.children() {
		apart += c.Spare + spawnBatch // children that wait, and that start while a connection waits for each
	}
	return apart
}

// keepDescriptors keeps what our starter left open from our programs
// (close_range(2)).
func keepDescriptors() {
	unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) // an old kernel does not know it
}

func openDescriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 3
	}
	return len(entries)
}
