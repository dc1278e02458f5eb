//go:build !linux

// Package stage is what stands between the server and a program that is kept
// apart, on Linux.
package stage

// Deputy starts stages, on Linux.
type Deputy struct{}
