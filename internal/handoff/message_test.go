package handoff

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"nettool/internal/isolate"
	"nettool/internal/ucspi"
)

// messages are all kinds of messages, plain and extreme.
func messages() []Message {
	hostile := "\x00\xff\n\"" + strings.Repeat("é", 100)
	return []Message{
		&Config{},
		&Config{
			Handler: "echo", QuitOn: "quit", Program: []string{"/bin/cat", "cat", ""},
			Limits: Limits{FirstByte: time.Second, Idle: time.Minute, MaxTime: math.MaxInt64}, HeaderTime: 5 * time.Second,
		},
		&Config{Handler: hostile, OOM: -1000, Limits: Limits{FirstByte: -1, Idle: math.MinInt64}},
		&Config{User: &User{}},
		&Config{User: &User{UID: 1, GID: 2, Saved: 65534, Groups: []int{2, -1}}},
		&Conn{},
		&Conn{Relayed: true, TLS: true, ID: 1},
		&Conn{Anonymous: true, ID: 1, Accepted: 2, Local: "127.0.0.1:80", Remote: "[::1]:1234", Env: []string{"A=b", "C=" + hostile}},
		&Conn{ID: 1, Accepted: 2, Local: "127.0.0.1:80", Remote: "[::1]:1234", Env: []string{"A=b", "C=" + hostile}},
		&Config{Handler: "forward", Forward: Forward{
			To: []string{"tls:" + hostile, ""}, Timeout: math.MinInt64, Source: "::1", Proxy: 2,
			KeepAlive: -1, DeadPeer: math.MaxInt64, NoDelay: -1,
		}},
		&Conn{ID: 1, Routes: []Route{{}, {Backend: 63, Addrs: []string{"[::1]:80", hostile}, Why: hostile}}},
		&Routed{},
		&Routed{ID: math.MaxUint64, Backend: math.MinInt32},
		&Conn{ID: math.MaxUint64, Accepted: math.MinInt64, Local: hostile, Remote: strings.Repeat("x", 60_000)},
		&Ready{},
		&Done{},
		&Done{Seq: math.MaxUint64},
		&Exec{ID: 7},
		&Ask{ID: 1, Source: "192.0.2.1:1", Dest: "[2001:db8::1]:2", Size: 52},
		&Ask{ID: math.MaxUint64, Source: hostile, Dest: hostile, Size: math.MaxInt},
		&Verdict{ID: 1, Cause: "deny", Env: []string{""}},
		&Verdict{},
		&Secured{},
		&Secured{ID: math.MaxUint64, TLS: ucspi.TLS{
			Protocol: "TLSv1.3", Cipher: "c", SNI: hostile, ALPN: "h2", Subject: hostile, Fingerprint: "f", Resumed: true,
		}},
		&Joined{},
		&Joined{ID: 7},
		&Config{Handler: "receive", Files: Files{Dir: hostile, One: "a", Most: math.MinInt64, Quota: true, Each: true, Fresh: true, Raw: true}},
		&Room{},
		&Room{ID: math.MaxUint64, Bytes: math.MinInt64},
		&Filed{},
		&Filed{ID: 1, Name: hostile, As: "a", Size: math.MaxInt64, Moved: -1, Sum: "-", Known: true, Error: hostile},
		&Noted{},
		&Noted{ID: 1, Cause: hostile},
		&Names{},
		&Names{LocalHost: true, Host: true, Paranoid: true, Info: true, Timeout: time.Second},
		&Who{},
		&Who{ID: 7, Local: hostile, Remote: "[2001:db8::1]:1"},
		&Named{},
		&Named{ID: 8, LocalHost: Word{Known: true}, Host: Word{Text: hostile, Known: true}, Info: Word{Text: "x", Known: true}},
		&Secrets{},
		&Stage{},
		&Stage{
			Path: "/bin/cat", Argv: []string{"cat", hostile}, Kept: []int{3, 255}, Third: 256, OOM: -1000, Trial: true, Drop: true,
			Settings: isolate.Settings{
				Chroot: hostile, Workdir: "/", Umask: 0o777, Masked: true, Nice: -20, NoNewPrivs: true, Proc: true, Subreaper: true,
				Rlimits:    []isolate.Rlimit{{Name: "as", Soft: 0, Hard: isolate.Unlimited}, {Name: "cpu"}},
				Landlock:   []isolate.PathRule{{Path: "/", Write: true}, {Path: hostile}},
				Tmpfs:      []isolate.Tmpfs{{Path: "/tmp", Size: math.MaxInt64}, {}},
				Namespaces: isolate.Net | isolate.User,
			},
		},
		&Found{},
		&Found{Path: hostile},
		&Failed{},
		&Failed{Code: 127, Text: hostile},
		&Exited{},
		&Exited{Code: -1, Signal: 9},
		&EndAll{},
		&Deputy{},
		&Order{},
		&Order{Env: []string{"A=b"}, Files: 3, Holes: []int{3, 4}, Clone: 1 << 63, Ambient: []int{18, 21}},
		&Started{},
		&Started{PID: 1 << 22, Errno: 11},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	kinds := map[Kind]bool{}
	for _, m := range messages() {
		kinds[m.kind()] = true
		b, err := Append([]byte("before"), m)
		if err != nil {
			t.Errorf("append %#v: %v", m, err)
			continue
		}
		got, err := Parse(bytes.TrimPrefix(b, []byte("before")))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("got %#v, %v; want %#v", got, err, m)
		}
	}
	for k := KindConfig; k <= KindNamed; k++ {
		if !kinds[k] {
			t.Errorf("no message of kind %d was tried", k)
		}
	}
}

