package handoff

import "nettool/internal/isolate"

// A program that is kept apart is started by way of a child, its stage: the child
// does what a start cannot carry, and becomes the program, which closes the link.
// Where one of ours has to stay beside the program, that is a child, too, which
// has a stage of its own to start.
//
// When the server may do less than such a start takes, it has a deputy: a child
// that has kept just the capabilities for it, and starts stages on order.

// Stage says what a child is to do before it becomes a program. Descriptors 0 to
// 2 and Kept are the program's already.
type Stage struct {
	Settings isolate.Settings
	Path     string // of the program, in its root; empty: Argv[0] is looked up there
	Argv     []string
	Kept     []int // descriptors from 3 up that it gets
	Third    int   // the one that becomes 3, where the link is; 0 is none
	OOM      int   // as in Config
	Trial    bool  // do all but become the program, and say Found
	Drop     bool  // the program gets no capability
}

// Found tells that a trial has succeeded, and where the program is.
type Found struct{ Path string }

// Failed tells why there is no program.
type Failed struct {
	Code int // exit code that this stands for
	Text string
}

// Exited tells how the program has ended. The child stays for what it has left
// running, if it is to.
type Exited struct {
	Code   int // or −1 when it was killed by
	Signal int
}

// EndAll has a child that stays beside a program end what runs below it.
type EndAll struct{}

// Deputy has a child start stages on order.
type Deputy struct{}

// Order has the deputy start a child of its parent's. The descriptors that travel
// with it are the child's, in order, but for Holes, which are closed.
type Order struct {
	Env     []string
	Files   int    // how many numbers they take
	Holes   []int  // numbers that are closed
	Clone   uint64 // flags of clone(2)
	Ambient []int  // capabilities that the child keeps
}

// Started tells which process was started, or why there is none.
type Started struct {
	PID   int
	Errno int // 0 is none
}

func (*Stage) kind() Kind   { return KindStage }
func (*Found) kind() Kind   { return KindFound }
func (*Failed) kind() Kind  { return KindFailed }
func (*Exited) kind() Kind  { return KindExited }
func (*EndAll) kind() Kind  { return KindEndAll }
func (*Deputy) kind() Kind  { return KindDeputy }
func (*Order) kind() Kind   { return KindOrder }
func (*Started) kind() Kind { return KindStarted }

func (m *Stage) write(w *writer) {
	writeSettings(w, &m.Settings)
	w.text(m.Path)
	w.list(m.Argv)
	w.numbers(m.Kept)
	w.number(uint64(m.Third))
	w.number(uint64(m.OOM))
	w.flag(m.Trial)
	w.flag(m.Drop)
}

func (m *Stage) read(r *reader) {
	readSettings(r, &m.Settings)
	m.Path = r.text()
	m.Argv = r.list()
	m.Kept = r.numbers()
	m.Third = int(r.number())
	m.OOM = int(r.number())
	m.Trial = r.flag()
	m.Drop = r.flag()
}

func (m *Found) write(w *writer) { w.text(m.Path) }
func (m *Found) read(r *reader)  { m.Path = r.text() }

func (m *Failed) write(w *writer) {
	w.number(uint64(m.Code))
	w.text(m.Text)
}

func (m *Failed) read(r *reader) {
	m.Code = int(r.number())
	m.Text = r.text()
}

func (m *Exited) write(w *writer) {
	w.number(uint64(m.Code))
	w.number(uint64(m.Signal))
}

func (m *Exited) read(r *reader) {
	m.Code = int(r.number())
	m.Signal = int(r.number())
}

func (*EndAll) write(*writer) {}
func (*EndAll) read(*reader)  {}

func (*Deputy) write(*writer) {}
func (*Deputy) read(*reader)  {}

func (m *Order) write(w *writer) {
	w.list(m.Env)
	w.number(uint64(m.Files))
	w.numbers(m.Holes)
	w.number(m.Clone)
	w.numbers(m.Ambient)
}

func (m *Order) read(r *reader) {
	m.Env = r.list()
	m.Files = int(r.number())
	m.Holes = r.numbers()
	m.Clone = r.number()
	m.Ambient = r.numbers()
}

func (m *Started) write(w *writer) {
	w.number(uint64(m.PID))
	w.number(uint64(m.Errno))
}

func (m *Started) read(r *reader) {
	m.PID = int(r.number())
	m.Errno = int(r.number())
}

// blankStage is blank for the messages of this file.
func blankStage(k Kind) Message {
	switch k {
	case KindStage:
		return &Stage{}
	case KindFound:
		return &Found{}
	case KindFailed:
		return &Failed{}
	case KindExited:
		return &Exited{}
	case KindEndAll:
		return &EndAll{}
	case KindDeputy:
		return &Deputy{}
	case KindOrder:
		return &Order{}
	case KindStarted:
		return &Started{}
	}
	return nil
}

func writeSettings(w *writer, s *isolate.Settings) {
	w.text(s.Chroot)
	w.text(s.Workdir)
	w.number(uint64(s.Umask))
	w.flag(s.Masked)
	w.number(uint64(s.Nice))
	w.number(uint64(len(s.Rlimits)))
	for _, l := range s.Rlimits {
		w.text(l.Name)
		w.number(l.Soft)
		w.number(l.Hard)
	}
	w.flag(s.NoNewPrivs)
	w.number(uint64(len(s.Landlock)))
	for _, r := range s.Landlock {
		w.text(r.Path)
		w.flag(r.Write)
	}
	w.number(uint64(s.Namespaces))
	w.number(uint64(len(s.Tmpfs)))
	for _, t := range s.Tmpfs {
		w.text(t.Path)
		w.number(uint64(t.Size))
	}
	w.flag(s.Proc)
	w.flag(s.Subreaper)
}

func readSettings(r *reader, s *isolate.Settings) {
	s.Chroot = r.text()
	s.Workdir = r.text()
	s.Umask = int(r.number())
	s.Masked = r.flag()
	s.Nice = int(r.number())
	for range r.count() {
		s.Rlimits = append(s.Rlimits, isolate.Rlimit{Name: r.text(), Soft: r.number(), Hard: r.number()})
	}
	s.NoNewPrivs = r.flag()
	for range r.count() {
		s.Landlock = append(s.Landlock, isolate.PathRule{Path: r.text(), Write: r.flag()})
	}
	s.Namespaces = isolate.Namespaces(r.number())
	for range r.count() {
		s.Tmpfs = append(s.Tmpfs, isolate.Tmpfs{Path: r.text(), Size: int64(r.number())})
	}
	s.Proc = r.flag()
	s.Subreaper = r.flag()
}

func (w *writer) flag(set bool) {
	if set {
		w.number(1)
	} else {
		w.number(0)
	}
}

func (w *writer) numbers(l []int) {
	w.number(uint64(len(l)))
	for _, n := range l {
		w.number(uint64(n))
	}
}

// flag reads what is 0 or 1.
func (r *reader) flag() bool {
	n := r.number()
	if n > 1 {
		r.bad, r.b = true, nil
	}
	return n == 1
}

// count reads how many items follow, of which each takes a byte at least.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) numbers() (l []int) {
	for range r.count() {
		l = append(l, int(r.number()))
	}
	return l
}
