//go:build !race

package pool

const underRaceDetector = false
