package main

import (
	"fmt"
	"strings"
)

// The size of one diagram, and the room around it, in pixels.
const (
	plotWidth, plotHeight = 260, 110
	marginLeft, marginTop = 60, 40
)

// plot draws a diagram for each server and figure; a dot is a rest.
func (w *watch) plot() []byte {
	var b strings.Builder
	width, height := len(w.servers)*(plotWidth+marginLeft)+20, len(figures)*(plotHeight+marginTop)+20
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	for i, s := range w.servers {
		for j, name := range figures {
			x, y := i*(plotWidth+marginLeft)+marginLeft, j*(plotHeight+marginTop)+marginTop
			w.diagram(&b, x, y, i, j, s.name+": "+name)
		}
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// diagram draws one, with its corner at x and y.
func (w *watch) diagram(b *strings.Builder, x, y, server, figure int, title string) {
	most, end := 1.0, 1.0
	for _, s := range w.samples[server] {
		most, end = max(most, s.values[figure]), max(end, s.at.Seconds())
	}
	at := func(s sample) (float64, float64) {
		return float64(x) + s.at.Seconds()/end*plotWidth, float64(y) + plotHeight*(1-s.values[figure]/most)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", x, y-6, title)
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#ccc"/>`+"\n", x, y, plotWidth, plotHeight)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%.4g</text><text x="%d" y="%d" text-anchor="end">0</text><text x="%d" y="%d" text-anchor="end">%.0f s</text>`+"\n",
		x-4, y+9, most, x-4, y+plotHeight, x+plotWidth, y+plotHeight+13, end)
	var line strings.Builder
	for _, s := range w.samples[server] {
		px, py := at(s)
		fmt.Fprintf(&line, "%.1f,%.1f ", px, py)
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="#0969da"/>`+"\n", line.String())
	for _, s := range w.rested[server] {
		px, py := at(s)
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="#cf222e"/>`+"\n", px, py)
	}
}
