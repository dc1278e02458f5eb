// Package figures writes down what a benchmark has measured, for benchstat: see
// scripts/bench/figures.sh, whose other half it is.
package figures

import (
	"fmt"
	"os"
	"strings"
)

// Figure is one value of a measurement, in a unit such as ms.
type Figure struct {
	Value float64
	Unit  string
}

// Write adds a measurement to the file $BENCH_FIGURES, if there is one.
func Write(name string, all ...Figure) error {
	path := os.Getenv("BENCH_FIGURES")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	line := "Benchmark" + strings.ReplaceAll(os.Getenv("BENCH_PART")+"/"+name, " ", "_") + " 1"
	for _, figure := range all {
		line += fmt.Sprintf(" %g %s", figure.Value, figure.Unit)
	}
	_, err = fmt.Fprintln(f, line)
	return err
}
