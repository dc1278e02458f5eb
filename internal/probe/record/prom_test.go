package record

import (
	"bytes"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
	"nettool/internal/socket"
)

// TestProm: the metrics of each target stand together, and no number has an
// exponent.
func TestProm(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	sink := New(&b, "prom", false)
	port := socket.Addr{Network: "tcp", Host: "a", Port: "80"}
	file := socket.Addr{Network: "unix", Path: "/q\"\\"}
	up := attempt.Result{Target: port, Total: 30 * time.Microsecond}
	up.Took[attempt.Connected] = 20 * time.Microsecond
	sink.Finding(Finding{Kind: "attempt", Result: &up})
	sink.Finding(Finding{Kind: "attempt", Result: &attempt.Result{Target: file, Outcome: attempt.Refused, Total: time.Second}})
	count := &tally.Tally{Missed: 2}
	count.Outcomes[attempt.OK] = 3_000_000
	sink.Summary(&Summary{Target: &port, Tally: count})
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# HELP nettool_probe_up 1 if the last attempt was ok.\n# TYPE nettool_probe_up gauge\n" +
			"nettool_probe_up{target=\"a:80\"} 1\nnettool_probe_up{target=\"unix:/q\\\"\\\\\"} 0\n# HELP",
		"\nnettool_probe_attempts_total{target=\"a:80\",outcome=\"ok\"} 3000000\n",
		"\nnettool_probe_attempts_total{target=\"unix:/q\\\"\\\\\",outcome=\"refused\"} 1\n",
		"\nnettool_probe_duration_seconds{target=\"a:80\",phase=\"total\"} 0.00003\n" +
			"nettool_probe_duration_seconds{target=\"a:80\",phase=\"connect\"} 0.00002\n",
		"\nnettool_probe_response_seconds{target=\"a:80\",quantile=\"0.999\"} NaN\n" +
			"nettool_probe_response_seconds_sum{target=\"a:80\"} 0\nnettool_probe_response_seconds_count{target=\"a:80\"} 0\n",
		"\nnettool_probe_missed_ticks_total{target=\"a:80\"} 2\n",
		"\n# TYPE nettool_probe_waited_seconds gauge\n",
	} {
		if !bytes.Contains(b.Bytes(), []byte(want)) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}
