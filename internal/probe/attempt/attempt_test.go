package attempt_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient is an attempt that has longer than a busy machine keeps it from running.
var patient = attempt.Spec{Timeout: time.Minute}

// serve answers every connection with handle.
func serve(t *testing.T, handle func(net.Conn)) socket.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			handle(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return addr(t, l.Addr().String())
}

func addr(t *testing.T, text string) socket.Addr {
	t.Helper()
	a, err := socket.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestPhases(t *testing.T) {
	t.Parallel()
	to := serve(t, func(c net.Conn) {
		c.Read(make([]byte, 1))
		time.Sleep(20 * time.Millisecond)
		c.Write([]byte("one "))
		time.Sleep(30 * time.Millisecond)
		c.Write([]byte("two\n"))
	})
	s := patient
	s.Level, s.Send, s.Expect = attempt.Talk, []byte("x"), regexp.MustCompile("two")
	r := s.Try(t.Context(), to, nil)
	if !r.OK() || r.Phase != attempt.NoPhase || r.Errno != "" {
		t.Fatalf("got %+v", r)
	}
	if r.Took[attempt.Connected] == 0 || r.Took[attempt.Sent] == 0 || r.Took[attempt.FirstByte] == 0 || r.Took[attempt.Expected] == 0 {
		t.Errorf("phases %v", r.Took)
	}
	if sum := r.Took[attempt.FirstByte] + r.Took[attempt.Expected]; r.Total < sum || r.Total < 50*time.Millisecond || r.Took[attempt.DNS] != 0 {
		t.Errorf("total %v, phases %v", r.Total, r.Took)
	}
	if r.Addr != to.String() || r.Retransmits < 0 {
		t.Errorf("addr %q, retransmits %d", r.Addr, r.Retransmits)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	to := serve(t, func(c net.Conn) {
		cancel()
		io.Copy(io.Discard, c)
	})
	s := attempt.Spec{Level: attempt.Stay, Stay: time.Minute}
	if r := s.Try(ctx, to, nil); r.Outcome != attempt.Cancelled {
		t.Errorf("got %v", r.Outcome)
	}
	if r := s.Try(ctx, to, nil); r.Outcome != attempt.Cancelled || r.Outcome.Verdict() {
		t.Errorf("got %v", r.Outcome)
	}
}

// TestCancelledWhileThePeerSpeaks: no deadline that is set meanwhile undoes the end.
func TestCancelledWhileThePeerSpeaks(t *testing.T) {
	t.Parallel()
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		to := serve(t, func(c net.Conn) {
			for n := 0; ; n++ {
				if _, err := c.Write([]byte("on and on")); err != nil {
					return
				}
				if n == 100 {
					cancel()
				}
			}
		})
		s := attempt.Spec{Level: attempt.Stay, Stay: 20 * time.Second}
		if r := s.Try(ctx, to, nil); r.Outcome != attempt.Cancelled {
			t.Fatalf("got %v after %v", r.Outcome, r.Total)
		}
	}
}

// A target with several addresses is ok when one is; otherwise the failure that
// tells most is reported.
func TestSeveralAddresses(t *testing.T) {
	t.Parallel()
	to := serve(t, func(net.Conn) {})
	good := netip.MustParseAddrPort(to.String())
	bad := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.77"), good.Port())
	s := patient
	if r := s.Try(t.Context(), to, []netip.AddrPort{bad, good}); !r.OK() || r.Addr != good.String() {
		t.Errorf("got %v at %q", r.Outcome, r.Addr)
	}
	nowhere := netip.AddrPortFrom(netip.MustParseAddr("255.255.255.255"), good.Port())
	if r := s.Try(t.Context(), to, []netip.AddrPort{nowhere, bad}); r.Outcome != attempt.Refused || r.Addr != bad.String() || r.Errno != "ECONNREFUSED" {
		t.Errorf("got %v at %q, %s", r.Outcome, r.Addr, r.Errno)
	}
}

func TestBanner(t *testing.T) {
	t.Parallel()
	to := serve(t, func(c net.Conn) { c.Write([]byte("SSH-2.0-x\r\nmore")) })
	s := attempt.Spec{Banner: time.Minute, Timeout: 2 * time.Minute}
	if r := s.Try(t.Context(), to, nil); r.Banner != "SSH-2.0-x" {
		t.Errorf("got %q", r.Banner)
	}
}

func TestOutcomeNames(t *testing.T) {
	t.Parallel()
	want := "ok refused timeout unreachable reset closed_early mismatch tls_error dns_error slow local_error cancelled"
	var got []string
	for o := range attempt.Outcomes {
		got = append(got, o.String())
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``: "", `a,b`: "a,b", `\r\n`: "\r\n", `\x00\xfF`: "\x00\xff", `\\n`: `\n`, `\t\0`: "\t\x00", `é`: "é",
	} {
		if got, err := attempt.Unescape(text); err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{`\`, `a\q`, `\x1`, `\xzz`} {
		if _, err := attempt.Unescape(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func FuzzUnescape(f *testing.F) {
	f.Add(`\r\n\x00\\`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := attempt.Unescape(text)
		if err == nil && len(got) > len(text) {
			t.Errorf("%q grew to %q", text, got)
		}
	})
}

func FuzzStatus(f *testing.F) {
	for _, s := range []string{"", "200", "200-299,404", "299-200", "99", "600", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := attempt.ParseStatus(text)
		q := attempt.HTTPRequest{Status: all}
		for _, s := range all {
			if err == nil && (s.First < 100 || s.Last > 599 || s.First > s.Last || !q.Accepts(s.First)) {
				t.Errorf("%q: %+v", text, s)
			}
		}
	})
}
