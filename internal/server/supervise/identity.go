package supervise

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// Identity is who the server becomes once it has opened what needs rights.
type Identity struct {
	uid, gid int
	groups   []int // supplementary
}

// Drops reports whether root becomes somebody else, and with root go the rights
// that a program's start may take.
func (id *Identity) Drops() bool { return id != nil && id.uid > 0 && os.Geteuid() == 0 }

// LookUp reads --user, which may be USER:GROUP, and --group: names or
// numbers. Without a group it is the user's own, with the supplementary groups
// that the system's files give the user; with a group there is no other. It
// returns nil for neither.
func LookUp(userName, groupName string) (*Identity, error) {
	if userName == "" && groupName == "" {
		return nil, nil
	}
	if name, group, both := strings.Cut(userName, ":"); both {
		if groupName != "" {
			return nil, fmt.Errorf("user %q: names a group, and --group another", userName)
		}
		userName, groupName = name, group
	}
	id := &Identity{uid: -1, gid: -1}
	if userName != "" {
		if err := id.become(userName); err != nil {
			return nil, err
		}
	}
	if groupName != "" {
		gid, err := groupNumber(groupName)
		if err != nil {
			return nil, err
		}
		id.gid, id.groups = gid, []int{gid}
	}
	if id.gid < 0 {
		return nil, fmt.Errorf("user %q: has no entry that tells its group; give --group, too", userName)
	}
	return id, nil
}

func (id *Identity) become(name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		n, numeric := strconv.Atoi(name)
		if numeric != nil || n < 0 {
			return fmt.Errorf("user %q: there is no such user", name)
		}
		id.uid = n
		if u, err = user.LookupId(name); err != nil {
			return nil // a number without an entry is a user, too
		}
	}
	if id.uid, err = strconv.Atoi(u.Uid); err != nil {
		return fmt.Errorf("user %q: %w", name, err)
	}
	if id.gid, err = strconv.Atoi(u.Gid); err != nil {
		return fmt.Errorf("user %q: %w", name, err)
	}
	id.groups = []int{id.gid}
	texts, err := u.GroupIds()
	if err != nil {
		return fmt.Errorf("user %q: list groups: %w", name, err)
	}
	id.groups = id.groups[:0]
	for _, text := range texts {
		if gid, err := strconv.Atoi(text); err == nil {
			id.groups = append(id.groups, gid)
		}
	}
	return nil
}

func groupNumber(name string) (int, error) {
	if g, err := user.LookupGroup(name); err == nil {
		name = g.Gid
	}
	gid, err := strconv.Atoi(name)
	if err != nil || gid < 0 {
		return 0, fmt.Errorf("group %q: there is no such group", name)
	}
	return gid, nil
}
