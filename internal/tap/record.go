package tap

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
)

// Record writes both directions of a session to a file, a line for each piece:
// the time, the direction, and the bytes as a Go string literal, from which they
// can be restored exactly.
type Record struct {
	mu  sync.Mutex
	to  io.Writer
	now func() time.Time
	err error
}

// NewRecord returns a record that goes to w, which remains the caller's.
func NewRecord(w io.Writer) *Record { return &Record{to: w, now: time.Now} }

// Add records one piece. A failure is kept for Err.
func (r *Record) Add(direction rune, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || len(p) == 0 {
		return
	}
	at := r.now().UTC().Format("2006-01-02T15:04:05.000000Z")
	_, r.err = fmt.Fprintf(r.to, "%s %c %s\n", at, direction, strconv.QuoteToASCII(string(p)))
}

// Err is the first failure to write.
func (r *Record) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
