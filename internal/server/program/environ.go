package program

import (
	"slices"
	"strconv"
	"strings"

	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/ucspi"
)

// BaseEnviron is what every program's environment begins with: ours, without
// what speaks of our own connections, supervisor or upgrade.
func BaseEnviron(environ []string) []string {
	return slices.DeleteFunc(ucspi.Without(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return private(name)
	})
}

// private reports whether a variable is meant for us alone (sd_listen_fds(3),
// sd_notify(3)).
func private(name string) bool {
	for _, prefix := range []string{"LISTEN_", "WATCHDOG_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "NOTIFY_SOCKET" || name == "NETTOOL_UPGRADE"
}

// Environment is that of the program for one connection.
func Environment(base []string, c *run.Conn) []string {
	own := []string{"NETTOOL_CONN_ID=" + strconv.FormatUint(c.ID, 10)}
	if c.Remote.Addr.IsValid() {
		own = append(own, "TCPCONNNUM="+strconv.Itoa(c.Ticket.ConnNum))
		own = append(own, ends(c)...)
		own = append(own, named(&c.Named)...)
		if c.TCP6 && c.Remote.Addr.Addr().Is6() {
			own = append(own, ucspi.TCP6(own)...)
		}
	} else {
		own = append(own, unixEnviron(c.Local.Path, c.Remote.User)...)
	}
	if c.Secured != nil {
		own = append(own, c.Secured.Environ()...)
	}
	return withRules(slices.Concat(base, own), c.Ticket.Env)
}

// ends are the variables about both ends of a connection that has addresses.
func ends(c *run.Conn) []string {
	if c.Datagrams {
		return ucspi.UDP(c.Local.Addr, c.Remote.Addr)
	}
	environ := ucspi.TCP(c.Local.Addr, c.Remote.Addr)
	if c.TCP6 && c.Remote.Addr.Addr().Is6() {
		environ[0] = "PROTO=TCP6"
	}
	return environ
}

// named are the variables about what was looked up. What is not known is unset.
func named(n *handoff.Named) (environ []string) {
	for _, one := range []struct {
		name string
		word handoff.Word
	}{{"TCPLOCALHOST", n.LocalHost}, {"TCPREMOTEHOST", n.Host}, {"TCPREMOTEINFO", n.Info}} {
		if one.word.Known {
			environ = append(environ, one.name+"="+one.word.Text)
		}
	}
	return environ
}

// unixEnviron are the variables of a unix connection. Those of a user who is not known are
// unset: nobody must be taken for root.
func unixEnviron(localPath string, user *loop.User) []string {
	own := []string{"PROTO=UNIX", "UNIXLOCALPATH=" + localPath}
	if user == nil {
		return own
	}
	return append(own,
		"UNIXREMOTEPID="+strconv.Itoa(user.PID),
		"UNIXREMOTEEUID="+strconv.Itoa(user.UID),
		"UNIXREMOTEEGID="+strconv.Itoa(user.GID),
	)
}

// withRules adds the variables of a rule, which replace others of their name.
func withRules(environ, rule []string) []string {
	if len(rule) == 0 {
		return environ
	}
	environ = slices.DeleteFunc(environ, func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.ContainsFunc(rule, func(set string) bool { return strings.HasPrefix(set, name+"=") })
	})
	return append(environ, rule...)
}
