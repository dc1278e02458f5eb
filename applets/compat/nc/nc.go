// Package nc is OpenBSD's netcat, as Debian has it, for scripts that call it: its
// options, its messages, its exit codes. What moves the bytes is what connect and serve
// have. README.md says what differs, and why.
package nc

import (
	"errors"
	"fmt"
	"io"

	"nettool/internal/cli"
	"nettool/internal/getopt"
)

// failure is nc's only exit code besides success.
const failure = 1

// run is one run of nc.
type run struct {
	*flags
	call *cli.Call
	told io.Writer // what is said goes there: standard error
}

// Main runs a command line, as compat.Tool has it.
func Main(call *cli.Call, args []string) int {
	f, err := parse(args)
	r := &run{f, call, call.Stderr}
	switch {
	case err != nil:
		r.misused(err)
		return failure
	case f.help:
		io.WriteString(call.Stderr, banner+synopsis+summary)
		return 0
	case f.dccp && !f.udp:
		return r.dccpMissing()
	case f.listen:
		return r.serve()
	}
	return r.connect()
}

// misused tells what is wrong with a command line.
func (r *run) misused(err error) {
	var unknown getopt.Unknown
	var missing getopt.Missing
	switch {
	case errors.Is(err, errUsage):
		io.WriteString(r.told, synopsis)
	case errors.As(err, &unknown), errors.As(err, &missing):
		r.say("%v", err)
		io.WriteString(r.told, synopsis)
	default:
		r.say("%v", err)
	}
}

// say writes one line of nc's own, with its name.
func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.told, r.call.Name+": "+format+"\n", args...)
}

// tell writes one line of nc's own, with -v.
func (r *run) tell(format string, args ...any) {
	if r.verbose {
		fmt.Fprintf(r.told, format+"\n", args...)
	}
}

// dccpMissing is what nc does where the kernel has no DCCP, which Linux has lost, and
// which is not built here.
func (r *run) dccpMissing() int {
	if r.listen {
		r.say("Socket type not supported")
	}
	return failure
}
