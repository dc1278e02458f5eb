// Package report is the only package that prints diagnostics: one-off messages
// of every applet, and the event log of serve.
package report

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"nettool/internal/exit"
)

// Failure prints err as "NAME: error: …", one line for each of its own lines
// (the addresses that were tried), with another when a hint helps. It prints
// nothing for nil and for a bare status.
func Failure(w io.Writer, name string, err error) {
	if err == nil {
		return
	}
	var hint string
	if e, ok := errors.AsType[*exit.Error](err); ok { // kong wraps what Run returns
		if e.Err == nil {
			return
		}
		hint = e.Hint
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "%s: error: %s\n", name, Escape(strings.TrimSuffix(line, "\n")))
	}
	if hint != "" {
		fmt.Fprintf(w, "%s: hint: %s\n", name, Escape(hint))
	}
}

// Notice prints one line that is not a failure, as "NAME: …".
func Notice(w io.Writer, name, format string, args ...any) {
	fmt.Fprintf(w, "%s: %s\n", name, Escape(fmt.Sprintf(format, args...)))
}
