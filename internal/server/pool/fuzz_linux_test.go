//go:build !portable

package pool

import (
	"io"
	"testing"

	"nettool/internal/handoff"
)

// FuzzChild: whatever a child sends, its connection ends, the next one is served by
// another child, and nothing is left open.
func FuzzChild(f *testing.F) {
	message := func(m handoff.Message) []byte {
		b, _ := handoff.Append(nil, m)
		return append([]byte{byte(2 * len(b))}, b...)
	}
	f.Add(message(&handoff.Ready{}))
	f.Add(message(&handoff.Done{Seq: 1}))
	f.Add(append(message(&handoff.Done{Seq: 1 << 60}), message(&handoff.Done{})...))
	f.Add(message(&handoff.Ask{ID: 1, Source: "127.0.0.1"}))
	f.Add(message(&handoff.Exec{ID: 1}))
	f.Add(append([]byte{1}, message(&handoff.Ask{ID: 1, Source: "192.0.2.1:1", Dest: "192.0.2.2:2", Size: 40})...))
	f.Add(append(message(&handoff.Routed{ID: 1, Backend: 1 << 30}), message(&handoff.Routed{ID: 1})...))
	f.Add([]byte{7, 'a', 'b', '\n', 0, 2, 1, 3, 1, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		h, p := start(t, Config{})
		connect := h.Connect
		if len(text) > 0 && text[0]%2 == 1 {
			connect = h.ConnectAnonymous
		}
		client, _ := connect()
		client.Write(append([]byte("z"), text...))
		client.CloseWrite()
		h.Until(func() bool { return len(h.EndedConns)+len(h.Rejects) > 0 })
		if n, _ := io.Copy(io.Discard, client); n > 0 {
			t.Errorf("%d bytes for the client", n)
		}
		next, c := h.Connect()
		h.Until(func() bool { return c.PID > 0 })
		ask(t, next, "a")
		h.End()
		if p.dying+len(p.busy) > spawnQueue {
			t.Errorf("%d children end, %d are busy", p.dying, len(p.busy))
		}
	})
}
