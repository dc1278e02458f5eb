package depot

import (
	"errors"
	"fmt"
	"time"

	"nettool/internal/server/run"
	"nettool/internal/transfer"
)

// quota is how much there may be in the directory. What is there is what was seen when
// it was looked through last, and what has come since; what was promised to
// connections counts as if it were there. Before anybody is turned away it is looked
// through again.
type quota struct {
	held     int64 // bytes
	promised map[*run.Conn]int64
	seen     time.Time // when it was looked through last
	unsure   bool      // some of what is held may not be there
	looking  bool
	since    int64 // bytes that have come since that has begun
	waiting  []request
}

// request is a connection's, for room.
type request struct {
	conn   *run.Conn
	bytes  int64
	answer func(cause string)
}

// fresh is for how long what was seen is believed when there seems to be no room.
const fresh = time.Second

// Room decides whether a connection may bring so many bytes more.
func (d *Depot) Room(c *run.Conn, bytes int64, answer func(cause string)) {
	q := &d.quota
	switch {
	case d.cfg.Total == 0:
		answer("")
	case !q.seen.IsZero() && d.fits(bytes):
		q.promised[c] += bytes
		answer("")
	case !q.looking && !q.unsure && time.Since(q.seen) < fresh:
		answer(d.full(bytes))
	default:
		q.waiting = append(q.waiting, request{c, bytes, answer})
		d.look()
	}
}

func (d *Depot) fits(bytes int64) bool {
	total := d.quota.held
	for _, n := range d.quota.promised {
		total += n
	}
	return bytes <= d.cfg.Total && total <= d.cfg.Total-bytes
}

func (d *Depot) full(bytes int64) string {
	return fmt.Sprintf("no room for %d bytes: the directory may hold %d", bytes, d.cfg.Total)
}

// look looks through the directory, in a goroutine.
func (d *Depot) look() {
	if d.quota.looking {
		return
	}
	d.quota.looking, d.quota.unsure, d.quota.since = true, false, 0
	go func() {
		held, err := transfer.Held(d.root)
		d.loop.Post(func() { d.looked(held, err) })
	}()
}

// looked answers who has waited.
func (d *Depot) looked(held int64, err error) {
	q := &d.quota
	waiting := q.waiting
	q.waiting, q.looking = nil, false
	if d.over {
		return
	}
	if err != nil {
		d.cfg.Log.Error("quota", err)
	} else {
		q.held, q.seen = held+q.since, time.Now()
	}
	for _, r := range waiting {
		switch {
		case err != nil:
			r.answer(errors.New("nobody knows whether there is room").Error())
		case d.fits(r.bytes):
			q.promised[r.conn] += r.bytes
			r.answer("")
		default:
			r.answer(d.full(r.bytes))
		}
	}
}

// keep notes that bytes which were promised to a connection are there.
func (q *quota) keep(c *run.Conn, bytes int64) {
	if _, promised := q.promised[c]; promised {
		q.promised[c] = max(q.promised[c]-bytes, 0)
		q.held += bytes
		q.since += bytes
	}
}

// Ended takes back what was promised to a connection and has not come. It may have
// left something unfinished, which is found when the directory is looked through.
func (d *Depot) Ended(c *run.Conn) {
	if d == nil {
		return
	}
	if left, promised := d.quota.promised[c]; promised {
		d.quota.unsure = d.quota.unsure || left > 0
		d.quota.held += left
		d.quota.since += left
		delete(d.quota.promised, c)
	}
}
