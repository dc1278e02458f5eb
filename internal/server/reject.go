package server

import (
	"log/slog"

	"nettool/internal/admit"
	"nettool/internal/report"
)

// logReject says that a connection was turned away, and why.
func logReject(log *report.Log, remote, local string, cause admit.Cause) {
	log.Event("reject", slog.String("remote", remote), slog.String("local", local), slog.String("cause", string(cause)))
}
