package nc

import (
	"errors"
	"math/rand/v2"

	"nettool/internal/services"
)

// place takes the arguments that are not options, and refuses options that contradict
// each other or them, in the order in which nc finds that.
func (f *flags) place(rest []string) error {
	var err error
	switch {
	case f.unix:
		err = f.placePath(rest)
	case f.listen:
		err = f.placeListener(rest)
	default:
		err = f.placePeer(rest)
	}
	if err != nil {
		return err
	}
	if err := f.contradiction(); err != nil {
		return err
	}
	if f.listen || f.unix {
		return nil
	}
	f.ports, err = f.expand(f.ports)
	return err
}

// placePath takes the path of a unix socket.
func (f *flags) placePath(rest []string) error {
	local := f.sourcePort != "" || f.sourced
	switch {
	case len(rest) == 0 && f.listen && f.sourcePort != "":
		return errors.New("cannot use port with -U")
	case len(rest) == 0 && f.listen && f.sourced:
		f.host = f.source
	case len(rest) == 0 && f.listen:
		return errors.New("missing socket pathname")
	case len(rest) > 1 && !f.listen:
		f.host, f.ports = rest[0], rest[1:]
	case len(rest) == 0, f.listen && local, !f.listen && f.sourcePort != "", !f.listen && f.sourced && !f.udp:
		return errUsage
	case f.listen && len(rest) > 2:
		return errUsage
	case len(rest) > 1:
		return errors.New("cannot use port with -U")
	default:
		f.host = rest[0]
	}
	return nil
}

// placeListener takes where to listen, from the arguments or from -s and -p.
func (f *flags) placeListener(rest []string) error {
	if len(rest) > 2 || len(rest) > 0 && (f.sourcePort != "" || f.sourced) {
		return errUsage
	}
	switch len(rest) {
	case 0:
		if f.sourcePort == "" {
			return errors.New("missing port number")
		}
		f.ports = []string{f.sourcePort}
		if f.sourced {
			f.host, f.hosts = f.source, 1
		}
	case 1:
		f.ports = rest
	case 2:
		f.host, f.hosts, f.ports = rest[0], 1, rest[1:]
	}
	return nil
}

// placePeer takes where to connect to.
func (f *flags) placePeer(rest []string) error {
	switch {
	case len(rest) == 0 || len(rest) == 1 && (f.sourced || f.sourcePort != ""):
		return errUsage
	case len(rest) == 1:
		return errors.New("missing port number")
	}
	f.host, f.hosts, f.ports = rest[0], 1, rest[1:]
	return nil
}

// contradiction is what does not go together.
func (f *flags) contradiction() error {
	text := ""
	switch {
	case f.dccp && f.unix:
		text = "cannot use -Z and -U"
	case f.unix && len(f.ports) > 0:
		text = "cannot use port with -U"
	case f.listen && f.zero:
		text = "cannot use -z and -l"
	case f.keep && !f.listen:
		text = "must use -l with -k"
	case f.pass && f.unix:
		text = "cannot use -F and -U"
	case f.proxyAt == "":
	case f.udp:
		text = "no proxy support for UDP mode"
	case f.dccp:
		text = "no proxy support for DCCP mode"
	case f.listen:
		text = "no proxy support for listen"
	case f.unix:
		text = "no proxy support for unix sockets"
	case f.sourced:
		text = "no proxy support for local source address"
	}
	if text != "" {
		return errors.New(text)
	}
	return nil
}

// expand makes single ports of the names and ranges of a command line.
func (f *flags) expand(words []string) (ports []string, err error) {
	table := services.Table("")
	for _, word := range words {
		if word == "" || word[0] < '0' || word[0] > '9' {
			if table == "" {
				table = services.System()
			}
		}
		list, err := expandOne(word, table, f.transport())
		if err != nil {
			return nil, err
		}
		ports = append(ports, list...)
	}
	if f.random {
		rand.Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	}
	return ports, nil
}
