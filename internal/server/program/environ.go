package program

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// baseEnviron is what every program's environment begins with: ours, without
// what speaks of our own connections, supervisor or upgrade.
func baseEnviron(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		key, _, _ := strings.Cut(kv, "=")
		return private(key)
	})
}

// private reports whether a variable is set per connection, or is meant for us
// alone (sd_listen_fds(3), sd_notify(3)).
func private(key string) bool {
	for _, prefix := range []string{"TABLEFLIP_", "LISTEN_", "WATCHDOG_"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	switch key {
	case "PROTO", "NOTIFY_SOCKET", "NETTOOL_CONN_ID",
		"TCPLOCALIP", "TCPLOCALPORT", "TCPLOCALHOST",
		"TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST", "TCPREMOTEINFO", "TCPCONNNUM",
		"UNIXLOCALPATH", "UNIXREMOTEPID", "UNIXREMOTEEUID", "UNIXREMOTEEGID":
		return true
	}
	return false
}

// tcpEnviron is the UCSPI-TCP environment of a connection. IPv6 keeps
// PROTO=TCP, as the addresses tell.
func tcpEnviron(local, remote netip.AddrPort, id uint64, connNum int) []string {
	return []string{
		"PROTO=TCP",
		"TCPLOCALIP=" + local.Addr().WithZone("").String(),
		"TCPLOCALPORT=" + strconv.Itoa(int(local.Port())),
		"TCPREMOTEIP=" + remote.Addr().WithZone("").String(),
		"TCPREMOTEPORT=" + strconv.Itoa(int(remote.Port())),
		"TCPCONNNUM=" + strconv.Itoa(connNum),
		"NETTOOL_CONN_ID=" + strconv.FormatUint(id, 10),
	}
}

// withRules adds the variables of a rule, which replace others of their name.
func withRules(environ, rule []string) []string {
	if len(rule) == 0 {
		return environ
	}
	environ = slices.DeleteFunc(environ, func(kv string) bool {
		key, _, _ := strings.Cut(kv, "=")
		return slices.ContainsFunc(rule, func(set string) bool { return strings.HasPrefix(set, key+"=") })
	})
	return append(environ, rule...)
}

// credentials are the user at the other end of a unix socket (SO_PEERCRED,
// unix(7)).
type credentials struct{ pid, uid, gid int }

// unixEnviron is the environment of a unix connection.
func unixEnviron(localPath string, cred credentials, id uint64) []string {
	return []string{
		"PROTO=UNIX",
		"UNIXLOCALPATH=" + localPath,
		"UNIXREMOTEPID=" + strconv.Itoa(cred.pid),
		"UNIXREMOTEEUID=" + strconv.Itoa(cred.uid),
		"UNIXREMOTEEGID=" + strconv.Itoa(cred.gid),
		"NETTOOL_CONN_ID=" + strconv.FormatUint(id, 10),
	}
}
