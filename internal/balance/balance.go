// Package balance decides in which order the backends of a forwarded connection are
// tried. It is pure logic: no socket, no clock.
package balance

import (
	"slices"
	"time"
)

// Policy is a way to share connections out.
type Policy string

// The policies, as the command line names them.
const (
	First      Policy = "first"       // the first backend that can be reached
	RoundRobin Policy = "round-robin" // one after the other
	Least      Policy = "least"       // the one with the fewest connections
)

// FailedFor is how long a backend that could not be reached is tried after all
// others.
const FailedFor = 5 * time.Second

// Table is what is known about the backends, which are numbered from 0. It is not
// safe for concurrent use.
type Table struct {
	policy   Policy
	backends []backend
	turn     int // of who begins
}

type backend struct {
	live   int       // connections
	failed time.Time // when it could not be reached, unless it was since
}

// New returns a table of so many backends, about which nothing is known.
func New(policy Policy, backends int) *Table {
	return &Table{policy: policy, backends: make([]backend, backends)}
}

// Order is the order in which to try the backends for a new connection.
func (t *Table) Order(now time.Time) []int {
	order := make([]int, len(t.backends))
	for i := range order {
		order[i] = i
		if t.policy != First {
			order[i] = (t.turn + i) % len(order)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if x, y := t.resting(a, now), t.resting(b, now); x != y {
			return x - y
		}
		if t.policy == Least {
			return t.backends[a].live - t.backends[b].live
		}
		return 0
	})
	t.turn = (order[0] + 1) % len(order)
	return order
}

// resting is 1 for a backend that has failed a short while ago, else 0.
func (t *Table) resting(i int, now time.Time) int {
	if failed := t.backends[i].failed; !failed.IsZero() && now.Sub(failed) < FailedFor {
		return 1
	}
	return 0
}

// Begin notes that a connection goes to a backend, and End that it does no more.
func (t *Table) Begin(i int) { t.backends[i].live++ }

// End is the opposite of Begin.
func (t *Table) End(i int) { t.backends[i].live-- }

// Live is how many connections a backend has.
func (t *Table) Live(i int) int { return t.backends[i].live }

// Fail notes that a backend could not be reached.
func (t *Table) Fail(i int, now time.Time) { t.backends[i].failed = now }

// Reach notes that a backend was reached.
func (t *Table) Reach(i int) { t.backends[i].failed = time.Time{} }
