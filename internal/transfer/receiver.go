package transfer

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
)

// Outcome is what has become of one file.
type Outcome struct {
	Name  string // that it was sent under
	As    string // that it has got; empty when it is not there
	Size  int64  // bytes
	Moved int64  // of them that went over the connection
	Sum   Sum    // of the bytes that are there
	Known bool   // it was there before
	Err   error  // why it is not there, or not as it was sent
}

// ErrDiffers is the error of a file whose bytes arrived as others than were sent.
var ErrDiffers = errors.New("what has arrived is not what was sent: its SHA-256 is another one")

// SkippedError says why the sender has left a file out.
type SkippedError struct{ Reason string }

// Error is the sender's reason.
func (e *SkippedError) Error() string { return e.Reason }

// Sync says when files that have been received are on the disk, and not only in memory.
type Sync int

// The times: before the last receipt, before the receipt of each, when the system likes.
const (
	SyncAll Sync = iota
	SyncEach
	SyncNever
)

// Receiver takes files from a connection, which stays the caller's.
type Receiver struct {
	Conn  Conn
	Store *Store    // where they go
	Out   io.Writer // instead: where the bytes of one file go as they come

	Most   int64  // bytes of one file; 0 is no limit
	Resume bool   // tell the sender what is there already
	Sync   Sync   // when files are on the disk
	Keep   bool   // give files the times that they had, and let them be executed if they could be
	Raw    string // what to call bytes that are not of the protocol; empty refuses them

	Reserve func(bytes int64) error       // asks for room, before the bytes come; nil has enough
	Begun   func(name string, size int64) // is told of each file as it begins
	Moved   func(bytes int)               // is told of bytes as they come
	Told    func(Outcome) error           // is told of each file; its error ends the connection

	in    *bufio.Reader
	out   *bufio.Writer
	begun int // files
}

const (
	lineBuffer = 64 << 10
	bodyBuffer = 256 << 10
)

// Receive takes files until the sender has no more. Its error is that of the
// connection, or of what was not said as it must be; those of files are told.
func (r *Receiver) Receive() error {
	r.out = bufio.NewWriterSize(r.Conn, lineBuffer)
	r.in = bufio.NewReaderSize(&answering{r.Conn, r.out}, lineBuffer)
	raw, err := r.isRaw()
	if err == io.EOF {
		return nil // nothing was said
	}
	if err == nil && raw {
		return r.raw()
	}
	for err == nil {
		err = r.one()
	}
	switch err {
	case errEnd:
		return nil
	case io.EOF:
		err = r.settle()
	}
	return r.say(err)
}

// errEnd is the end that the sender has told of.
var errEnd = errors.New("there are no more files")

// say tells the sender what is wrong with what it has said.
func (r *Receiver) say(err error) error {
	if wrong, ok := errors.AsType[*LineError](err); ok {
		r.answer(no{wrong.Error()})
	}
	return errors.Join(err, r.out.Flush())
}

// Get asks for files, which are received then: all there are, without names.
func (r *Receiver) Get(names []string) error {
	l := get{names}.append(nil)
	if len(l) >= longestLine {
		return fmt.Errorf("the names take %d bytes, %d is the most", len(l), longestLine)
	}
	if _, err := r.Conn.Write(append(l, '\n')); err != nil {
		return err
	}
	return r.Receive()
}

// isRaw reports whether what comes is not of the protocol. io.EOF is that nothing
// comes.
func (r *Receiver) isRaw() (bool, error) {
	if r.Raw == "" {
		return false, nil
	}
	begin, err := r.in.Peek(len(Magic))
	if len(begin) > 0 && err == io.EOF {
		err = nil
	}
	return string(begin) != Magic, err
}

// settle has all that came on the disk.
func (r *Receiver) settle() error {
	if r.Sync != SyncAll || r.Store == nil {
		return nil
	}
	return syncAll(r.Store.root)
}

// answer sends a line, with the next ones.
func (r *Receiver) answer(l line) {
	r.out.Write(append(l.append(nil), '\n')) // Flush has its error
}

// one takes one file, or what else the sender says. io.EOF is its end.
func (r *Receiver) one() error {
	l, err := readLine(r.in)
	if err != nil {
		return err
	}
	switch l := l.(type) {
	case put:
		return r.file(l)
	case skip:
		return r.tell(Outcome{Name: l.name, Err: &SkippedError{l.reason}})
	case no: // to what we have asked for
		return &RefusedError{Reason: l.reason}
	case end:
		if err := r.settle(); err != nil {
			r.answer(no{"write to the disk: " + err.Error()})
			return r.tell(Outcome{Err: err})
		}
		r.answer(done(l))
		return cmp.Or(r.out.Flush(), errEnd)
	}
	return unexpected(l)
}

func (r *Receiver) tell(o Outcome) error {
	if r.Told == nil {
		return nil
	}
	return r.Told(o)
}
