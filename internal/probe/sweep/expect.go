package sweep

import (
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
)

// Expect says which ports ought to be open, and which not.
type Expect struct {
	Open   []target.Range
	Closed []target.Range
	Rest   bool // every port that is not in Open ought not to be open
	Any    bool // something is expected at all
}

// ParseExpect reads two lists of ports, which may be empty; closed may be
// "rest". Errors carry exit.Usage.
func ParseExpect(open, closed string) (e Expect, err error) {
	e.Any = open != "" || closed != ""
	if open != "" {
		if e.Open, err = target.ParsePorts(open); err != nil {
			return e, exit.Errorf(exit.Usage, "--expect-open: %w", err)
		}
	}
	if closed == "rest" {
		e.Rest = true
		return e, nil
	}
	if closed != "" {
		if e.Closed, err = target.ParsePorts(closed); err != nil {
			return e, exit.Errorf(exit.Usage, "--expect-closed: %w", err)
		}
	}
	return e, nil
}

// Of is what a port ought to be: "open", "closed", or "" when nothing is
// expected of it.
func (e *Expect) Of(port uint16) string {
	switch {
	case target.Contains(e.Open, port):
		return "open"
	case e.Rest || target.Contains(e.Closed, port):
		return "closed"
	}
	return ""
}

// Met reports whether an outcome is what was expected. One that says nothing about
// the target is not.
func (e *Expect) Met(port uint16, o attempt.Outcome) bool {
	switch e.Of(port) {
	case "open":
		return o == attempt.OK
	case "closed":
		return o != attempt.OK && o.Verdict()
	}
	return true
}

// Missing returns a port that something is expected of and that no host's sweep
// asks; ok is false when there is none.
func (e *Expect) Missing(hosts *Hosts) (port uint16, ok bool) {
	if !e.Any {
		return 0, false
	}
	asked := hosts.askedPorts()
	for _, list := range [][]target.Range{e.Open, e.Closed} {
		for _, r := range list {
			for p := int(r.First); p <= int(r.Last); p++ {
				if !asked[p] {
					return uint16(p), true
				}
			}
		}
	}
	return 0, false
}

// askedPorts tells of each port whether a host has it.
func (h *Hosts) askedPorts() *[1 << 16]bool {
	var asked [1 << 16]bool
	for i := range h.all {
		for n := range h.all[i].ports() {
			asked[h.all[i].port(n)] = true
		}
	}
	return &asked
}
