//go:build !portable

package pool

import (
	"io"
	"strings"
	"testing"

	"nettool/internal/handoff"
)

// TestFiled: a child can tell of the files of the connection that it has, and ask for
// room for them. A lie costs the child, and its connection.
func TestFiled(t *testing.T) {
	sum := strings.Repeat("0", 64)
	filed := func(change func(*handoff.Filed)) string {
		m := handoff.Filed{ID: 1, Name: "a", As: "a.1", Size: 5, Moved: 5, Sum: "-"}
		change(&m)
		return babbled(&m)
	}
	good := filed(func(*handoff.Filed) {})
	room := func(id uint64, bytes int64) string { return babbled(&handoff.Room{ID: id, Bytes: bytes}) }
	quota := handoff.Files{Dir: "/srv", Quota: true}
	for name, test := range map[string]struct {
		says      string
		files     handoff.Files
		anonymous bool
		filed     int // how many are noted: none once it has lied
	}{
		"good":           {says: good + filed(func(m *handoff.Filed) { m.Sum = sum[:40] }), files: quota, filed: 2},
		"failed":         {says: filed(func(m *handoff.Filed) { m.As, m.Error, m.Moved = "", "too large", 0 }), files: quota, filed: 1},
		"room":           {says: room(1, 5) + good + room(1, 0), files: quota, filed: 1},
		"no files":       {says: good},
		"no files' room": {says: room(1, 5) + good},
		"no quota":       {says: room(1, 5) + good, files: handoff.Files{Dir: "/srv"}},
		"negative room":  {says: room(1, -1) + good, files: quota},
		"another's":      {says: filed(func(m *handoff.Filed) { m.ID = 2 }) + good, files: quota},
		"another's room": {says: room(2, 5) + good, files: quota},
		"anonymous":      {says: good, files: quota, anonymous: true},
		"negative":       {says: filed(func(m *handoff.Filed) { m.Size, m.Moved = -1, -1 }) + good, files: quota},
		"more than all":  {says: filed(func(m *handoff.Filed) { m.Moved = 6 }) + good, files: quota},
		"both":           {says: filed(func(m *handoff.Filed) { m.Error = "too large" }) + good, files: quota},
		"neither":        {says: filed(func(m *handoff.Filed) { m.As = "" }) + good, files: quota},
		"a sum too long": {says: filed(func(m *handoff.Filed) { m.Sum = sum + "0" }) + good, files: quota},
		"an answer":      {says: babbled(&handoff.Noted{ID: 1}) + good, files: quota},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{}
			cfg.Child.Files = test.files
			h, _ := start(t, cfg)
			connect := h.Connect
			if test.anonymous {
				connect = h.ConnectAnonymous
			}
			client, c := connect()
			io.WriteString(client, "z"+test.says)
			client.CloseWrite()
			h.End()
			if len(h.EndedConns) != 1 || h.ChildExits != 1 || c.Open() {
				t.Errorf("%d ended, %d children died, still open %v", len(h.EndedConns), h.ChildExits, c.Open())
			}
			if len(h.Files) != test.filed {
				t.Errorf("%d files, want %d", len(h.Files), test.filed)
			}
		})
	}
}
