package run

import (
	"fmt"
	"log/slog"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// Status is how a process ended.
type Status struct {
	Code   int // exit code, or -1
	Signal unix.Signal
}

// Reap takes the exit status of a process that has ended, by its pid: another
// process may be a library's.
func Reap(pid int) Status {
	var ws unix.WaitStatus
	for {
		got, err := unix.Wait4(pid, &ws, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || got != pid {
			return Status{Code: -1}
		}
		if ws.Signaled() {
			return Status{Code: -1, Signal: ws.Signal()}
		}
		return Status{Code: ws.ExitStatus()}
	}
}

// Reason is why a connection ended whose process has ended so.
func (st Status) Reason() handoff.Reason {
	if st.Signal != 0 {
		return handoff.Signal
	}
	return handoff.Exit
}

// String is the status in words.
func (st Status) String() string {
	if st.Signal != 0 {
		return "killed by " + unix.SignalName(st.Signal)
	}
	return fmt.Sprintf("exit status %d", st.Code)
}

// Attrs are the fields of the log.
func (st Status) Attrs() []slog.Attr {
	if st.Signal != 0 {
		return []slog.Attr{slog.String("signal", unix.SignalName(st.Signal))}
	}
	return []slog.Attr{slog.Int("exit", st.Code)}
}
