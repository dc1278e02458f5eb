package stage

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// relative is a process and its parent.
type relative struct{ pid, parent int }

// below are the processes that descend from root, as proc(5) shows them.
func below(root int) (all []relative) {
	children := map[int][]int{}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			parent := parentOf(pid)
			children[parent] = append(children[parent], pid)
		}
	}
	delete(children, 0)
	queue := []int{root}
	for len(queue) > 0 {
		parent := queue[0]
		queue = append(queue[1:], children[parent]...)
		for _, pid := range children[parent] {
			all = append(all, relative{pid, parent})
		}
		delete(children, parent)
	}
	return all
}

// parentOf is the parent of a process that has not ended, or 0: of the fields of
// proc_pid_stat(5) the second after the name, which can have anything in it.
func parentOf(pid int) int {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}

// held are processes that have not ended, by their pidfds: a number could be
// another process' by now.
type held map[relative]int

// hold takes hold of what descends from root.
func hold(root int) held {
	h := held{}
	for _, r := range below(root) {
		fd, err := unix.PidfdOpen(r.pid, 0)
		if err != nil {
			continue
		}
		if parentOf(r.pid) == r.parent {
			h[r] = fd
		} else { // it is another, or has come to another parent: the next look tells
			unix.Close(fd)
		}
	}
	return h
}

// signal sends a signal to all of them.
func (h held) signal(sig unix.Signal) {
	for _, fd := range h {
		unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}

func (h held) release() {
	for _, fd := range h {
		unix.Close(fd)
	}
}

// signalBelow sends a signal to what descends from root, and reports whether there
// was something.
func signalBelow(root int, sig unix.Signal) bool {
	h := hold(root)
	defer h.release()
	h.signal(sig)
	return len(h) > 0
}

// rounds bounds how often it is looked for what was started meanwhile.
const rounds = 20

// KillBelow kills what descends from root. All are stopped first, so that none can
// start another, while the others end and make room for it. What is below a root
// that reaps nothing comes to another parent when the root is killed: that is for
// the caller to do, last.
func KillBelow(root int) {
	most := 0
	for range rounds {
		h := hold(root)
		h.signal(unix.SIGSTOP)
		n := len(h)
		h.release()
		if n <= most {
			break
		}
		most = n
	}
	for range rounds {
		if !signalBelow(root, unix.SIGKILL) {
			return
		}
	}
}
