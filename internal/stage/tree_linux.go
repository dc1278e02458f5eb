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

// signal sends a signal to a process, unless another has its number by now.
func (r relative) signal(sig unix.Signal) {
	fd, err := unix.PidfdOpen(r.pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if parentOf(r.pid) == r.parent {
		unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}

// signalBelow sends a signal to what descends from root.
func signalBelow(root int, sig unix.Signal) {
	for _, r := range below(root) {
		r.signal(sig)
	}
}

// rounds bounds how often it is looked for what was started meanwhile.
const rounds = 100

// KillBelow kills what descends from root. All are stopped first, so that none can
// start another, while the others end and make room for it.
func KillBelow(root int) {
	stopped := map[int]bool{}
	for range rounds {
		news := false
		for _, r := range below(root) {
			if !stopped[r.pid] {
				stopped[r.pid], news = true, true
				r.signal(unix.SIGSTOP)
			}
		}
		if !news {
			break
		}
	}
	signalBelow(root, unix.SIGKILL)
}
