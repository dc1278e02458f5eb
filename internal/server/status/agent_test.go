package status

import (
	"testing"

	"nettool/internal/server/run"
)

func TestAgentLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		state       string
		open, limit int
		want        string
	}{
		{"ready", 0, 4, "ready up 100%\n"},
		{"ready", 1, 4, "ready up 75%\n"},
		{"ready", 4, 4, "ready up 1%\n"},
		{"ready", 1023, 1024, "ready up 1%\n"},
		{"full", 4, 4, "ready up 0%\n"},
		{"ready", 9, 0, "ready up 100%\n"},
		{"ready", 9, 4, "ready up 1%\n"},
		{"draining", 0, 4, "drain\n"},
	} {
		if got := agentLine(&run.Gauges{State: test.state, Open: test.open, Limit: test.limit}); got != test.want {
			t.Errorf("%s, %d of %d: %q, want %q", test.state, test.open, test.limit, got, test.want)
		}
	}
}
