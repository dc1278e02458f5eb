package socket

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"
)

// lookupOwner reads "user", "user:group" or ":group", names or numbers.
func lookupOwner(text string) (owner, error) {
	own := owner{-1, -1}
	if text == "" {
		return own, nil
	}
	name, group, colon := strings.Cut(text, ":")
	if (name == "" && group == "") || (colon && group == "") {
		return own, fmt.Errorf("the form is user, user:group or :group")
	}
	var err error
	if own.uid, err = lookupID(name, userID); err != nil {
		return own, fmt.Errorf("unknown user %q", name)
	}
	if own.gid, err = lookupID(group, groupID); err != nil {
		return own, fmt.Errorf("unknown group %q", group)
	}
	return own, nil
}

// lookupID turns a name or a number into an id, and no name into -1.
func lookupID(name string, lookup func(string) (string, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	if id, ok := number(name); ok {
		return id, nil
	}
	id, err := lookup(name)
	if err != nil {
		return -1, err
	}
	return strconv.Atoi(id)
}

func userID(name string) (string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

func groupID(name string) (string, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}
