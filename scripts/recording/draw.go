package main

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hinshun/vt10x"
)

// The picture, in pixels.
const (
	margin     = 14
	lineHeight = 18
	cellWidth  = 8.4
	fontSize   = 14
)

// colours are those of text, by their numbers in a terminal; others are the first one's.
var colours = map[vt10x.Color]string{
	vt10x.DefaultFG: "#d8dee9",
	vt10x.Red:       "#e06c75", vt10x.LightRed: "#e06c75",
	vt10x.Green: "#98c379", vt10x.LightGreen: "#98c379",
	vt10x.Yellow: "#e5c07b", vt10x.LightYellow: "#e5c07b",
	vt10x.Blue: "#61afef", vt10x.LightBlue: "#61afef",
	vt10x.Magenta: "#c678dd", vt10x.LightMagenta: "#c678dd",
	vt10x.Cyan: "#56b6c2", vt10x.LightCyan: "#56b6c2",
	vt10x.DarkGrey: "#7f848e",
}

// span is a row of the terminal as long as it stays the same.
type span struct {
	row      int
	from, to time.Duration
	cells    []vt10x.Glyph
}

// draw makes a picture that shows a film over and over, its last frame for so long. Where
// pictures do not move, the last frame is what one sees.
func draw(film []frame, last time.Duration) string {
	width, height := int(columns*cellWidth)+2*margin, rows*lineHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#1e2127"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="%d" fill="%s" xml:space="preserve">`+"\n", fontSize, colours[vt10x.DefaultFG])
	if len(film) > 0 {
		end := film[len(film)-1].at + last
		for _, s := range spans(film, end) {
			s.draw(&b, end)
		}
		drawCursor(&b, film, end)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// spans are the rows of a film, each for as long as it stays the same, without empty ones.
func spans(film []frame, end time.Duration) (all []span) {
	for row := range rows {
		current := span{row: row, cells: film[0].rows[row]}
		keep := func(until time.Duration) {
			current.to = until
			if !blank(current.cells) {
				all = append(all, current)
			}
		}
		for i := range film {
			if !same(film[i].rows[row], current.cells) {
				keep(film[i].at)
				current = span{row: row, from: film[i].at, cells: film[i].rows[row]}
			}
		}
		keep(end)
	}
	return all
}

func blank(cells []vt10x.Glyph) bool {
	for _, g := range cells {
		if g.Char != ' ' && g.Char != 0 {
			return false
		}
	}
	return true
}

func same(a, b []vt10x.Glyph) bool {
	for i := range a {
		if a[i].Char != b[i].Char || a[i].FG != b[i].FG {
			return false
		}
	}
	return true
}

// draw writes a row, which is to be seen in its time.
func (s *span) draw(b *strings.Builder, end time.Duration) {
	hidden := ""
	if s.to < end {
		hidden = ` visibility="hidden"`
	}
	fmt.Fprintf(b, "<g%s>", hidden)
	if s.from > 0 || s.to < end {
		values, times := []string{"hidden"}, []string{"0"}
		if s.from == 0 {
			values[0] = "visible"
		} else {
			values, times = append(values, "visible"), append(times, share(s.from, end))
		}
		if s.to < end {
			values, times = append(values, "hidden"), append(times, share(s.to, end))
		}
		animate(b, "visibility", values, times, end)
	}
	for from := 0; from < len(s.cells); {
		to := from
		for to < len(s.cells) && s.cells[to].FG == s.cells[from].FG {
			to++
		}
		s.run(b, from, to)
		from = to
	}
	b.WriteString("</g>\n")
}

// run writes cells of one colour.
func (s *span) run(b *strings.Builder, from, to int) {
	var text strings.Builder
	for _, g := range s.cells[from:to] {
		text.WriteRune(max(g.Char, ' '))
	}
	line := strings.TrimRight(text.String(), " ")
	trimmed := strings.TrimLeft(line, " ")
	if trimmed == "" {
		return
	}
	from += len([]rune(line)) - len([]rune(trimmed))
	fill := ""
	if colour, ok := colours[s.cells[from].FG]; ok && s.cells[from].FG != vt10x.DefaultFG {
		fill = ` fill="` + colour + `"`
	}
	fmt.Fprintf(b, `<text x="%s" y="%d" textLength="%s"%s>`, pixels(margin+float64(from)*cellWidth), margin+s.row*lineHeight+fontSize,
		pixels(float64(len([]rune(trimmed)))*cellWidth), fill)
	xml.EscapeText(b, []byte(trimmed))
	b.WriteString("</text>")
}

// drawCursor writes the cursor, which moves.
func drawCursor(b *strings.Builder, film []frame, end time.Duration) {
	var xs, ys, times []string
	x := func(f *frame) string { return pixels(margin + float64(f.cursor.X)*cellWidth) }
	y := func(f *frame) string { return strconv.Itoa(margin + f.cursor.Y*lineHeight + 1) }
	for i := range film {
		if n := len(xs); n > 0 && xs[n-1] == x(&film[i]) && ys[n-1] == y(&film[i]) {
			continue
		}
		xs, ys, times = append(xs, x(&film[i])), append(ys, y(&film[i])), append(times, share(film[i].at, end))
	}
	fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%d" fill="#d8dee9" opacity="0.6">`, xs[len(xs)-1], ys[len(ys)-1], pixels(cellWidth), lineHeight-2)
	animate(b, "x", xs, times, end)
	animate(b, "y", ys, times, end)
	b.WriteString("</rect>\n")
}

// animate has an attribute change at times, again and again.
func animate(b *strings.Builder, attribute string, values, times []string, end time.Duration) {
	fmt.Fprintf(b, `<animate attributeName="%s" calcMode="discrete" dur="%ss" repeatCount="indefinite" values="%s" keyTimes="%s"/>`,
		attribute, strconv.FormatFloat(end.Seconds(), 'f', 2, 64), strings.Join(values, ";"), strings.Join(times, ";"))
}

// share is a time as a part of the whole.
func share(at, end time.Duration) string {
	return strconv.FormatFloat(at.Seconds()/end.Seconds(), 'f', 4, 64)
}

func pixels(n float64) string { return strconv.FormatFloat(n, 'f', -1, 32) }
