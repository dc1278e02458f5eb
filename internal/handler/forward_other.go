//go:build !linux

package handler

import (
	"context"

	"nettool/internal/handoff"
)

// forwardRaw is for connections that are driven by system calls, on Linux.
func forwardRaw(*Session) (done bool, err error) { return false, nil }

// splice is nothing that this system has.
func (f *streamFlow) splice() (handoff.Side, error) { return handoff.Neither, nil }

// watch ends the connecting when a timer runs out. What the client does meanwhile
// is not seen.
func watch(_ StreamConn, t *timers, cancel context.CancelCauseFunc) (stop func()) {
	at := t.writeDeadline()
	if at.when.IsZero() {
		return func() {}
	}
	ctx, end := context.WithDeadline(context.Background(), at.when)
	unhook := context.AfterFunc(ctx, func() { cancel(at.err) })
	return func() {
		unhook()
		end()
	}
}
