// Package program runs the program itself for each connection, with the socket
// as its standard input and output.
package program

import (
	"errors"
	"os"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/report"
	"nettool/internal/stage"
)

// Config says which program runs, and how.
type Config struct {
	Path     string   // the program's file; empty: Argv[0] is looked up when it is tried
	Argv     []string // Argv[0] as typed
	Environ  []string // the server's
	Stderr   string   // inherit (or empty), null, socket or log
	Log      *report.Log
	KeepFDs  []int // descriptors that it gets, each as itself
	Account  bool  // count bytes and apply Limits, by a copy of the socket
	Limits   handoff.Limits
	DeadPeer time.Duration // bound on a vanished peer, or zero
	Reject   bool          // a connection does not wait for a program that cannot be started
	Prestart int           // programs that wait for a connection, which comes by a relay
	Once     bool          // the closing record has the exit code of a program that could not be started

	Isolate isolate.Settings // what it is kept from
	Deputy  *stage.Deputy    // what starts it when the server may not, or nil; the runner closes it
}

// startError is the exit code of a program that could not be started, as shells
// have it.
func startError(err error) int {
	if errors.Is(err, os.ErrNotExist) {
		return 127
	}
	return 126
}