// TestLimit finds the longest message: one byte more is refused by the writer
// and by the reader, and the writer leaves what it was given alone.
func TestLimit(t *testing.T) {
	t.Parallel()
	ask := func(n int) *Ask { return &Ask{Source: strings.Repeat("s", n)} }
	frame, _ := Append(nil, ask(MaxMessage/2))
	fits := MaxMessage - (len(frame) - MaxMessage/2)
	b, err := Append(nil, ask(fits))
	if err != nil || len(b) != MaxMessage {
		t.Fatalf("a message of %d bytes: %v", len(b), err)
	}
	if m, err := Parse(b); err != nil || len(m.(*Ask).Source) != fits {
		t.Fatalf("parse the longest message: %v", err)
	}
	b, err = Append([]byte("kept"), ask(fits+1))
	if string(b) != "kept" {
		t.Errorf("Append left %d bytes, want what it was given", len(b))
	}
	wantError(t, err, "65537 bytes")
	_, err = Parse(make([]byte, MaxMessage+1))
	wantError(t, err, "65537 bytes: too long")
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	huge := binary.AppendUvarint(nil, math.MaxUint64)
	for _, test := range []struct{ name, message, want string }{
		{"nothing", "", "0 bytes: too short"},
		{"one byte", "\x01", "1 bytes: too short"},
		{"another version", "\x02\x03", "version 2: this is version 1"},
		{"version zero", "\x00\x03", "version 0"},
		{"kind zero", "\x01\x00", "unknown kind 0"},
		{"unknown kind", "\x01\xff", "unknown kind 255"},
		{"trailing bytes", "\x01\x03xyz", "kind 3: 3 bytes too many"},
		{"no number", "\x01\x04", "kind 4: cut short"},
		{"half a number", "\x01\x04\x80", "kind 4: cut short"},
		{"a number of 65 bits", "\x01\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "length that cannot be"},
		{"text cut short", "\x01\x06\x01\x05four", "kind 6: cut short"},
		{"text of 2^64-1 bytes", "\x01\x06\x01" + string(huge), "kind 6: cut short"},
		{"list of 2^64-1 texts", "\x01\x07\x01\x00" + string(huge), "kind 7: cut short"},
		{"list cut short", "\x01\x07\x01\x00\x02\x01a", "kind 7: cut short"},
	} {
		m, err := Parse([]byte(test.message))
		if m != nil {
			t.Errorf("%s: got %#v", test.name, m)
		}
		t.Run(test.name, func(t *testing.T) { wantError(t, err, test.want) })
	}
}

// TestParseTruncated cuts every message at every place.
func TestParseTruncated(t *testing.T) {
	t.Parallel()
	for _, m := range messages() {
		b, _ := Append(nil, m)
		for n := range min(len(b), 300) {
			if got, err := Parse(b[:n]); err == nil {
				t.Errorf("%d of %d bytes of a %T are %#v", n, len(b), m, got)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range messages() {
		b, _ := Append(nil, m)
		f.Add(b)
		f.Add(append(b, 0))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			if m != nil || !strings.HasPrefix(err.Error(), "handoff message ") {
				t.Fatalf("%#v and error %q", m, err)
			}
			return
		}
		again, err := Append(nil, m)
		if err != nil || len(again) > len(b) {
			t.Fatalf("%d bytes become %d: %v", len(b), len(again), err)
		}
		if got, err := Parse(again); err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("got %#v, %v; want %#v", got, err, m)
		}
	})
}

// wantError expects an error that says want.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one that says %q", err, want)
	}
}
