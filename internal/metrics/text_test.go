package metrics

import (
	"testing"
	"time"
)

func TestText(t *testing.T) {
	t.Parallel()
	h := NewHistogram(time.Millisecond, time.Second)
	for _, d := range []time.Duration{-1, time.Millisecond, 2 * time.Millisecond, time.Second, time.Minute} {
		h.Observe(d)
	}
	if h.Count() != 5 {
		t.Errorf("count is %d, want 5", h.Count())
	}
	var page Text
	page.Counter("a_total", "one\ntwo \\ three", 1<<53)
	page.Family("b", "gauge", "b")
	page.Sample("b", 0.5, "x", "quote \" back \\ line \n", "y", "z")
	page.Histogram("c_seconds", "c", h)
	const want = `# HELP a_total one\ntwo \\ three
# TYPE a_total counter
a_total 9007199254740992
# HELP b b
# TYPE b gauge
b{x="quote \" back \\ line \n",y="z"} 0.5
# HELP c_seconds c
# TYPE c_seconds histogram
c_seconds_bucket{le="0.001"} 2
c_seconds_bucket{le="1"} 4
c_seconds_bucket{le="+Inf"} 5
c_seconds_sum 61.003
c_seconds_count 5
`
	if got := string(page.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
