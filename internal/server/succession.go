package server

import (
	"context"
	"fmt"
	"net"
	"os"

	"nettool/internal/socket"
)

// sentinel is the variable by which tableflip tells a new image that an older
// one has started it.
const sentinel = "TABLEFLIP_HAS_PARENT_7DIU3"

// Succeeds reports whether an older image of this program has started us, to
// take over its listeners. Who waited for its start has been told long ago.
func Succeeds() bool { return os.Getenv(sentinel) != "" && handedPipes() }

// listenNamed opens the listeners of one address, or takes them over. names are
// those under which they are handed on, in the same order.
func listenNamed(ctx context.Context, kind string, a socket.Addr, o socket.Options, from *heir) (all []net.Listener, names []string, err error) {
	name := func() string { return fmt.Sprintf("%s %s %d", kind, a, len(all)) }
	for {
		f, err := from.inherited(name())
		if err != nil {
			closeListeners(all)
			return nil, nil, err
		}
		if f == nil {
			break
		}
		l, err := from.takeListener(f, a, o)
		if err != nil {
			closeListeners(all)
			return nil, nil, err
		}
		names = append(names, name())
		all = append(all, l)
	}
	if len(all) > 0 {
		return all, names, nil
	}
	opened, err := socket.Listen(ctx, a, o)
	for _, l := range opened {
		names = append(names, name())
		all = append(all, l)
	}
	return all, names, err
}
