//go:build !portable

package server

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// orphans reaps the processes that nobody else does when we are process 1 of a
// container (pid_namespaces(7)): those that a program has left running, and which
// have ended. The zero value has seen none.
type orphans struct {
	seen map[int]bool // had ended when we looked last, and were nobody's
}

// orphanInterval is how often process 1 looks for orphans.
const orphanInterval = time.Second

// isInit reports whether we are process 1: our end is the container's.
func isInit() bool { return os.Getpid() == 1 }

// adopt looks after orphans for as long as the server lives, if that is for us to
// do.
func (s *Server) adopt() {
	if isInit() {
		s.orphans.reap(s.owns)
		s.loop.After(orphanInterval, s.adopt)
	}
}

// owns reports whether a process is somebody's who reaps it.
func (s *Server) owns(pid int) bool {
	return s.runner.Owns(pid) || s.meetings.inquiry != nil && s.meetings.inquiry.PID() == pid
}

// reap reaps the children that have ended and that owns does not know. At the
// first look a process may be one whose start we have not heard of yet, or that
// somebody in this process is about to reap: it is taken at the second.
func (o *orphans) reap(owns func(pid int) bool) {
	ended := map[int]bool{}
	for _, pid := range children() {
		if owns(pid) || !hasEnded(pid) {
			continue
		}
		if o.seen[pid] {
			unix.Wait4(pid, nil, unix.WNOHANG, nil)
		} else {
			ended[pid] = true
		}
	}
	o.seen = ended
}

// children are the processes whose parent is the leader of our threads, to which
// orphans come: proc_pid_task_children(5). Some may be our own.
func children() (pids []int) {
	text, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/children")
	if err != nil {
		return nil
	}
	for _, word := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// hasEnded reports whether a child has ended, and leaves its status where it is.
func hasEnded(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo != 0
}
