package load

// ring is a queue of connections, by number, that never grows.
type ring struct {
	items []int32
	from  int
	n     int
}

// room makes room for so many.
func (r *ring) room(n int) { r.items = make([]int32, n) }

func (r *ring) empty() bool { return r.n == 0 }

func (r *ring) push(i int32) {
	r.items[(r.from+r.n)%len(r.items)] = i
	r.n++
}

// first is the next to be taken, if there is one.
func (r *ring) first() (i int32, ok bool) {
	if r.n == 0 {
		return 0, false
	}
	return r.items[r.from], true
}

func (r *ring) pop() int32 {
	i := r.items[r.from]
	r.from = (r.from + 1) % len(r.items)
	r.n--
	return i
}
