package plot

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"nettool/internal/probe/series"
)

// Panel is what is drawn of one target.
type Panel struct {
	Title  string // in words, such as the target and its counts
	Series *series.Series
}

// The picture's measures, in its own units. Of each panel the left half is the
// distribution, the right half the time line.
const (
	svgWidth  = 960
	svgHeight = 300 // of a panel
	svgTop    = 56  // of the drawing in its panel
	svgBase   = 250
	svgBins   = 40
)

// The horizontal edges of the two drawings.
const (
	leftFrom, leftTo   = 20, 460
	rightFrom, rightTo = 540, 940
)

const svgStyle = `<style>
svg{background:#fff;color:#222;font:12px sans-serif}
text{fill:currentColor}.title{font-size:15px;font-weight:bold}.faint{fill:#777}
.axis{stroke:#aaa;stroke-width:1}.bar{fill:#4878a8}.dot{fill:#4878a8;fill-opacity:.35}
.median{fill:none;stroke:#d47a1f;stroke-width:1.5}.failed{stroke:#c03030;stroke-width:2}.missed{stroke:#b08000;stroke-width:2}
@media(prefers-color-scheme:dark){svg{background:#1b1d20;color:#ddd}.axis{stroke:#555}.bar,.dot{fill:#7fb0e0}.faint{fill:#999}}
</style>
`

// SVG draws panels one below the other (W3C SVG 1.1, with a style sheet that follows the
// viewer's light or dark theme).
func SVG(w io.Writer, panels []Panel) error {
	out := bufio.NewWriter(w)
	height := svgHeight * len(panels)
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">`+"\n", svgWidth, height, svgWidth, height)
	out.WriteString(svgStyle)
	for i, p := range panels {
		fmt.Fprintf(out, `<g transform="translate(0,%d)">`+"\n", i*svgHeight)
		p.draw(out)
		out.WriteString("</g>\n")
	}
	out.WriteString("</svg>\n")
	return out.Flush()
}

func (p *Panel) draw(w io.Writer) {
	words(w, leftFrom, 24, "title", p.Title)
	if p.Series.N() == 0 {
		words(w, leftFrom, svgTop, "faint", "nothing was ok")
		p.marks(w)
		return
	}
	p.distribution(w)
	p.course(w)
	p.marks(w)
}

// words is a text that begins at a point. Control characters are not for XML.
func words(w io.Writer, x, y int, class, text string) {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '\ufffd'
		}
		return r
	}, text)
	clean = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(clean)
	fmt.Fprintf(w, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", x, y, class, clean)
}

// distribution draws a bar for each bin, as wide as it is on the scale.
func (p *Panel) distribution(w io.Writer) {
	words(w, leftFrom, 44, "faint", "response times")
	all := bins(p.Series, svgBins)
	most := fullest(all)
	x := scaleOf(bounds(p.Series))
	x.low, x.high = all[0].from, all[len(all)-1].to
	at := func(d time.Duration) float64 { return leftFrom + x.at(d)*(leftTo-leftFrom) }
	for _, b := range all {
		if high := b.n / most * (svgBase - svgTop); high > 0 {
			high = max(high, 1)
			fmt.Fprintf(w, `<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s – %s: %.0f</title></rect>`+"\n",
				at(b.from), svgBase-high, max(at(b.to)-at(b.from)-1, 1), high, b.from, b.to, b.n)
		}
	}
	line(w, "axis", leftFrom, svgBase, leftTo, svgBase)
	for _, tick := range x.ticks(6) {
		if tick >= x.low && tick <= x.high {
			line(w, "axis", at(tick), svgBase, at(tick), svgBase+4)
			words(w, int(at(tick)), svgBase+18, "faint", tick.String())
		}
	}
}

// course draws a dot for each time of the sample, in its slot, and a line through the
// slots' medians.
func (p *Panel) course(w io.Writer) {
	words(w, rightFrom, 44, "faint", fmt.Sprintf("over time: each dot an attempt, the line the median of %s", p.Series.Width))
	low, high := bounds(p.Series)
	y := scaleOf(low, high)
	if !y.log {
		y.low = 0
	}
	up := func(d time.Duration) float64 { return svgBase - y.at(d)*(svgBase-svgTop) }
	for _, tick := range y.ticks(5) {
		if tick >= y.low && tick <= y.high {
			line(w, "axis", rightFrom-4, up(tick), rightFrom, up(tick))
			words(w, rightFrom-64, int(up(tick))+4, "faint", tick.String())
		}
	}
	line(w, "axis", rightFrom, svgTop, rightFrom, svgBase)
	var median strings.Builder
	for i := range p.Series.Slots {
		slot := &p.Series.Slots[i]
		for k, took := range slot.Times {
			fmt.Fprintf(w, `<circle class="dot" cx="%.1f" cy="%.1f" r="1.5"/>`+"\n", p.x(i, (float64(k)+0.5)/float64(len(slot.Times))), up(took))
		}
		if slot.N() > 0 {
			fmt.Fprintf(&median, "%.1f,%.1f ", p.x(i, 0.5), up(slot.Quantile(0.5)))
		}
	}
	fmt.Fprintf(w, `<polyline class="median" points="%s"/>`+"\n", strings.TrimSpace(median.String()))
}

// marks draws under the time line where something failed or was missed, and how long the
// line is.
func (p *Panel) marks(w io.Writer) {
	line(w, "axis", rightFrom, svgBase, rightTo, svgBase)
	words(w, rightFrom, svgBase+32, "faint", "0s")
	words(w, rightTo-40, svgBase+32, "faint", p.Series.Length().String())
	for i := range p.Series.Slots {
		p.mark(w, i, "failed", p.Series.Slots[i].Failed, svgBase+5)
		p.mark(w, i, "missed", p.Series.Slots[i].Missed, svgBase+9)
	}
}

// mark underlines a slot in which n attempts came to something.
func (p *Panel) mark(w io.Writer, slot int, class string, n int64, y int) {
	if n > 0 {
		wide := max(p.x(slot, 1)-p.x(slot, 0), 1)
		fmt.Fprintf(w, `<path class="%s" d="M%.1f %d h%.1f"><title>%d %s</title></path>`+"\n", class, p.x(slot, 0), y, wide, n, class)
	}
}

// x is where a part of a slot is.
func (p *Panel) x(slot int, part float64) float64 {
	return rightFrom + (float64(slot)+part)/float64(max(len(p.Series.Slots), 1))*(rightTo-rightFrom)
}

func line[N int | float64](w io.Writer, class string, x1, y1, x2, y2 N) {
	fmt.Fprintf(w, `<line class="%s" x1="%v" y1="%v" x2="%v" y2="%v"/>`+"\n", class, x1, y1, x2, y2)
}
