package depot

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kit is a depot with a directory, and what it logs.
type kit struct {
	*Depot
	t   *testing.T
	dir string
	log text
}

// text is what was written, by whomever.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(b)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

func newKit(t *testing.T, cfg Config) *kit {
	t.Helper()
	l, err := loop.New(false)
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{t: t, dir: t.TempDir()}
	cfg.Dir, cfg.Log = k.dir, report.NewLog(&k.log, "serve", "text", report.Normal)
	cfg.Environ = func(*run.Conn) []string { return []string{"PATH=" + os.Getenv("PATH"), "TMP=" + k.dir} }
	if k.Depot, err = New(cfg, l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.Kill()
		k.until(func() bool { return k.Left() == 0 })
		k.Close()
		cfg.Log.Close()
		l.Close()
	})
	return k
}

// until runs the loop until done says so, but no longer than a minute.
func (k *kit) until(done func() bool) {
	k.t.Helper()
	late := false
	limit := k.loop.After(time.Minute, func() { late = true })
	defer k.loop.Cancel(limit)
	if err := k.loop.Run(func() bool { return late || done() }, func() {}); err != nil {
		k.t.Fatal(err)
	}
	if late {
		k.t.Fatal("nothing has happened for a minute")
	}
}

// conn is a connection, of which the depot only wants to know whose it is.
func conn(id uint64) *run.Conn { return &run.Conn{Socket: &loop.Socket{}, ID: id} }

// room asks for room, and waits for the answer.
func (k *kit) room(c *run.Conn, bytes int64) (cause string) {
	k.t.Helper()
	answered := false
	k.Room(c, bytes, func(text string) { cause, answered = text, true })
	k.until(func() bool { return answered })
	return cause
}

// write puts a file into the directory.
func (k *kit) write(name string, size int) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), make([]byte, size), 0o755); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) wantRoom(c *run.Conn, bytes int64, want bool) {
	k.t.Helper()
	if cause := k.room(c, bytes); (cause == "") != want {
		k.t.Errorf("room for %d bytes: %q", bytes, cause)
	}
}

// TestQuota: what is there, what has come and what was promised is never more than
// the total, and what somebody has removed is noticed.
func TestQuota(t *testing.T) {
	t.Parallel()
	k := newKit(t, Config{Total: 1000})
	k.write("before", 300)
	a, b := conn(1), conn(2)
	k.wantRoom(a, 800, false)
	k.wantRoom(a, 500, true)
	k.wantRoom(b, 201, false)
	k.wantRoom(b, 200, true)
	k.Filed(a, &handoff.Filed{ID: 1, As: "a", Size: 400, Sum: "-"}, func() {})
	k.write("a", 400)
	k.Ended(a) // 100 of what it was promised have not come, unless they are there unfinished
	k.Ended(b)
	k.wantRoom(a, 301, false)
	k.wantRoom(a, 300, true)
	k.Ended(a)
	if err := os.Remove(filepath.Join(k.dir, "before")); err != nil {
		t.Fatal(err)
	}
	k.wantRoom(b, 600, true)
	k.Ended(b)
	k.wantRoom(a, -1<<63+1<<62, true) // the runners let nobody ask for less than nothing; it does no harm
	k.Ended(a)
	k.wantRoom(a, 1<<62, false)
}

// TestQuotaUnlimited: who has no limit has room for all there is.
func TestQuotaUnlimited(t *testing.T) {
	t.Parallel()
	k := newKit(t, Config{})
	k.wantRoom(conn(1), 1<<62, true)
}

