package status

import (
	"slices"
	"testing"

	"nettool/internal/admit"
)

// TestHistory: what is new in each second, for two minutes.
func TestHistory(t *testing.T) {
	c := NewCounts(false)
	var h History
	for second := range historySeconds + 5 {
		c.Admitted += uint64(second)
		c.Rejected[admit.Deny] += 2
		c.Rejected[admit.Full]++
		h.Note(c, second%7)
	}
	page := h.page()
	for _, samples := range [][]int{page.Connections, page.Open, page.Rejects} {
		if len(samples) != historySeconds {
			t.Errorf("%d samples", len(samples))
		}
	}
	last := historySeconds + 4
	if page.Connections[0] != 5 || page.Connections[historySeconds-1] != last || page.Open[historySeconds-1] != last%7 {
		t.Errorf("connections %v, open %v", page.Connections, page.Open)
	}
	if !slices.Equal(slices.Compact(page.Rejects), []int{3}) {
		t.Errorf("rejects %v", page.Rejects)
	}
	h.Note(c, 0)
	if got := page.Connections[0]; got != 5 {
		t.Errorf("a page changes: %d", got)
	}
}
