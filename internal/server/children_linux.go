package server

import (
	"os"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/server/supervise"
	"nettool/internal/stage"
)

// childUser is who the children become, and who starts them for that.
type childUser struct {
	user   *handoff.User // nil: they stay what the server is
	deputy *stage.Deputy // nil: the server starts them itself
}

// userChanges are the capabilities of who becomes another user.
func userChanges(whose string) []isolate.Need {
	return []isolate.Need{{Capability: isolate.CapSetGID, For: whose}, {Capability: isolate.CapSetUID, For: whose}}
}

// ambient are the capabilities that children begin with. A server that has stayed root
// gives them all that it has.
func (u *childUser) ambient() (all []uintptr) {
	if u.user == nil || os.Geteuid() == 0 {
		return nil
	}
	for _, n := range userChanges("") {
		all = append(all, uintptr(n.Capability))
	}
	return all
}

// lookUpChildren finds out who the children are to become, and that they can: before
// the server becomes who, or nobody else if that is nil.
func (c *Config) lookUpChildren(who *supervise.Identity) (u childUser, err error) {
	if c.TLS.User == "" {
		return u, nil
	}
	them, err := supervise.LookUp(c.TLS.User, "")
	if err != nil {
		return u, exit.Errorf(exit.Usage, "--tls-user: %w", err)
	}
	needs := userChanges("--tls-user " + c.TLS.User)
	if err := isolate.Lacking(needs); err != nil {
		return u, exit.With(exit.Local, err)
	}
	cred := them.Credential()
	u.user = &handoff.User{UID: int(cred.Uid), GID: int(cred.Gid), Saved: int(cred.Uid)}
	for _, gid := range cred.Groups {
		u.user.Groups = append(u.user.Groups, int(gid))
	}
	if ours := os.Geteuid(); ours != 0 {
		u.user.Saved = ours
	}
	if !who.Drops() {
		return u, nil
	}
	u.user.Saved = int(who.Credential().Uid)
	u.deputy, err = stage.NewDeputy(who.Credential(), needs)
	return u, exit.With(exit.Local, err)
}
