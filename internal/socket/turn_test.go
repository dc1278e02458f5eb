package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"nettool/internal/exit"
)

// TestTurn gives up what refuses, and takes what answers.
func TestTurn(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	a, err := Parse("tcp:" + at.String())
	if err != nil {
		t.Fatal(err)
	}
	turn := Turn{Rounds: []time.Duration{0}}
	conn, err := turn.Dial(t.Context(), a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	taken, err := Parse("tcp:" + conn.LocalAddr().String()) // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	var gone []netip.AddrPort
	turn = Turn{Rounds: []time.Duration{0, time.Second}, Failed: func(at netip.AddrPort, err error) { gone = append(gone, at) }}
	_, err = turn.Dial(t.Context(), taken, Options{})
	failed, ok := errors.AsType[*DialError](err)
	if !ok || exit.Of(err) != exit.Unreachable || len(failed.Attempts) != 1 || len(gone) != 1 || gone[0].String() != conn.LocalAddr().String() {
		t.Errorf("got %v, and gave up %v", err, gone)
	}
	if _, err := turn.Dial(t.Context(), a, Options{Source: netip.MustParseAddrPort("[::1]:0")}); exit.Of(err) != exit.Usage {
		t.Errorf("from another family: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turn.Dial(ctx, a, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
