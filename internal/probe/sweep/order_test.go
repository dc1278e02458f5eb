package sweep

import "testing"

func TestOrderIsAPermutation(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 2, 3, 5, 64, 1000, 65535} {
		o := newOrder(n)
		seen := make([]bool, n)
		for i := range n {
			at := o.at(i)
			if at < 0 || at >= n || seen[at] {
				t.Fatalf("n %d: %d goes to %d", n, i, at)
			}
			seen[at] = true
		}
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	w := newWindow(100)
	if add := w.note(atOnce); add != firstWindow {
		t.Fatalf("starts with %d", add)
	}
	for range 200 {
		w.note(silent)
	}
	if w.now() != 100 {
		t.Errorf("grew to %d", w.now())
	}
	w.note(lost)
	if w.now() != 50 {
		t.Errorf("shrank to %d", w.now())
	}
	for range 50 {
		w.note(answered)
	}
	if w.now() != 50 && w.now() != 51 {
		t.Errorf("after a loss it grew to %d", w.now())
	}
	for range 100 {
		w.note(starved)
	}
	if w.now() != 1 {
		t.Errorf("starved it is %d", w.now())
	}
	left := 0
	for w.leave() {
		left++
	}
	if left != 99 {
		t.Errorf("%d workers left", left)
	}
}
