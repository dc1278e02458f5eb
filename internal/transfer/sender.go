package transfer

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"io"
	"iter"
	"os"
)

// Item is a file to send.
type Item struct {
	Name string // that it is sent under
	Path string // for messages
	Open func() (*os.File, error)
}

// RefusedError is the receiver's refusal.
type RefusedError struct{ Reason string }

// Error is the receiver's reason.
func (e *RefusedError) Error() string { return "refused: " + e.Reason }

// ErrChanged is the error of a file that somebody has written to while it was sent.
var ErrChanged = errors.New("it has changed while it was sent")

// Sender sends files over a connection, which stays the caller's.
type Sender struct {
	Conn     Conn
	Plain    bool // without sums: nothing is gone on with, and nothing compared
	Preserve bool // send times, and whether a file can be executed
	Tells    bool // tell the receiver, too, what is left out

	// Copy sends the next bytes of a file over Conn in a way of its own, which is faster than
	// to read and write them; nil if there is none.
	Copy func(f *os.File, bytes int64) (int64, error)

	Begun func(path string, size int64) // is told of each file as it begins
	Moved func(bytes int)               // is told of bytes as they go
	Told  func(Outcome)                 // is told of each file

	in      *bufio.Reader
	out     *bufio.Writer
	answers chan reply
	heard   chan struct{} // closed when nothing is read any more
	pending []outgoing
	held    int64 // bytes of what is pending
	sent    int
}

// reply is a line of the receiver, or why there is none.
type reply struct {
	line line
	err  error
}

const (
	// inline is how large a file may be that is sent without asking first.
	inline = 64 << 10
	// window is how many such files are on their way at a time, and windowBytes how
	// many bytes they have.
	window      = 256
	windowBytes = 4 << 20
)

// Send sends the files. An item with an error is left out. Its own error is that of the
// connection; those of files are told.
func (s *Sender) Send(items iter.Seq2[Item, error]) error {
	if s.in == nil {
		s.in = bufio.NewReaderSize(s.Conn, longestLine+1)
	}
	s.out = bufio.NewWriterSize(s.Conn, bodyBuffer)
	s.answers, s.heard = make(chan reply, 2*window), make(chan struct{})
	go s.listen()
	err := s.all(items)
	if s.out.Flush() != nil { // the connection is broken, and brings no more than what there is
		err = s.lastWords(err)
	}
	if err != nil {
		s.Conn.CloseRead()
	}
	for range s.answers { // so that nobody waits with one
	}
	<-s.heard
	return err
}

// Give hears which files are wanted, and sends them.
func Give(s *Sender, wanted func(names []string) iter.Seq2[Item, error]) error {
	in := bufio.NewReaderSize(s.Conn, longestLine+1)
	l, err := readLine(in)
	if err == io.EOF {
		return nil // nothing was said
	}
	asks, ok := l.(get)
	if err == nil && !ok {
		err = unexpected(l)
	}
	if wrong, ok := errors.AsType[*LineError](err); ok {
		s.Conn.Write(append(no{wrong.Error()}.append(nil), '\n'))
	}
	if err != nil {
		return err
	}
	s.in = in
	s.Tells = true
	return s.Send(wanted(asks.names))
}

// listen reads the receiver's lines until its last one.
func (s *Sender) listen() {
	defer close(s.heard)
	defer close(s.answers)
	for {
		l, err := readLine(s.in)
		s.answers <- reply{l, cut(err)}
		if _, last := l.(done); last || err != nil {
			return
		}
	}
}

// all sends the files, and waits for all receipts.
func (s *Sender) all(items iter.Seq2[Item, error]) error {
	for item, err := range items {
		if err == nil {
			err = s.one(item)
		}
		if fatal, ok := errors.AsType[*fatalError](err); ok {
			return fatal.err
		}
		if err == nil {
			continue
		}
		if s.Tells {
			s.say(skip{item.Name[:min(len(item.Name), longestName)], clipReason(err)})
		}
		s.tell(Outcome{Name: item.Name, Err: err})
	}
	s.say(end{s.sent})
	if err := s.collect(0); err != nil {
		return err
	}
	a, err := s.hear()
	switch a := a.(type) {
	case done:
		return nil
	case no:
		return &RefusedError{a.reason}
	case nil:
		return err
	}
	return unexpected(a)
}

