// Command connect measures nettool connect beside nc, ncat and socat: bytes
// through pipes and files in both directions, CPU per GiB, and the time of one
// question and answer. scripts/bench/connect.sh runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"nettool/scripts/bench/figures"
)

// The tools, ours first.
var tools = []string{"connect", "nc", "ncat", "socat"}

func commandOf(tool, port string) []string {
	switch tool {
	case "nc":
		return []string{"nc", "-N", "127.0.0.1", port}
	case "ncat":
		return []string{"ncat", "127.0.0.1", port}
	case "socat":
		return []string{"socat", "-", "TCP:127.0.0.1:" + port}
	}
	return []string{"tcpconnect", "127.0.0.1:" + port}
}

// what is one row: run has a tool do it once.
type what struct {
	name string
	run  func(b *bench, tool string) (measurement, error)
	// goals are the least ours ÷ theirs may be, by tool: of the rate, or, when
	// smaller is better, the most of the time.
	goals   map[string]float64
	cpu     float64 // the most CPU ours ÷ nc may be, 0 for none
	smaller bool
}

// measurement is one run.
type measurement struct {
	elapsed time.Duration
	cpu     time.Duration // of the tool itself
}

func main() {
	rounds := flag.Int("rounds", 5, "rounds")
	size := flag.Int64("size", 1<<30, "bytes of a stream")
	only := flag.String("only", "", "rows whose name has this")
	flag.Parse()
	b, err := newBench(*size)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	defer b.close()
	fmt.Println("| what | tool | median | CPU | ours ÷ it | CPU ours ÷ it | target |")
	fmt.Println("|---|---|--:|--:|--:|--:|---|")
	failed := false
	for _, w := range rows() {
		if strings.Contains(w.name, *only) {
			failed = measure(b, w, *rounds) || failed
		}
	}
	if failed {
		b.close()
		os.Exit(1)
	}
}

func rows() []what {
	stream := map[string]float64{"nc": 1.5, "ncat": 2.3, "socat": 2.3}
	return []what{
		{"pipe → socket", (*bench).pipeToSocket, stream, 0.6, false},
		{"file → socket", (*bench).fileToSocket, map[string]float64{"nc": 2.5}, 0.6, false},
		{"socket → pipe", (*bench).socketToPipe, map[string]float64{"nc": 1.5}, 0.6, false},
		{"socket → file", (*bench).socketToFile, map[string]float64{"nc": 1.5}, 0.6, false},
		{"one line, one answer", (*bench).oneShot, map[string]float64{"nc": 2, "socat": 1}, 0, true},
	}
}

// measure runs the tools alternately and prints a row for each.
func measure(b *bench, w what, rounds int) (failed bool) {
	results := map[string][]measurement{}
	for range rounds {
		for _, tool := range tools {
			if _, err := exec.LookPath(commandOf(tool, "0")[0]); err != nil {
				continue
			}
			m, err := w.run(b, tool)
			if err != nil {
				fmt.Fprintf(os.Stderr, "bench: %s, %s: %v\n", w.name, tool, err)
				failed = true
				continue
			}
			results[tool] = append(results[tool], m)
			if err := w.record(b, tool, m); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
				failed = true
			}
		}
	}
	for _, tool := range tools {
		printRow(b, w, tool, results)
	}
	return failed
}

// record writes a measurement down.
func (w what) record(b *bench, tool string, m measurement) error {
	cpu := figures.Figure{Value: cpuOf(m) * 1e6, Unit: "cpu-µs"}
	if w.smaller {
		return figures.Write(w.name+"/"+tool, figures.Figure{Value: elapsedOf(m) * 1e6, Unit: "µs"}, cpu)
	}
	return figures.Write(w.name+"/"+tool, figures.Figure{Value: float64(b.size) / (1 << 20) / elapsedOf(m), Unit: "MiB/s"}, cpu)
}

func printRow(b *bench, w what, tool string, results map[string][]measurement) {
	name := ""
	if tool == tools[0] {
		name = w.name
	}
	mine := results[tool]
	if len(mine) == 0 {
		fmt.Printf("| %s | %s | missing | | | | |\n", name, tool)
		return
	}
	elapsed, cpu := middle(mine, elapsedOf), middle(mine, cpuOf)
	shown := fmt.Sprintf("%.0f MiB/s | %.2f s/GiB", float64(b.size)/(1<<20)/elapsed, cpu*(1<<30)/float64(b.size))
	if w.smaller {
		shown = fmt.Sprintf("%.1f ms | %.1f ms", elapsed*1000, cpu*1000)
	}
	ratios, verdict := " | ", ""
	if tool != tools[0] {
		ratios, verdict = compare(w, tool, results[tools[0]], mine)
	}
	fmt.Printf("| %s | %s | %s | %s | %s |\n", name, tool, shown, ratios, verdict)
}

// compare is ours ÷ theirs, the median of the rounds' ratios, and what the
// target makes of it.
func compare(w what, tool string, ours, theirs []measurement) (ratios, verdict string) {
	n := min(len(ours), len(theirs))
	var rate, cpu []float64
	for i := range n {
		rate = append(rate, elapsedOf(theirs[i])/elapsedOf(ours[i]))
		cpu = append(cpu, cpuOf(ours[i])/max(cpuOf(theirs[i]), 1e-6))
	}
	r, c := median(rate), median(cpu)
	if w.smaller {
		r = 1 / r
	}
	ratios = fmt.Sprintf("%.2f | %.2f", r, c)
	if goal, ok := w.goals[tool]; ok {
		sign, met := "≥", r >= goal
		if w.smaller {
			sign, met = "≤", r <= goal
		}
		verdict = fmt.Sprintf("%s %g %s", sign, goal, word(met))
	}
	if tool == "nc" && w.cpu > 0 {
		verdict += fmt.Sprintf(", CPU ≤ %g %s", w.cpu, word(c <= w.cpu))
	}
	return ratios, verdict
}

func word(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}

func elapsedOf(m measurement) float64 { return m.elapsed.Seconds() }
func cpuOf(m measurement) float64     { return m.cpu.Seconds() }

func middle(list []measurement, of func(measurement) float64) float64 {
	var values []float64
	for _, m := range list {
		values = append(values, of(m))
	}
	return median(values)
}

func median(list []float64) float64 {
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}
