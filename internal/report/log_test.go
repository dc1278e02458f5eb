package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// logged is what a log of format writes when it is used so.
func logged(format string, level Level, use func(l *Log)) string {
	var b bytes.Buffer
	l := NewLog(&b, "tcpserve", format, level)
	use(l)
	closed(l)
	return b.String()
}

// closed closes a log and waits for its last line, however busy the machine is:
// Close alone waits for no more than a second.
func closed(l *Log) {
	l.Close()
	<-l.queue.done
}

func TestText(t *testing.T) {
	t.Parallel()
	got := logged("text", Normal, func(l *Log) {
		l.Event("listening")
		l.Event("close", slog.Uint64("id", 18446744073709551615), slog.Int64("bytes_in", -1), slog.Any("bytes_out", nil),
			slog.Int64("duration_us", 1500), slog.Int64("rtt_us", 0), slog.String("remote", "[::1]:80"),
			slog.String("error", "two words"), slog.String("empty", ""), slog.String("equals", "a=b"), slog.Bool("bool", true))
		l.Error("read rules", errors.New("no \x1b file"), slog.Int("pid", 1))
	})
	want := `tcpserve: listening
tcpserve: close id=18446744073709551615 bytes_in=-1 bytes_out=- duration=1.5ms rtt=0s remote=[::1]:80 error="two words" empty="" equals="a=b" bool=true
tcpserve: error pid=1 error="read rules: no \x1b file"
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Microsecond)
	got := logged("json", Normal, func(l *Log) {
		l.Event("close", slog.Uint64("id", 7), slog.Any("bytes_out", nil), slog.Int64("duration_us", 1500), slog.String("remote", "é\n"))
	})
	var line map[string]any
	if err := json.Unmarshal([]byte(got), &line); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	ts, err := time.Parse("2006-01-02T15:04:05.000000Z", line["ts"].(string))
	if err != nil || ts.Before(before) || ts.After(time.Now()) {
		t.Errorf("ts %v, %v", line["ts"], err)
	}
	delete(line, "ts")
	want := map[string]any{"schema": Schema, "event": "close", "id": 7.0, "bytes_out": nil, "duration_us": 1500.0, "remote": `é\n`}
	if len(line) != len(want) {
		t.Errorf("got %v, want %v", line, want)
	}
	for key, value := range want {
		if got, there := line[key]; !there || got != value {
			t.Errorf("%s is %#v, want %#v", key, got, value)
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[Level]string{Quiet: "asked error", Normal: "event asked error", Verbose: "event detail asked error"} {
		got := logged("text", level, func(l *Log) {
			l.Event("event")
			l.Detail("detail")
			l.Answer("asked")
			l.Error("what", errors.New("why"))
		})
		var events []string
		for line := range strings.Lines(got) {
			events = append(events, strings.Fields(line)[1])
		}
		if got := strings.Join(events, " "); got != want {
			t.Errorf("level %d shows %q, want %q", level, got, want)
		}
	}
}

// TestHostile puts what a peer could send into every place of an event: it is
// one line of printable characters.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json", "ucspi"} {
		for _, s := range hostile() {
			got := logged(format, Verbose, func(l *Log) { logHostile(l, s) })
			events := 3
			if format == "ucspi" {
				events = 6 // tcpserver's own lines
			}
			if n := strings.Count(got, "\n"); n != events {
				t.Errorf("%s, %q: %d lines:\n%s", format, s, n, got)
			}
			for line := range strings.Lines(got) {
				wantPrintable(t, strings.TrimSuffix(line, "\n"))
				if format == "json" && !json.Valid([]byte(line)) {
					t.Errorf("%q: not JSON: %s", s, line)
				}
			}
		}
	}
}

func logHostile(l *Log, s string) {
	l.Detail("open", slog.Uint64("id", 1), slog.Int("pid", 2), slog.String("remote", s), slog.String("local", s))
	l.Event("close", slog.Uint64("id", 1), slog.Int("pid", 2), slog.String("remote", s), slog.String("error", s), slog.String("signal", s))
	l.Error(s, errors.New(s), slog.Any("cause", errors.New(s)), slog.Any("names", []string{s}))
}

func FuzzLog(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, format := range []string{"text", "json", "ucspi"} {
			got := logged(format, Verbose, func(l *Log) { logHostile(l, s) })
			for line := range strings.Lines(got) {
				wantPrintable(t, strings.TrimSuffix(line, "\n"))
				if format == "json" && !json.Valid([]byte(line)) {
					t.Errorf("not JSON: %s", line)
				}
			}
		}
	})
}

// TestCloseIsBounded: a reader that never comes back does not keep the server.
func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	l := NewLog(w, "tcpserve", "text", Normal)
	l.Event("never read")
	closed := make(chan struct{})
	go func() {
		l.Close()
		l.Close()
		l.Event("late") // is lost, and does no harm
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(20 * farewell):
		t.Error("Close waits for a reader that does not come")
	}
	r.Close() // the goroutine of the queue ends
	<-l.queue.done
}

// TestConcurrent: lines of many goroutines are whole.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const many = 50
	shared := make([]slog.Attr, 1, 8) // with room that an append must not use
	shared[0] = slog.String("shared", "x")
	got := logged("json", Normal, func(l *Log) {
		var all sync.WaitGroup
		for range many {
			all.Go(func() {
				l.Event("one", slog.String("text", strings.Repeat("x", 1000)))
				l.Error("two", errors.New("three"), shared...)
			})
		}
		all.Wait()
	})
	n := 0
	for line := range strings.Lines(got) {
		n++
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if n != 2*many {
		t.Errorf("%d lines, want %d", n, 2*many)
	}
}

// TestLastLine: what was logged before Close is written, however late it came.
func TestLastLine(t *testing.T) {
	t.Parallel()
	for i := range 2000 {
		got := logged("text", Normal, func(l *Log) {
			for range i % 3 {
				l.Event("before")
			}
			l.Event("last")
		})
		if !strings.HasSuffix(got, ": last\n") {
			t.Fatalf("run %d: got %q", i, got)
		}
	}
}
