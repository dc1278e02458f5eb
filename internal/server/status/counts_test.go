package status

import (
	"math"
	"strings"
	"testing"

	"nettool/internal/server/run"
	"nettool/internal/server/upgrade"
)

// TestMadeUpCounts: bytes that a child has made up do not make a counter run
// backwards.
func TestMadeUpCounts(t *testing.T) {
	t.Parallel()
	c := NewCounts(false)
	for _, n := range []int64{5, math.MaxInt64, math.MaxInt64, 7} {
		c.Ended(&run.Ending{BytesIn: n, BytesOut: 1})
	}
	if c.bytesIn != math.MaxInt64 || c.bytesOut != 4 {
		t.Errorf("%d bytes in, %d out", c.bytesIn, c.bytesOut)
	}
	page := string(c.page(&run.Gauges{}, 0, upgrade.Older{}, false))
	if strings.Contains(page, "} -") {
		t.Errorf("a count is negative:\n%s", page)
	}
}
