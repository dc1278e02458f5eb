// Package oom says which processes the kernel is to kill when memory runs out:
// proc_pid_oom_score_adj(5).
package oom

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// more is by how much a process that serves one connection is to be killed
// rather than the one that serves all of them: as if it had half of the memory.
const (
	more = 500
	most = 1000
)

// Self stands for the calling process.
const Self = 0

// OfOne is the score of a process that serves one connection, which this process
// has started.
func OfOne() int {
	text := make([]byte, 16)
	fd, err := unix.Open(file(Self), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return more
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, text)
	if err != nil {
		return more
	}
	ours, err := strconv.Atoi(string(bytes.TrimSpace(text[:n])))
	if err != nil {
		return more
	}
	return min(ours+more, most)
}

// Set sets a process' score. Where there is no /proc, or it may not be written,
// nothing happens: the kernel then decides by memory alone.
func Set(pid, score int) {
	fd, err := unix.Open(file(pid), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	unix.Write(fd, strconv.AppendInt(make([]byte, 0, 8), int64(score), 10))
}

func file(pid int) string {
	if pid == Self {
		return "/proc/self/oom_score_adj"
	}
	return "/proc/" + strconv.Itoa(pid) + "/oom_score_adj"
}
