package tcprules

import (
	"errors"
	"io/fs"
	"os"

	"nettool/internal/cdb"
)

// Database follows the database at a path: whoever makes a new one renames it to there,
// as tcprules(1) does, and the next question goes to that. It is not safe for concurrent
// use. The zero value, with a Path, works.
type Database struct {
	Path string
	Lax  bool // without a file everybody may come in

	file  *cdb.File
	state os.FileInfo
}

// Find looks for the rule of a peer. Who has none may come in. An error names what is
// wrong; then nobody may.
func (d *Database) Find(p Peer) (Rule, error) {
	if err := d.follow(); errors.Is(err, fs.ErrNotExist) && d.Lax {
		return Rule{}, nil
	} else if err != nil {
		return Rule{}, err
	}
	_, rule, _, err := Find(d.file, p)
	return rule, err
}

// follow opens the file that has the path now.
func (d *Database) follow() error {
	state, err := os.Stat(d.Path)
	if err != nil {
		return err
	}
	if d.file != nil && os.SameFile(state, d.state) && state.Size() == d.state.Size() && state.ModTime().Equal(d.state.ModTime()) {
		return nil
	}
	file, err := cdb.Open(d.Path)
	if err != nil {
		return err
	}
	d.Close()
	d.file, d.state = file, state
	return nil
}

// Close gives the file back.
func (d *Database) Close() error {
	if d == nil || d.file == nil {
		return nil
	}
	err := d.file.Close()
	d.file = nil
	return err
}
