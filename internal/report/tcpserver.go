package report

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// handleExact is handle for a log that has tcpserver's lines only, of errors and warnings
// if it is quiet. h.mu is held.
func (h *ucspiHandler) handleExact(r slog.Record) error {
	f := fieldsOf(r)
	_, begun := h.live[f.number("id")]
	switch {
	case r.Message == "error":
		return h.write("tcpserver: warning: " + f.text("error") + "\n")
	case r.Message == "reject":
		return h.dropped(f, "", f.text("error"))
	case r.Message == "close" && !begun && f.text("error") != "" && f.number("pid") == 0:
		return h.dropped(f, f.decided("ok"), fmt.Sprintf("unable to run %s: %s", f.text("handler"), notRun(f.text("error"))))
	case h.quiet:
		return nil
	case r.Message == "listening" || r.Message == "open" || r.Message == "close" && begun:
		return h.handle(context.Background(), r)
	}
	return nil
}

// notRun is why a program could not be run, in tcpserver's words.
func notRun(text string) string {
	switch reason := text[strings.LastIndex(text, ": ")+1:]; strings.TrimSpace(reason) {
	case "no such file or directory":
		return "file does not exist"
	case "permission denied":
		return "access denied"
	default:
		return strings.TrimSpace(reason)
	}
}

// The statuses of connections that a process of tcpserver's turns away, or drops: exit
// codes 100 and 111.
const denied, dropped = 100 << 8, 111 << 8

// dropped writes all lines of a connection that has come to nothing: it is denied, or, for a
// reason, dropped, after it was let in or not. It had no process, whose number is 0.
func (h *ucspiHandler) dropped(f fields, letIn, why string) error {
	verdict, status := f.decided("deny"), denied
	if why != "" {
		verdict, status = "tcpserver: warning: dropping connection, "+why+"\n", dropped
	}
	switch {
	case h.quiet && why == "":
		return nil
	case h.quiet:
		return h.write(verdict)
	}
	begun := fmt.Sprintf("tcpserver: status: %d/%d\n", len(h.live)+1, h.limit)
	return h.write(begun + f.from() + letIn + verdict + fmt.Sprintf("tcpserver: end %d status %d\n", f.process(), status) + h.status())
}
