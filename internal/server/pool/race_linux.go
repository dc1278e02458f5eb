//go:build race

package pool

const underRaceDetector = true
