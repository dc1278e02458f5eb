package plot

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"nettool/internal/probe/series"
)

// What a plot of characters looks like.
const (
	textBins   = 16
	textRows   = 8
	minColumns = 40
)

// Text draws a series in lines of so many columns at most, but at least 40: how the times
// are distributed, and how they went. It is empty when there were none.
func Text(s *series.Series, columns int) string {
	if s.N() == 0 {
		return ""
	}
	columns = max(columns, minColumns)
	var b strings.Builder
	b.WriteString("  response times\n")
	distribution(&b, bins(s, textBins), columns)
	fmt.Fprintf(&b, "  over time, %s a column: █ median, │ longest%s\n", s.Width, marks(s))
	course(&b, s, columns)
	return b.String()
}

// marks explains the marks under the time line that occur.
func marks(s *series.Series) (words string) {
	failed, missed := int64(0), int64(0)
	for i := range s.Slots {
		failed, missed = failed+s.Slots[i].Failed, missed+s.Slots[i].Missed
	}
	if failed > 0 {
		words += ", × failed"
	}
	if missed > 0 {
		words += ", ! missed"
	}
	return words
}

// distribution draws a bar for each bin.
func distribution(b *strings.Builder, all []bin, columns int) {
	most := fullest(all)
	labels, counts, wide, digits := make([]string, len(all)), make([]string, len(all)), 0, 0
	for i, bin := range all {
		labels[i] = bin.from.String() + " – " + bin.to.String()
		if bin.n > 0 {
			counts[i] = fmt.Sprintf("%.0f", max(bin.n, 1))
		}
		wide, digits = max(wide, utf8.RuneCountInString(labels[i])), max(digits, len(counts[i]))
	}
	room := max(columns-wide-digits-6, 1)
	for i, bin := range all {
		line := fmt.Sprintf("  %s%s %s %s", strings.Repeat(" ", wide-utf8.RuneCountInString(labels[i])), labels[i], bar(bin.n/most, room), counts[i])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// bar is a horizontal bar, for a part of the room. What is not zero is seen.
func bar(part float64, room int) string {
	eighths := int(math.Round(part * float64(room) * 8))
	if eighths == 0 && part > 0 {
		eighths = 1
	}
	full := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		full += string('▏' - rune(rest-1)) // from one eighth, U+258F, to seven, U+2589
	}
	return full
}

// course draws a column for each slot, with the marks of those in which something failed
// or was missed underneath.
func course(b *strings.Builder, s *series.Series, columns int) {
	low, high := bounds(s)
	y := scaleOf(low, high)
	if !y.log {
		y.low = 0
	}
	labels := []string{short(high).String(), short(y.low).String()}
	wide := max(utf8.RuneCountInString(labels[0]), utf8.RuneCountInString(labels[1]))
	each := max((columns-wide-3)/len(s.Slots), 1)
	shown := s.Slots[max(len(s.Slots)-(columns-wide-3)/each, 0):] // the latest, on a narrow terminal
	for row := textRows - 1; row >= -1; row-- {
		label := ""
		switch row {
		case textRows - 1:
			label = labels[0]
		case 0:
			label = labels[1]
		}
		line := strings.Repeat(" ", 2+wide-utf8.RuneCountInString(label)) + label + " "
		for i := range shown {
			line += strings.Repeat(string(cell(&shown[i], y, row)), each)
		}
		if line = strings.TrimRight(line, " "); line != "" {
			b.WriteString(line + "\n")
		}
	}
}

// short keeps three digits.
func short(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// cell is the character of a slot in a row, 0 at the bottom; row -1 is for marks.
func cell(s *series.Slot, y scale, row int) rune {
	switch {
	case row < 0 && s.Failed > 0:
		return '×'
	case row < 0 && s.Missed > 0:
		return '!'
	case row < 0 || s.N() == 0:
		return ' '
	}
	const eighths = textRows * 8
	median := max(int(math.Round(y.at(s.Quantile(0.5))*eighths)), 1) - 8*row
	switch longest := int(math.Round(y.at(s.Max) * eighths)); {
	case median >= 8:
		return '█'
	case median > 0:
		return '▁' + rune(median-1)
	case longest > 8*row:
		return '│'
	}
	return ' '
}
