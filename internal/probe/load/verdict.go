package load

import (
	"fmt"
	"time"
)

// Verdict is what has to be said about a run, besides its figures.
type Verdict struct {
	Kind  VerdictKind
	Share float64 // of GeneratorBound: of the time, or of the requests
	Rate  float64 // of Saturated: a second
}

// VerdictKind is the kind of a verdict.
type VerdictKind uint8

// The verdicts.
const (
	KeptUp         VerdictKind = iota // an open loop that the target could follow
	Saturated                         // an open loop that it could not
	GeneratorBound                    // the figures are rather this side's than the target's
	ClosedLoop                        // a closed loop: the target set the pace
)

// When a run is said to be this side's.
const (
	busyGenerator = 0.95             // of the time of a closed loop in which something was there to be done
	lateGenerator = 0.01             // of the requests of an open loop that were begun
	lateBy        = time.Millisecond // so late, though a connection was free
	lost          = 0.03             // of the requests of an open loop that were never made, or answered after the end
	enoughToTell  = 20               // requests
	enoughTime    = 50 * time.Millisecond
)

// String is the verdict's word in results.
func (k VerdictKind) String() string {
	return [...]string{"kept_up", "saturated", "generator_bound", "closed_loop"}[k]
}

// String is the verdict in words.
func (v Verdict) String() string {
	switch v.Kind {
	case Saturated:
		return "SATURATED at ~" + PerSecond(v.Rate)
	case GeneratorBound:
		if v.Rate > 0 {
			return fmt.Sprintf("generator-bound: %.0f %% of the requests were begun late, though a connection was free", 100*v.Share)
		}
		return fmt.Sprintf("generator-bound: it was busy for %.0f %% of the time", 100*v.Share)
	case ClosedLoop:
		return "closed loop: the target set the pace"
	}
	return "kept up"
}

// PerSecond is a rate in words.
func PerSecond(rate float64) string {
	if rate >= 1000 {
		return fmt.Sprintf("%.0f/s", rate)
	}
	return fmt.Sprintf("%.4g/s", rate)
}

// judge says what has to be said.
// behind is for how long, at the end, requests of an open loop have waited without a
// break for a connection.
func (r *Report) judge(behind time.Duration) Verdict {
	if r.Config.Pattern == Idle {
		return Verdict{Kind: ClosedLoop}
	}
	if r.Config.Rate <= 0 {
		busy := 1 - float64(r.waited)/float64(max(r.worked, 1))
		if r.worked > enoughTime && r.Sent >= enoughToTell && busy > busyGenerator {
			return Verdict{Kind: GeneratorBound, Share: busy}
		}
		return Verdict{Kind: ClosedLoop}
	}
	begun := float64(r.Sent + r.Missed)
	if late := r.Late.Above(lateBy) / max(begun, 1); r.Sent >= enoughToTell && late > lateGenerator {
		return Verdict{GeneratorBound, late, r.Config.Rate}
	}
	if r.saturated(begun, behind) {
		return Verdict{Kind: Saturated, Rate: r.Done()}
	}
	return Verdict{Kind: KeptUp}
}

// saturated reports whether an open loop was faster than its target: requests were not made
// because there was no connection left; there was none free for half of the time up to the
// end; or more were under way at the end than the times of the quickest explain (Little's
// law, with a margin).
func (r *Report) saturated(begun float64, behind time.Duration) bool {
	margin := lost * begun
	usual := 3 * r.Config.Rate * r.Service.Quantile(0.1).Seconds()
	return float64(r.Missed) > margin || behind > r.Elapsed/2 || float64(r.After) > margin+usual
}