// TestHooks: only so many programs run at once; the connections of the others wait with
// their next file.
func TestHooks(t *testing.T) {
	t.Parallel()
	hook := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(hook, []byte("#!/bin/sh\nwhile [ ! -e \"$TMP/go\" ]; do sleep 0.01; done\necho \"$NETTOOL_NAME $NETTOOL_SIZE\" >>\"$TMP/did\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	k := newKit(t, Config{OnFile: hook, OnFileFor: time.Minute})
	k.write("there", 1)
	noted := 0
	for n := range 2 * atOnce {
		k.Filed(conn(uint64(n)), &handoff.Filed{Name: "x", As: "there", Size: int64(n), Sum: "-"}, func() { noted++ })
	}
	if noted != atOnce || k.Left() != 2*atOnce {
		t.Errorf("%d were noted, %d are left", noted, k.Left())
	}
	k.write("go", 0)
	k.until(func() bool { return k.Left() == 0 })
	did, _ := os.ReadFile(filepath.Join(k.dir, "did"))
	if lines := strings.Count(string(did), "\n"); noted != 2*atOnce || lines != 2*atOnce {
		t.Errorf("%d were noted, and did:\n%s", noted, did)
	}
}

// TestHookWrong: a program that fails, one that does not end, one that is not there, and
// a file that is none any more are said, and nothing waits for them.
func TestHookWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ script, as, want string }{
		"fails":     {"#!/bin/sh\necho first\necho out of luck >&2\nexit 3\n", "there", `"?there"?: exit status 3: out of luck`},
		"endless":   {"#!/bin/sh\nsleep 1000\n", "there", "has not ended in 200ms: killed"},
		"no script": {"", "there", "no such file"},
		"gone":      {"#!/bin/sh\n", "gone", "no such file"},
		"outside":   {"#!/bin/sh\n", "../there", "leads out of the directory"},
		"hidden":    {"#!/bin/sh\n", ".there", "begins with a dot"},
		"directory": {"#!/bin/sh\n", "dir", "no regular file any more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hook := filepath.Join(t.TempDir(), "hook")
			if test.script != "" {
				if err := os.WriteFile(hook, []byte(test.script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			limit := time.Minute
			if name == "endless" {
				limit = 200 * time.Millisecond
			}
			k := newKit(t, Config{OnFile: hook, OnFileFor: limit})
			k.write("there", 1)
			if err := os.Mkdir(filepath.Join(k.dir, "dir"), 0o755); err != nil {
				t.Fatal(err)
			}
			noted := false
			k.Filed(conn(7), &handoff.Filed{Name: "x", As: test.as, Size: 1, Sum: "-"}, func() { noted = true })
			k.until(func() bool { return k.Left() == 0 })
			k.cfg.Log.Close()
			if want := strings.ReplaceAll(test.want, `"?`, ""); !noted || !strings.Contains(strings.NewReplacer(`\"`, "", `"`, "").Replace(k.log.String()), want) {
				t.Errorf("noted %v, and said, instead of %q:\n%s", noted, want, k.log.String())
			}
		})
	}
}

// TestKill: who waits goes on, and nothing runs any more.
func TestKill(t *testing.T) {
	t.Parallel()
	hook := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(hook, []byte("#!/bin/sh\nsleep 1000 & sleep 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	k := newKit(t, Config{OnFile: hook, OnFileFor: -1})
	k.write("there", 1)
	noted := 0
	for range atOnce + 3 {
		k.Filed(conn(1), &handoff.Filed{As: "there", Size: 1, Sum: "-"}, func() { noted++ })
	}
	k.Kill()
	k.until(func() bool { return k.Left() == 0 })
	if noted != atOnce+3 {
		t.Errorf("%d were noted", noted)
	}
	k.Filed(conn(1), &handoff.Filed{As: "there", Size: 1, Sum: "-"}, func() { noted++ })
	if noted != atOnce+4 || k.Left() > 0 {
		t.Errorf("%d were noted, %d are left", noted, k.Left())
	}
	k.cfg.Log.Close()
	if n := strings.Count(k.log.String(), "was not run: the server ends"); n != 4 {
		t.Errorf("%d were not run, says:\n%s", n, k.log.String())
	}
}
