//go:build !race

package pool

// underRaceDetector is whether the processes here are built with -race.
const underRaceDetector = false
