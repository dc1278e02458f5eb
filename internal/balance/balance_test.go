package balance

import (
	"slices"
	"testing"
	"time"
)

// order checks the next order, and begins a connection with its first.
func order(t *testing.T, table *Table, now time.Time, want ...int) {
	t.Helper()
	got := table.Order(now)
	if !slices.Equal(got, want) {
		t.Fatalf("order %v, want %v", got, want)
	}
	table.Begin(got[0])
}

func TestFirst(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	table := New(First, 3)
	order(t, table, now, 0, 1, 2)
	order(t, table, now, 0, 1, 2)
	table.Fail(0, now)
	order(t, table, now, 1, 2, 0)
	table.Fail(1, now.Add(time.Second))
	order(t, table, now.Add(time.Second), 2, 0, 1)
	order(t, table, now.Add(FailedFor), 0, 2, 1)
	table.Reach(1)
	order(t, table, now.Add(FailedFor), 0, 1, 2)
}

func TestRoundRobin(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	table := New(RoundRobin, 3)
	order(t, table, now, 0, 1, 2)
	order(t, table, now, 1, 2, 0)
	order(t, table, now, 2, 0, 1)
	table.Fail(1, now)
	order(t, table, now, 0, 2, 1)
	order(t, table, now, 2, 0, 1) // 1's turn goes to the next, and 0 follows
	order(t, table, now, 0, 2, 1)
	order(t, table, now.Add(FailedFor), 1, 2, 0)
}

// TestRoundRobinFails: with one of three away, the others get the same.
func TestRoundRobinFails(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	table := New(RoundRobin, 3)
	table.Fail(1, now)
	for range 100 {
		table.Begin(table.Order(now)[0])
	}
	if table.Live(0) != 50 || table.Live(1) != 0 || table.Live(2) != 50 {
		t.Errorf("%d, %d and %d connections, want 50, 0 and 50", table.Live(0), table.Live(1), table.Live(2))
	}
}

func TestLeast(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	table := New(Least, 3)
	order(t, table, now, 0, 1, 2)
	order(t, table, now, 1, 2, 0)
	order(t, table, now, 2, 0, 1)
	table.End(1)
	order(t, table, now, 1, 0, 2)
	table.End(0)
	table.Fail(0, now)
	order(t, table, now, 2, 1, 0)
	order(t, table, now, 1, 2, 0)
	order(t, table, now.Add(FailedFor), 0, 2, 1)
}

// TestLeastTies: backends that are equally busy take turns.
func TestLeastTies(t *testing.T) {
	t.Parallel()
	table := New(Least, 2)
	var firsts []int
	for range 4 {
		firsts = append(firsts, table.Order(time.Unix(1, 0))[0])
	}
	if !slices.Equal(firsts, []int{0, 1, 0, 1}) {
		t.Errorf("first %v", firsts)
	}
}

func TestOne(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	for _, policy := range []Policy{First, RoundRobin, Least} {
		table := New(policy, 1)
		order(t, table, now, 0)
		table.Fail(0, now)
		order(t, table, now, 0)
	}
}
