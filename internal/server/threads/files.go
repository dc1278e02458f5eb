package threads

import (
	"errors"

	"nettool/internal/handler"
	"nettool/internal/transfer"
)

// errOver is what handlers of files hear when nobody looks after the files any more.
var errOver = errors.New("the server has ended")

// filesOf is what a handler of files is given, or nil.
func (r *Runner) filesOf(s *session) *handler.Files {
	if r.files == nil {
		return nil
	}
	return &handler.Files{
		Config: &r.cfg.Child.Files, Root: r.files, ID: s.conn.ID,
		Room: func(bytes int64) error {
			return r.inLoop(func(answer func(cause string)) { r.host.Room(s.conn, bytes, answer) })
		},
		Filed: func(o transfer.Outcome) error {
			return r.inLoop(func(answer func(cause string)) {
				r.host.Filed(s.conn, handler.Filed(s.conn.ID, o), func() { answer("") })
			})
		},
	}
}

// inLoop has the loop ask the server, and waits for the answer.
func (r *Runner) inLoop(question func(answer func(cause string))) error {
	answered := make(chan string, 1)
	r.loop.Post(func() { question(func(cause string) { answered <- cause }) })
	select {
	case cause := <-answered:
		if cause != "" {
			return errors.New(cause)
		}
		return nil
	case <-r.ended:
		return errOver
	}
}
