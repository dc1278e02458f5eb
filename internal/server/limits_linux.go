//go:build !portable

package server

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"

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
// handed on yet takes one beside the child's.
func fitDescriptors(cfg *Config) (batch int) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return acceptBatch
	}
	most := (int(min(limit.Cur, 1<<30)) - openDescriptors() - cfg.descriptorsApart()) / cfg.descriptorsEach()
	most = max(most, 1)
	defer func() { cfg.Spare = min(cfg.Spare, cfg.Admission.MaxConns) }()
	if cfg.Admission.MaxConns < 0 { // off: as many as there are descriptors for
		cfg.Admission.MaxConns = most
		return spawnBatch
	}
	if cfg.Admission.MaxConns <= most {
		return acceptBatch
	}
	why := fmt.Errorf("lowered from %d to %d: descriptors are limited to %d", cfg.Admission.MaxConns, most, limit.Cur)
	cfg.Admission.MaxConns = most
	cfg.Log.Error("max-conns", why)
	return spawnBatch
}

// descriptorsEach is how many descriptors of ours one connection takes.
func (c *Config) descriptorsEach() int {
	if len(c.Program) > 0 && c.Account {
		return 2 // a pidfd and the duplicate of the socket
	}
	return 1 // the link to a child, a pidfd, or the connection itself
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
	if c.model() == pooled {
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
