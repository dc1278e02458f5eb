package completion

import (
	"slices"
	"strings"

	"nettool/internal/handler"
	"nettool/scripts/manual/reference"
)

// kind is what can stand in a place of the command line. Each script has a function,
// or an action of its shell, for each.
type kind string

const (
	unguessed kind = "none" // a number, a text: nothing is offered
	words     kind = "words"
	listed    kind = "list" // of words, with commas between them
	files     kind = "files"
	folders   kind = "folders"
	listen    kind = "listen" // addresses of serve, connect and probe
	dial      kind = "dial"
	target    kind = "target"
	network   kind = "interface"
	user      kind = "user"
	group     kind = "group"
	program   kind = "program" // the name of one, without arguments
)

// value is what is offered.
type value struct {
	kind  kind
	words []string // of words and listed, and before files
	free  bool     // of a flag that may do without
}

// addressKinds are the beginnings of addresses, by the kind of value.
func addressKinds(k kind) []string {
	switch k {
	case listen:
		return []string{"tls:", "udp:", "unix:", "unixgram:", "tcp4:", "tcp6:", "fd:", "systemd"}
	case dial:
		return []string{"tls:", "udp:", "unix:", "unixgram:", "tcp4:", "tcp6:"}
	case target:
		return []string{"tls:", "udp:", "icmp:", "unix:", "tcp4:", "tcp6:", "@"}
	}
	return nil
}

// valueOf finds what a flag's value can be: of kong's enumerations, by the name that
// --help has for it, or by the flag.
func valueOf(f reference.Flag) value {
	v := value{kind: unguessed, free: f.ValueFree}
	alternatives := strings.Split(f.Value, "|")
	switch {
	case f.ValueFree:
		v.kind = files
	case known(f.Name) != nil:
		v.kind, v.words = words, known(f.Name)
		if f.Name == "unshare" {
			v.kind = listed
		}
	case len(f.Values) > 0:
		v.kind, v.words = words, f.Values
	case len(alternatives) > 1:
		v = alternativesOf(alternatives)
	default:
		v.kind = kindOf(f)
	}
	return v
}

// alternativesOf reads N|forever and FILE|off: what is not in upper case is a word.
func alternativesOf(alternatives []string) value {
	v := value{kind: words}
	for _, a := range alternatives {
		if a != strings.ToUpper(a) {
			v.words = append(v.words, a)
		} else if a == "FILE" {
			v.kind = files
		}
	}
	return v
}

// kindOf goes by the name of the value, and for names of all sorts by the flag's.
func kindOf(f reference.Flag) kind {
	switch f.Name {
	case "interface":
		return network
	case "user", "tls-user", "socket-owner":
		return user
	case "group":
		return group
	case "to":
		return dial
	}
	switch f.Value {
	case "FILE":
		return files
	case "DIR", "DIR[:SIZE]":
		return folders
	case "CMD":
		return program
	case "ADDRESS":
		if f.Name != "source" {
			return listen
		}
	}
	return unguessed
}

// known are the values of flags of which kong knows none. The flag's help names them all.
func known(flag string) []string {
	switch flag {
	case "handler":
		return append(handler.Names(), "forward", "receive", "send", "stdio")
	case "level":
		return []string{"connect", "syn", "stay=", "talk", "tls", "echo", "http"}
	case "starttls":
		return []string{"smtp", "lmtp", "imap", "pop3", "ftp", "nntp", "ldap", "postgres"}
	case "payload":
		return []string{"dns", "ntp", "snmp", "stun"}
	case "answer":
		return []string{"same", "any", "line", "http", "close"}
	case "proxy":
		return []string{"socks5://", "socks4a://", "http://", "https://"}
	case "unshare":
		return []string{"net", "pid", "ipc", "uts", "mount", "user"}
	}
	return nil
}

// entry is a command as it is completed.
type entry struct {
	id        string // the command's name; what nettool calls serve is tcpserve
	commands  []*reference.Command
	flags     []reference.Flag
	arguments []kind // by their places; the last one goes on
	program   int    // where a program begins, or -1
}

// entries are all commands. A command that has a default has the flags of that, too.
func entries(programs []*reference.Command) (all []entry) {
	for _, c := range reference.All(programs) {
		e := entry{id: c.Name, commands: c.Commands, flags: c.Flags(), program: -1}
		arguments := c.Arguments
		if c.Default != nil {
			arguments = c.Default.Arguments
			for _, f := range c.Default.Flags() {
				if !slices.ContainsFunc(e.flags, func(g reference.Flag) bool { return g.Name == f.Name }) {
					e.flags = append(e.flags, f)
				}
			}
		}
		for i, a := range arguments {
			if a.Program {
				e.program = i
				break
			}
			e.arguments = append(e.arguments, argumentOf(c.Name, a))
		}
		all = append(all, e)
	}
	return all
}

func argumentOf(command string, a reference.Argument) kind {
	switch a.Name {
	case "address":
		if command == "tcpserve" {
			return listen
		}
		return dial
	case "target", "pattern":
		return target
	case "port", "file", "old", "new": // a file stands in the port's place with --send-file
		return files
	}
	return unguessed
}

// short is what --help says first of a flag.
func short(help string) string {
	help, _, _ = strings.Cut(help, " (also")
	help, _, _ = strings.Cut(help, ". ")
	if i := strings.Index(help, " (default"); i > 0 {
		help = help[:i]
	}
	if before, _, found := strings.Cut(help, ": "); found && len(help) > 70 {
		help = before
	}
	return strings.TrimSuffix(strings.Join(strings.Fields(help), " "), ".")
}

// forms are how a flag is typed: --no-x is one of its own.
func forms(f reference.Flag) (all []string) {
	all = append(all, "--"+f.Name)
	if f.Negatable {
		all = append(all, "--no-"+f.Name)
	}
	if f.Short != "" {
		all = append(all, "-"+f.Short)
	}
	return all
}

// quote makes one word of s for bash, zsh and, but for backslashes, fish.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
