package server

import (
	"time"

	"nettool/internal/handoff"
	"nettool/internal/server/depot"
	"nettool/internal/server/program"
	"nettool/internal/server/run"
)

// Files says where received files go, and where those that are sent come from. The zero
// value is nowhere.
type Files struct {
	handoff.Files
	Total     int64         // bytes that the directory may hold; zero is no limit
	KeepParts time.Duration // how long unfinished files are kept; negative is for good
	OnFile    string        // path of a program that is run for each received file, or empty
	OnFileFor time.Duration // how long it may take; negative is no limit
}

// newDepot makes what looks after received files, or nothing when there are none.
func (s *Server) newDepot() (*depot.Depot, error) {
	f := &s.cfg.Files
	if s.cfg.Handler != "receive" {
		return nil, nil
	}
	base := program.BaseEnviron(s.cfg.Environ)
	return depot.New(depot.Config{
		Dir: f.Dir, Total: f.Total, KeepParts: f.KeepParts, OnFile: f.OnFile, OnFileFor: f.OnFileFor, Log: s.cfg.Log,
		Environ: func(c *run.Conn) []string { return program.Environment(base, c) },
	}, s.loop)
}

// Room decides whether a connection may bring so many bytes of files more.
func (s *Server) Room(c *run.Conn, bytes int64, answer func(cause string)) {
	s.depot.Room(c, bytes, answer)
}

// Filed notes a file that a connection has brought, or has not.
func (s *Server) Filed(c *run.Conn, f *handoff.Filed, noted func()) { s.depot.Filed(c, f, noted) }
