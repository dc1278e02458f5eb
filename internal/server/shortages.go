package server

import (
	"os"
	"time"
)

// calm is how long nothing must run out before it is said again that something
// has.
const calm = 10 * time.Second

// shortages are when something ran out last, by what was being done, which is
// one of a few words.
type shortages map[string]time.Time

// said notes that something has run out, and reports whether that was said.
func (sh *shortages) said(doing string) bool {
	if *sh == nil {
		*sh = shortages{}
	}
	now := time.Now()
	last, before := (*sh)[doing]
	(*sh)[doing] = now
	return before && now.Sub(last) < calm
}

// reserve is a descriptor that is given up when there are no more, so that a
// server that does not let clients wait can still accept and close.
type reserve struct{ file *os.File }

func newReserve() reserve {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return reserve{}
	}
	return reserve{f}
}

func (r *reserve) close() {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}
