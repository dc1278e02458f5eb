//go:build !portable

package pool

import (
	"io"
	"testing"

	"nettool/internal/handoff"
	"nettool/internal/server/run"
	"nettool/internal/ucspi"
)

// TestSecured: a child can tell once what the handshake of its connection has come to,
// and nothing else about handshakes. A lie costs the child, and its connection.
func TestSecured(t *testing.T) {
	good := handoff.Secured{ID: 1, TLS: ucspi.TLS{Protocol: "TLSv1.3", Subject: "CN=me"}}
	with := func(change func(*handoff.Secured)) string {
		m := good
		change(&m)
		return babbled(&m)
	}
	for name, test := range map[string]struct {
		says  string
		plain bool // the connection is none of TLS
		run   int  // how often a program is
	}{
		"good":        {says: babbled(&good), run: 1},
		"twice":       {says: babbled(&good) + babbled(&good), run: 1},
		"another's":   {says: with(func(m *handoff.Secured) { m.ID = 2 })},
		"plain":       {says: babbled(&good), plain: true},
		"two lines":   {says: with(func(m *handoff.Secured) { m.TLS.Subject = "a\nb" })},
		"a zero byte": {says: with(func(m *handoff.Secured) { m.TLS.SNI = "a\x00" })},
		"half a rune": {says: with(func(m *handoff.Secured) { m.TLS.ALPN = "\xc3" })},
	} {
		t.Run(name, func(t *testing.T) {
			var passed []*run.Conn
			h, _ := start(t, Config{Next: func(c *run.Conn) { passed = append(passed, c) }})
			connect := h.ConnectTLS
			if test.plain {
				connect = h.ConnectAnonymous
			}
			client, c := connect()
			io.WriteString(client, "z"+test.says)
			client.CloseWrite()
			h.End()
			if len(h.EndedConns) != 1 || h.ChildExits != 1 || c.Open() {
				t.Errorf("%d ended, %d children died, still open %v", len(h.EndedConns), h.ChildExits, c.Open())
			}
			if len(passed) != test.run || len(h.OpenedPIDs) > 0 {
				t.Errorf("passed on %v, opened %v", passed, h.OpenedPIDs)
			}
			if test.run > 0 && (c.Secured == nil || c.Secured.Subject != "CN=me") {
				t.Errorf("secured: %+v", c.Secured)
			}
		})
	}
}

// TestJoinNobody: there is nobody to join once the child has died.
func TestJoinNobody(t *testing.T) {
	joined := true
	var p *Pool
	cfg := Config{Next: func(c *run.Conn) { joined = p.Join(c, 0) }}
	h, p2 := start(t, cfg)
	p = p2
	client, c := h.ConnectTLS()
	io.WriteString(client, "z"+babbled(&handoff.Secured{ID: c.ID}))
	client.CloseWrite()
	h.End()
	if joined = p.Join(c, 0); joined {
		t.Error("joined with a child that is no more")
	}
}
