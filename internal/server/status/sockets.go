package status

import (
	"context"

	"nettool/internal/admin"
	"nettool/internal/server/upgrade"
	"nettool/internal/socket"
)

// sockets are the listeners of a server that tells about us. They are handed on.
type sockets struct {
	server    *admin.Server
	listeners []upgrade.Listener
}

// open opens the listeners, or takes them over from an older image, under names of
// that kind.
func open(ctx context.Context, kind string, addrs []socket.Addr, server *admin.Server, up *upgrade.Upgrader) (sockets, error) {
	s := sockets{server: server}
	for _, addr := range addrs {
		some, err := up.Listen(ctx, kind, addr, socket.Options{Mode: 0o600})
		if err != nil {
			s.close()
			return s, err
		}
		for _, l := range some {
			s.listeners = append(s.listeners, l)
			server.Listeners = append(server.Listeners, l.Listener)
		}
	}
	return s, nil
}

func (s *sockets) addrs() []string {
	texts := make([]string, len(s.listeners))
	for i, l := range s.listeners {
		texts[i] = socket.Text(l.Addr())
	}
	return texts
}

// close closes the listeners, and waits for the answers that are under way.
func (s *sockets) close() { s.server.Close() }

// handOver adds copies of the listeners to files, by name.
func (s *sockets) handOver(files upgrade.Files) error {
	for _, l := range s.listeners {
		if err := files.Add(l); err != nil {
			return err
		}
	}
	return nil
}

// leave leaves the listeners, with their files, to a successor.
func (s *sockets) leave() {
	for _, l := range s.listeners {
		upgrade.Leave(l)
	}
}
