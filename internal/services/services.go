// Package services reads services(5), the names of ports, as the C library does:
// exact names and aliases, of one transport, the first that fits. (The net package
// takes any case, and knows names that the file may not have.)
package services

import (
	"io"
	"os"
	"strconv"
	"strings"
)

// File is where the names are.
const File = "/etc/services"

// longest is how much of a file is read, in bytes: what is behind it is not known.
const longest = 4 << 20

// Table is the text of a services file. The zero Table knows no names.
type Table string

// System returns the system's table; it is empty where there is none.
func System() Table {
	f, err := os.Open(File)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, longest))
	return Table(text)
}

// Name returns the official name of a port of a transport, "tcp" or "udp".
func (t Table) Name(port uint16, transport string) (name string, ok bool) {
	for e := range t.entries {
		if e.port == port && e.transport == transport {
			return e.names[0], true
		}
	}
	return "", false
}

// Port returns the port that a name or an alias stands for.
func (t Table) Port(name, transport string) (port uint16, ok bool) {
	for e := range t.entries {
		if e.transport != transport {
			continue
		}
		for _, n := range e.names {
			if n == name {
				return e.port, true
			}
		}
	}
	return 0, false
}

// entry is one line.
type entry struct {
	names     []string // the official one first
	port      uint16
	transport string
}

// entries visits the lines that are well-formed.
func (t Table) entries(visit func(entry) bool) {
	for line := range strings.Lines(string(t)) {
		if e, ok := parse(line); ok && !visit(e) {
			return
		}
	}
}

// parse reads "name port/transport alias… # comment".
func parse(line string) (e entry, ok bool) {
	line, _, _ = strings.Cut(line, "#")
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return e, false
	}
	number, transport, ok := strings.Cut(fields[1], "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if !ok || err != nil {
		return e, false
	}
	names := append([]string{fields[0]}, fields[2:]...)
	return entry{names, uint16(port), transport}, true
}
