//go:build !linux || portable

package server

// orphans are nobody's business here.
type orphans struct{}

// isInit is false: containers are Linux's.
func isInit() bool { return false }

// adopt does nothing.
func (s *Server) adopt() {}
