package status

// History is the last two minutes, a sample for each second.
type History struct {
	connections, open, rejects []int
	admitted, rejected         uint64 // when the last sample was taken
}

// historySeconds is how far the history goes back.
const historySeconds = 120

// Note takes a sample. It is to be called every second.
func (h *History) Note(c *Counts, open int) {
	var rejected uint64
	for _, n := range c.Rejected {
		rejected += n
	}
	add(&h.connections, int(c.Admitted-h.admitted))
	add(&h.open, open)
	add(&h.rejects, int(rejected-h.rejected))
	h.admitted, h.rejected = c.Admitted, rejected
}

// add appends a sample and forgets the oldest one.
func add(samples *[]int, v int) {
	if len(*samples) == historySeconds {
		*samples = append((*samples)[:0], (*samples)[1:]...)
	}
	*samples = append(*samples, v)
}

// history is its form in /connections: the oldest sample first.
type history struct {
	Connections []int `json:"connections"` // admitted in that second
	Open        []int `json:"open"`
	Rejects     []int `json:"rejects"` // in that second
}

func (h *History) page() history {
	copied := func(samples []int) []int { return append([]int{}, samples...) }
	return history{copied(h.connections), copied(h.open), copied(h.rejects)}
}
