package handler

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"nettool/internal/handoff"
	"nettool/internal/sandbox"
	"nettool/internal/transfer"
)

// The names of the handlers that take files, and send them: package transfer.
const (
	receiving = "receive"
	sending   = "send"
)

// Files is what those handlers are given.
type Files struct {
	Config *handoff.Files
	Root   *os.Root // the directory; the caller's
	ID     uint64   // of the connection

	// Room asks for room for bytes that are to come, and Filed tells of each file.
	Room  func(bytes int64) error
	Filed func(transfer.Outcome) error
}

// OpenFiles opens the directory of a handler of files, while that can be done. It is
// nil for other handlers. The caller closes it.
func OpenFiles(c *handoff.Config) (*os.Root, error) {
	if c.Handler != receiving && c.Handler != sending {
		return nil, nil
	}
	return os.OpenRoot(c.Files.Dir)
}

// fileNeeds is the directory.
func fileNeeds(c *handoff.Config) (n sandbox.Needs) {
	if c.Handler == receiving {
		n.Write = []string{c.Files.Dir}
	} else {
		n.Read = []string{c.Files.Dir}
	}
	return n
}

// receive takes files.
func receive(s *Session) error {
	f := s.Files
	store := transfer.NewStore(f.Root)
	defer store.Close()
	r := transfer.Receiver{Conn: counted{s}, Store: store, Most: f.Config.Most, Resume: !f.Config.Fresh, Keep: true, Told: f.Filed}
	if f.Config.Each {
		r.Sync = transfer.SyncEach
	}
	if f.Config.Raw {
		r.Raw = "conn-" + strconv.FormatUint(f.ID, 10)
	}
	if f.Config.Quota {
		r.Reserve = f.Room
	}
	return conclude(s, r.Receive())
}

// sendFiles sends the files that are asked for.
func sendFiles(s *Session) error {
	f := s.Files
	return conclude(s, transfer.Give(&transfer.Sender{Conn: counted{s}, Preserve: true}, func(names []string) iter.Seq2[transfer.Item, error] {
		if one := f.Config.One; one != "" {
			return transfer.One(filepath.Join(f.Config.Dir, one), names)
		}
		return transfer.Below(f.Root, names)
	}))
}

// conclude ends a connection that has come to its end, or on which something was said
// that the peer is to hear of.
func conclude(s *Session, err error) error {
	_, wrong := errors.AsType[*transfer.LineError](err)
	if err == nil || wrong {
		return finish(s, err)
	}
	return err
}

// Filed is what the server is told of a file.
func Filed(id uint64, o transfer.Outcome) *handoff.Filed {
	m := &handoff.Filed{ID: id, Name: o.Name, As: o.As, Size: o.Size, Moved: o.Moved, Sum: o.Sum.String(), Known: o.Known}
	if o.Err != nil {
		m.Error = o.Err.Error()
	}
	return m
}

// counted is a session's connection, whose bytes are counted.
type counted struct{ s *Session }

func (c counted) Read(b []byte) (int, error) {
	n, err := c.s.Conn.Read(b)
	c.s.In.Add(int64(n))
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.s.Conn.Write(b)
	c.s.Out.Add(int64(n))
	return n, err
}

func (c counted) CloseRead() error { return c.s.Conn.CloseRead() }
