package tcpclient

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// FuzzParse: a command line is refused, or leads to TCP, whatever its host looks like.
func FuzzParse(f *testing.F) {
	f.Add("-RHl0\x00127.0.0.1\x0080\x00true")
	f.Add("-6\x00-T1+x\x00-i\x00::1\x00-p65536\x00unix:/x\x00http\x00true")
	f.Add("--\x00tls:a\x00:1\x00true")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parse(strings.Split(line, "\x00"))
		if err != nil {
			if _, ok := errors.AsType[*misuse](err); !ok {
				t.Fatalf("%q: %v", line, err)
			}
			return
		}
		address, ok := o.address()
		if !ok {
			return
		}
		a, err := socket.Parse(address)
		if err == nil && (!strings.HasPrefix(a.Network, "tcp") || a.TLS || a.Network == "tcp" && !o.six) {
			t.Fatalf("%q: %q is %+v", line, address, a)
		}
		var s socket.Source
		if source := o.source(); source != "" && s.UnmarshalText([]byte(source)) != nil && o.localIP.Zone() == "" {
			t.Fatalf("%q: source %q", line, source)
		}
	})
}

// TestExplain has what cannot be made to happen in a moment.
func TestExplain(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"temporarily unable to figure out IP address for h: temporary failure": exit.With(exit.NoName, &net.DNSError{Err: "server misbehaving", IsTemporary: true}),
		"no IP address for h":                exit.With(exit.NoName, &net.DNSError{Err: "no such host", IsNotFound: true}),
		"unable to run p: exec format error": exit.With(exit.NotExecutable, syscall.ENOEXEC),
		"unable to run p: access denied":     exit.With(exit.NotExecutable, syscall.EISDIR),
		"unable to create socket: process cannot open more files": exit.With(exit.Local, &socket.DialError{
			Attempts: []socket.Attempt{{Err: os.NewSyscallError("socket", syscall.EMFILE)}},
		}),
		"something else": exit.Errorf(exit.Local, "something else"),
	} {
		var said strings.Builder
		w := &words{out: &said, options: &options{verbosity: normal, host: "h", program: []string{"p"}}}
		if code := w.explain(err); code != failed || said.String() != "tcpclient: fatal: "+want+"\n" {
			t.Errorf("%v: %d, %q, want %q", err, code, said.String(), want)
		}
	}
	w := &words{options: &options{verbosity: normal}}
	if code := w.explain(exit.With(exit.ConnectTimeout, &socket.DialError{Attempts: []socket.Attempt{{Err: context.DeadlineExceeded}}})); code != failed {
		t.Errorf("what was said already: %d", code)
	}
}
