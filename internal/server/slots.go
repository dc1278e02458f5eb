package server

import "net/netip"

// slot is a place of one connection.
type slot struct{ num int }

// slots counts places.
type slots struct{ max, used int }

func (s *slots) full() bool { return s.used >= s.max }

func (s *slots) enter(src netip.Addr) slot {
	s.used++
	return slot{num: s.used}
}

func (s *slots) leave(slot) { s.used-- }
