// Package depot looks after the directory that received files go to: how much is in
// it, what is done with each file, and what is left of those that were never
// finished.
package depot

import (
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/transfer"
)

// Config says how the directory is looked after.
type Config struct {
	Dir       string        // absolute
	Total     int64         // bytes that it may hold; zero is no limit
	KeepParts time.Duration // how long an unfinished file is kept; negative is for good
	OnFile    string        // path of a program that is run for each file, or empty
	OnFileFor time.Duration // how long it may take; negative is no limit

	// Environ makes the environment of that program.
	Environ func(*run.Conn) []string
	Log     *report.Log
}

// Depot belongs to the server's loop. nil looks after nothing.
type Depot struct {
	cfg   Config
	loop  *loop.Loop
	root  *os.Root
	quota quota
	hooks hooks
	over  bool
}

// New opens the directory. The caller closes the depot.
func New(cfg Config, l *loop.Loop) (*Depot, error) {
	root, err := os.OpenRoot(cfg.Dir)
	if err != nil {
		return nil, err
	}
	d := &Depot{cfg: cfg, loop: l, root: root}
	d.quota.promised = map[*run.Conn]int64{}
	d.hooks.running = map[*hook]struct{}{}
	return d, nil
}

// Close forgets the directory.
func (d *Depot) Close() {
	if d != nil {
		d.over = true
		d.root.Close()
	}
}

// Start looks for unfinished files, now and then.
func (d *Depot) Start() {
	if d != nil && d.cfg.KeepParts >= 0 {
		d.sweep()
	}
}

// The bounds of how often unfinished files are looked for: a quarter of the time for
// which they are kept.
const (
	fastestSweep = 100 * time.Millisecond
	slowestSweep = time.Hour
)

// sweep removes what is unfinished for too long, in a goroutine.
func (d *Depot) sweep() {
	go func() {
		removed, err := transfer.Sweep(d.root, d.cfg.KeepParts)
		d.loop.Post(func() { d.swept(removed, err) })
	}()
}

func (d *Depot) swept(removed []string, err error) {
	if d.over {
		return
	}
	for _, name := range removed {
		d.cfg.Log.Event("swept", slog.String("name", name))
	}
	if err != nil {
		d.cfg.Log.Error("sweep", err)
	}
	d.loop.After(min(max(d.cfg.KeepParts/4, fastestSweep), slowestSweep), d.sweep)
}

// Filed notes a file that a connection has brought, or has not, and calls noted when
// the next one may come: when the program for this one has been started.
func (d *Depot) Filed(c *run.Conn, f *handoff.Filed, noted func()) {
	d.log(c, f)
	if f.As == "" {
		noted()
		return
	}
	if !f.Known {
		d.quota.keep(c, f.Size)
	}
	if d.cfg.OnFile == "" || f.Known {
		noted()
		return
	}
	d.hooks.add(d, &hook{id: c.ID, file: *f, environ: d.cfg.Environ(c), noted: noted})
}

// log writes down what has become of a file.
func (d *Depot) log(c *run.Conn, f *handoff.Filed) {
	attrs := []slog.Attr{slog.Uint64("id", c.ID), slog.String("remote", c.Remote.Text), slog.String("name", f.Name)}
	if f.As != "" {
		attrs = append(attrs, slog.String("as", f.As))
	}
	attrs = append(attrs, slog.Int64("size", f.Size), slog.Int64("moved", f.Moved))
	if f.As != "" && f.Sum != "-" {
		attrs = append(attrs, slog.String("sha256", f.Sum))
	}
	if f.Known {
		attrs = append(attrs, slog.Bool("known", true))
	}
	if f.Error != "" {
		attrs = append(attrs, slog.String("error", f.Error))
	}
	d.cfg.Log.Event("file", attrs...)
}

// Left reports how many programs run, or are to.
func (d *Depot) Left() int {
	if d == nil {
		return 0
	}
	return len(d.hooks.running) + len(d.hooks.waiting)
}

// Kill ends all programs, and those that are to run will not.
func (d *Depot) Kill() {
	if d != nil {
		d.hooks.kill(d)
	}
}

// path is that of a file with a name.
func (d *Depot) path(name string) string { return filepath.Join(d.cfg.Dir, filepath.FromSlash(name)) }
