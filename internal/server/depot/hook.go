package depot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/transfer"
)

// atOnce is how many programs run at the same time.
const atOnce = 4

// hooks are the programs that are run for files. Each connection waits with its next
// file until the program for this one runs.
type hooks struct {
	running map[*hook]struct{}
	waiting []*hook
	killed  bool
}

// hook is one program.
type hook struct {
	id      uint64 // of the connection
	file    handoff.Filed
	environ []string
	noted   func()
	cancel  context.CancelFunc
}

func (h *hooks) add(d *Depot, k *hook) {
	if h.killed {
		k.drop(d)
		return
	}
	h.waiting = append(h.waiting, k)
	h.start(d)
}

// start starts what may run.
func (h *hooks) start(d *Depot) {
	for len(h.waiting) > 0 && len(h.running) < atOnce {
		k := h.waiting[0]
		h.waiting = h.waiting[1:]
		h.running[k] = struct{}{}
		var ctx context.Context
		ctx, k.cancel = d.patience()
		go k.run(ctx, d)
		k.noted()
	}
}

// patience ends when a program may not run any longer.
func (d *Depot) patience() (context.Context, context.CancelFunc) {
	if d.cfg.OnFileFor < 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), d.cfg.OnFileFor)
}

// kill ends all programs, and none begins any more. Who waits with its next file goes
// on.
func (h *hooks) kill(d *Depot) {
	h.killed = true
	for k := range h.running {
		k.cancel()
	}
	for _, k := range h.waiting {
		k.drop(d)
	}
	h.waiting = nil
}

// drop says that the program will not run.
func (k *hook) drop(d *Depot) {
	k.failed(d, errors.New("was not run: the server ends"))
	k.noted()
}

func (k *hook) failed(d *Depot, err error) {
	d.cfg.Log.Error("on-file", fmt.Errorf("%s %q: %w", d.cfg.OnFile, k.file.As, err), slog.Uint64("id", k.id))
}

// run runs the program, in a goroutine, and says what is wrong with its end.
func (k *hook) run(ctx context.Context, d *Depot) {
	defer k.cancel()
	said, err := k.execute(ctx, d)
	if ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("has not ended in %v: killed", d.cfg.OnFileFor)
	}
	d.loop.Post(func() {
		delete(d.hooks.running, k)
		if err != nil {
			k.failed(d, fmt.Errorf("%w%s", err, lastLine(said)))
		}
		d.hooks.start(d)
	})
}

// execute runs the program with the file's path as its argument, unless there is no such
// file below the directory any more.
func (k *hook) execute(ctx context.Context, d *Depot) (said []byte, err error) {
	if err := transfer.CheckName(k.file.As); err != nil {
		return nil, err
	}
	st, err := d.root.Lstat(k.file.As)
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("it is no regular file any more")
	}
	if err != nil {
		return nil, err
	}
	path := d.path(k.file.As)
	cmd := exec.CommandContext(ctx, d.cfg.OnFile, path)
	cmd.Env = append(k.environ,
		"NETTOOL_FILE="+path,
		"NETTOOL_NAME="+k.file.Name,
		"NETTOOL_SIZE="+strconv.FormatInt(k.file.Size, 10),
		"NETTOOL_SHA256="+k.file.Sum)
	var out limited
	cmd.Stdout, cmd.Stderr = &out, &out
	inGroup(cmd)
	cmd.WaitDelay = time.Second // for what it has left running with our pipe
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	return out.b, err
}

// limited keeps the end of what is written to it.
type limited struct{ b []byte }

// mostSaid bounds that, in bytes.
const mostSaid = 4 << 10

func (l *limited) Write(b []byte) (int, error) {
	l.b = append(l.b, b...)
	if len(l.b) > mostSaid {
		l.b = append(l.b[:0], l.b[len(l.b)-mostSaid:]...)
	}
	return len(b), nil
}

// lastLine is the last line that has been said, after a colon.
func lastLine(said []byte) string {
	said = bytes.TrimSpace(said)
	if at := bytes.LastIndexByte(said, '\n'); at >= 0 {
		said = said[at+1:]
	}
	if len(said) == 0 {
		return ""
	}
	return ": " + string(said)
}
