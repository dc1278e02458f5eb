package server

import (
	"nettool/internal/exit"
	"nettool/internal/isolate"
	"nettool/internal/server/supervise"
	"nettool/internal/stage"
)

// appoint starts a deputy, when what a program is kept apart by takes rights that
// are about to go. So it does when a user namespace's ids are to be written: who has
// become another user is not the owner of its own children in proc(5).
func (c *Config) appoint(who *supervise.Identity) (*stage.Deputy, error) {
	if !who.Drops() || len(c.Program) == 0 {
		return nil, nil
	}
	needs := c.Isolate.Needs(isolate.Raises)
	if len(needs) == 0 && !c.Isolate.Namespaces.Has(isolate.User) {
		return nil, nil
	}
	d, err := stage.NewDeputy(who.Credential(), needs)
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	return d, nil
}

// dismiss ends a deputy, if there is one.
func dismiss(d *stage.Deputy) { d.Close() }
