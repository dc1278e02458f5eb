package stage

import (
	"os"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/spawn"
)

// self is the running image.
const self = "/proc/self/exe"

// argv is how a child is started.
func argv() []string { return []string{"nettool", "child"} }

// Starter starts processes: spawn.Starter or a Deputy.
type Starter interface {
	Start(path string, argv []string, attr spawn.Attr) (pid, pidfd int, err error)
	Close()
}

// Start starts the stage of a program, which has attr's descriptors and
// environment. The namespaces are those of the settings. The caller owns the link.
func Start(starter Starter, m handoff.Stage, attr spawn.Attr) (l *handoff.Link, pid, pidfd int, err error) {
	l, theirs, err := handoff.NewPair()
	if err != nil {
		return nil, 0, -1, err
	}
	defer unix.Close(theirs)
	attr.Files, m.Third = WithLink(attr.Files, theirs)
	attr.Clone = m.Settings.Namespaces.CloneFlags()
	if m.Settings.Namespaces.Has(isolate.User) && os.Geteuid() != 0 {
		attr.Ambient = []uintptr{uintptr(isolate.CapSysAdmin), uintptr(isolate.CapSysChroot)}
	}
	if err = l.Send(&m); err == nil {
		pid, pidfd, err = starter.Start(self, argv(), attr)
	}
	if err != nil {
		l.Close()
		return nil, 0, -1, err
	}
	return l, pid, pidfd, nil
}

// Files adds to the standard descriptors those that a program keeps, each as
// itself.
func Files(standard, kept []int) []int {
	files := standard
	for _, fd := range kept {
		for len(files) <= fd {
			files = append(files, -1)
		}
		files[fd] = fd
	}
	return files
}

// WithLink puts a link among the descriptors of a stage. What was there comes
// last, and third is its number.
func WithLink(files []int, link int) (with []int, third int) {
	for len(files) <= handoff.LinkFD {
		files = append(files, -1)
	}
	if kept := files[handoff.LinkFD]; kept >= 0 {
		third = len(files)
		files = append(files, kept)
	}
	files[handoff.LinkFD] = link
	return files, third
}
