package sweep_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/sweep"
	"nettool/internal/probe/target"
)

func TestSweepFindsWhatIsOpen(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := netip.MustParseAddrPort(l.Addr().String()).Port()
	to, err := target.Parse(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var hosts sweep.Hosts
	if err := hosts.Add(to); err != nil {
		t.Fatal(err)
	}
	run := sweep.New(sweep.Config{Spec: attempt.Spec{Timeout: time.Minute}}, &hosts)
	var found []sweep.Found
	for f := range run.Run(t.Context()) {
		found = append(found, f)
	}
	if len(found) != 1 || !found[0].Result.OK() || found[0].Port != port || !found[0].Result.Own {
		t.Errorf("found %+v", found)
	}
	if p := run.Progress(); p.Done != 1 || p.Open != 1 || p.Again != 0 {
		t.Errorf("progress %+v", p)
	}
}

func TestExpect(t *testing.T) {
	t.Parallel()
	e, err := sweep.ParseExpect("22,80-81", "rest")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		port uint16
		o    attempt.Outcome
		want bool
	}{
		{22, attempt.OK, true},
		{81, attempt.Refused, false},
		{22, attempt.LocalError, false},
		{23, attempt.OK, false},
		{23, attempt.Timeout, true},
		{23, attempt.LocalError, false},
	} {
		if got := e.Met(tt.port, tt.o); got != tt.want {
			t.Errorf("port %d %v: met %v", tt.port, tt.o, got)
		}
	}
	if _, err := sweep.ParseExpect("22-", ""); err == nil {
		t.Error("no error")
	}
}
