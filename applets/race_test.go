//go:build race

package applets_test

// raceEnabled reports whether this binary has the race detector.
const raceEnabled = true
