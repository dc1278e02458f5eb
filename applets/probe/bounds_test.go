package probe

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/sweep"
	"nettool/internal/probe/target"
)

func call() *cli.Call {
	return &cli.Call{Name: "tcpprobe", Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
}

func quiet() *Cmd {
	return &Cmd{Which: targetFlags{MaxHosts: 1}, Result: resultFlags{Output: "text", Quiet: true}}
}

// helpOf is the help text of a field.
func helpOf(t *testing.T, flags any, field string) string {
	t.Helper()
	f, ok := reflect.TypeOf(flags).FieldByName(field)
	if !ok {
		t.Fatalf("no field %s", field)
	}
	return f.Tag.Get("help")
}

// TestHelpTellsDefaults: what --help says of a default is what it is.
func TestHelpTellsDefaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags any
		field string
		want  string
		got   time.Duration
		is    time.Duration
	}{
		{attemptFlags{}, "Timeout", "default 3.3s;", attempt.DefaultTimeout, 3300 * time.Millisecond},
		{attemptFlags{}, "Timeout", "wait and sweep 1.3s)", attempt.QuickTimeout, 1300 * time.Millisecond},
		{checkCmd{}, "Delay", "default 200ms", retryDelay, 200 * time.Millisecond},
		{waitCmd{}, "Deadline", "default 30s,", defaultDeadline, 30 * time.Second},
		{sweepCmd{}, "Banner", "within half a second", bannerTime, 500 * time.Millisecond},
	} {
		if help := helpOf(t, test.flags, test.field); !strings.Contains(help, test.want) || test.got != test.is {
			t.Errorf("%s is %v by default, and its help says %q", test.field, test.got, help)
		}
	}
}

// TestUntil: a deadline of a wait is one of its context; off is none.
func TestUntil(t *testing.T) {
	t.Parallel()
	s := &session{ctx: t.Context()}
	ctx, cancel := s.until(time.Hour)
	defer cancel()
	if at, ok := ctx.Deadline(); !ok || time.Until(at) > time.Hour || time.Until(at) < 30*time.Minute {
		t.Errorf("deadline in %v, %v", time.Until(at), ok)
	}
	ctx, cancel = s.until(0)
	defer cancel()
	if at, ok := ctx.Deadline(); ok {
		t.Errorf("a deadline in %v", time.Until(at))
	}
}

// TestNeed: --min may be as many as there are targets.
func TestNeed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		f    needFlags
		want int
		ok   bool
	}{
		{needFlags{}, 5, true},
		{needFlags{All: true}, 5, true},
		{needFlags{Any: true}, 1, true},
		{needFlags{Min: 1}, 1, true},
		{needFlags{Min: 5}, 5, true},
		{needFlags{Min: 6}, 0, false},
		{needFlags{Min: -1}, 0, false},
	} {
		got, err := test.f.need(5)
		if (err == nil) != test.ok || test.ok && got != test.want || !test.ok && exit.Of(err) != exit.Usage {
			t.Errorf("%+v: %d, %v", test.f, got, err)
		}
	}
}

// TestMaxPinged: a thousand targets can be pinged, and no more.
func TestMaxPinged(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{1: true, 1000: true, 1001: false} {
		p, err := (&pingCmd{Targets: slices.Repeat([]string{"127.0.0.1:1"}, n)}).begin(call(), quiet())
		if ok != (err == nil) || !ok && exit.Of(err) != exit.Usage {
			t.Errorf("%d targets: %v", n, err)
		}
		if err == nil {
			p.stop()
		}
	}
}

// TestSweepBegins: the bounds of its flags, and what an attempt is.
func TestSweepBegins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		c  sweepCmd
		ok bool
	}{
		{sweepCmd{}, true},
		{sweepCmd{Retries: 100, Banner: true}, true},
		{sweepCmd{Retries: 101}, false},
		{sweepCmd{Retries: -1}, false},
		{sweepCmd{Rate: -1}, false},
		{sweepCmd{Window: -1}, false},
	} {
		test.c.Targets = []string{"127.0.0.1:1"}
		w, err := test.c.begin(call(), quiet())
		if test.ok != (err == nil) || !test.ok && exit.Of(err) != exit.Usage {
			t.Errorf("%+v: %v", test.c, err)
		}
		if err != nil {
			continue
		}
		w.stop()
		banner := time.Duration(0)
		if test.c.Banner {
			banner = 500 * time.Millisecond
		}
		if w.spec.Timeout != 1300*time.Millisecond || w.spec.Banner != banner {
			t.Errorf("%+v: an attempt is %+v", test.c, w.spec)
		}
	}
}

// TestPingBegins: an attempt of ping has longer than one of sweep, and its counts are
// not negative.
func TestPingBegins(t *testing.T) {
	t.Parallel()
	p, err := (&pingCmd{Targets: []string{"127.0.0.1:1"}}).begin(call(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	p.stop()
	if p.spec.Timeout != 3300*time.Millisecond {
		t.Errorf("an attempt is %+v", p.spec)
	}
	for _, c := range []pingCmd{{Count: -1}, {Interval: -1}} {
		c.Targets = []string{"127.0.0.1:1"}
		if _, err := c.begin(call(), quiet()); exit.Of(err) != exit.Usage {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestProgressLines: of the open ports the last ten are shown.
func TestProgressLines(t *testing.T) {
	t.Parallel()
	run := sweep.New(sweep.Config{}, &sweep.Hosts{})
	var kept []sweep.Found
	for port := range 12 {
		to, err := target.Parse(fmt.Sprintf("127.0.0.1:%d", port+1))
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, sweep.Found{Result: attempt.Result{Target: to.Addr}})
	}
	lines := progressLines(run, time.Second, kept)
	if len(lines) != 11 || !strings.HasPrefix(lines[0], "0/0 ports") || lines[1] != "  127.0.0.1:3 ok" || lines[10] != "  127.0.0.1:12 ok" {
		t.Errorf("got %q", lines)
	}
	if lines := progressLines(run, time.Second, kept[:2]); len(lines) != 3 {
		t.Errorf("got %q", lines)
	}
}
