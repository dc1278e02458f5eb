package report

import (
	"fmt"
	"io"
	"time"
)

// Meter draws one line about bytes in flight on a terminal, over itself.
type Meter struct {
	To                io.Writer
	TotalIn, TotalOut int64 // bytes expected, 0 if not known

	begun time.Time
	drawn bool
}

// Show draws the line.
func (m *Meter) Show(in, out int64) {
	if m.begun.IsZero() {
		m.begun = time.Now()
	}
	m.drawn = true
	fmt.Fprintf(m.To, "\r\x1b[K%s", m.line(in, out, time.Since(m.begun)))
}

// Clear removes the line.
func (m *Meter) Clear() {
	if m.drawn {
		fmt.Fprint(m.To, "\r\x1b[K")
	}
}

func (m *Meter) line(in, out int64, elapsed time.Duration) string {
	return "received " + flow(in, m.TotalIn, elapsed) + "  sent " + flow(out, m.TotalOut, elapsed)
}

// flow is an amount, with its rate, and with its share and the time left when
// the total is known.
func flow(n, total int64, elapsed time.Duration) string {
	text := amount(float64(n))
	seconds := elapsed.Seconds()
	if n == 0 || seconds < 0.1 {
		return text
	}
	rate := float64(n) / seconds
	text += fmt.Sprintf(" (%s/s)", amount(rate))
	if total > 0 {
		left := time.Duration(float64(max(total-n, 0)) / rate * float64(time.Second))
		text += fmt.Sprintf(" %d%%, %v left", min(100*n/total, 100), left.Round(time.Second))
	}
	return text
}

// Amount is a number of bytes for people, as in 1.5 MiB.
func Amount(bytes int64) string { return amount(float64(bytes)) }

// amount is a number of bytes for people.
func amount(n float64) string {
	unit := 0
	for n >= 1024 && unit < 4 {
		n /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%.0f B", n)
	}
	return fmt.Sprintf("%.1f %ciB", n, "KMGT"[unit-1])
}