// fatalError is an error of the connection, not of one file.
type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }

// fatal marks an error of the connection.
func fatal(err error) error {
	if err == nil {
		return nil
	}
	return &fatalError{err}
}

// clipReason is a short form of an error's text.
func clipReason(err error) string {
	text := err.Error()
	return text[:min(len(text), longestReason)]
}

func (s *Sender) tell(o Outcome) {
	if s.Told != nil {
		s.Told(o)
	}
}

// say sends a line, with the next bytes.
func (s *Sender) say(l line) {
	s.out.Write(append(l.append(nil), '\n')) // Flush has its error
}

// hear waits for the next answer.
func (s *Sender) hear() (line, error) {
	if err := s.out.Flush(); err != nil {
		return nil, err
	}
	a, ok := <-s.answers
	if !ok {
		return nil, ErrCut
	}
	return a.line, a.err
}

// one sends one file. An error that is not fatal is the file's, of which nothing was
// sent then.
func (s *Sender) one(item Item) error {
	if err := CheckName(item.Name); err != nil {
		return err
	}
	f, err := item.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return errNotRegular
	}
	if s.Begun != nil {
		s.Begun(item.Path, st.Size())
	}
	p := put{size: st.Size(), name: item.Name, plain: s.Plain}
	if s.Preserve {
		p.exec, p.mtime = st.Mode()&0o111 != 0, st.ModTime()
	}
	if p.size <= inline {
		return s.small(p, f)
	}
	return s.large(p, f, st)
}

// small sends a file without asking first.
func (s *Sender) small(p put, f *os.File) error {
	b := make([]byte, p.size+1)
	n, err := io.ReadFull(f, b)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return err
	}
	if int64(n) != p.size {
		return ErrChanged
	}
	b = b[:n]
	p.now = true
	o := outgoing{outcome: Outcome{Name: p.name, Size: p.size, Moved: p.size}}
	if !p.plain {
		o.sum = Sum{sha256.Sum256(b), true}
	}
	s.say(p)
	s.out.Write(b)
	s.say(sum{o.sum})
	s.moved(n)
	s.sent++
	return fatal(s.await(o))
}

func (s *Sender) moved(n int) {
	if s.Moved != nil {
		s.Moved(n)
	}
}

// await notes that a file's receipt is to come. Only so many may be.
func (s *Sender) await(o outgoing) error {
	s.pending = append(s.pending, o)
	s.held += o.outcome.Moved
	if len(s.pending) < window && s.held < windowBytes {
		return nil
	}
	return s.collect(len(s.pending) / 2)
}

// collect reads receipts until no more than so many are to come.
func (s *Sender) collect(left int) error {
	for len(s.pending) > left {
		a, err := s.hear()
		if err != nil {
			return err
		}
		if err := s.receipt(a); err != nil {
			return err
		}
	}
	return nil
}

// receipt takes the answer about the file that was sent first.
func (s *Sender) receipt(a line) error {
	o := s.pending[0]
	switch a := a.(type) {
	case ok:
		o.outcome.As, o.outcome.Sum = a.name, a.sum
		if a.size != o.outcome.Size || a.sum != o.sum {
			o.outcome.Err = ErrDiffers
		}
	case no:
		o.outcome.Err = &RefusedError{a.reason}
	case differs:
		o.outcome.Sum, o.outcome.Err = a.sum, ErrDiffers
	default:
		return unexpected(a)
	}
	s.pending = s.pending[1:]
	s.held -= o.outcome.Moved
	s.tell(o.outcome)
	return nil
}

// lastWords is the error of a connection that has broken: the receiver's reason, if
// it has given one.
func (s *Sender) lastWords(err error) error {
	for a := range s.answers {
		refused, isNo := a.line.(no)
		switch {
		case a.err != nil:
			return err
		case isNo && len(s.pending) == 0:
			return &RefusedError{refused.reason}
		case len(s.pending) == 0 || s.receipt(a.line) != nil:
			return err
		}
	}
	return err
}
