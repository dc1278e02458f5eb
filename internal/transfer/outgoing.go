package transfer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// outgoing is a file that has been sent, and whose receipt was not read yet.
type outgoing struct {
	outcome Outcome
	sum     Sum
}

// bearable is how many bytes are sent although nobody wants them, for the sake of
// what comes after them.
const bearable = 4 << 20

// errGivenUp is the end of a connection that would have to carry much that nobody wants.
var errGivenUp = errors.New("the receiver does not want the rest")

// large sends a file that the receiver is asked about first.
func (s *Sender) large(p put, f *os.File, st fs.FileInfo) error {
	s.say(p)
	s.sent++
	if err := s.collect(0); err != nil {
		return fatal(err)
	}
	a, err := s.hear()
	if err != nil {
		return fatal(err)
	}
	o := outgoing{outcome: Outcome{Name: p.name, Size: p.size}}
	switch a := a.(type) {
	case no:
		o.outcome.Err = &RefusedError{a.reason}
		s.tell(o.outcome)
		return nil
	case goOn:
		if a.offset > p.size {
			return fatal(unexpected(a))
		}
		return fatal(s.stream(&o, f, st, a))
	}
	return fatal(unexpected(a))
}

// stream sends the bytes that the receiver does not have.
func (s *Sender) stream(o *outgoing, f *os.File, st fs.FileInfo, offer goOn) error {
	var h hash.Hash
	if !s.Plain {
		h = sha256.New()
	}
	at, err := s.agree(f, h, offer)
	if err != nil {
		return err
	}
	s.say(from{at})
	early, err := s.bytes(o, f, h, o.outcome.Size-at)
	if err != nil {
		return err
	}
	if h != nil {
		h.Sum(o.sum.of[:0])
		o.sum.known = true
	}
	s.say(sum{o.sum})
	if early != nil {
		o.outcome.Err = early
		s.tell(o.outcome)
		return nil
	}
	if now, err := f.Stat(); err == nil && (now.Size() != st.Size() || !now.ModTime().Equal(st.ModTime())) {
		o.outcome.Err = ErrChanged
	}
	return s.await(*o)
}

// agree is where to begin: after what the receiver has, if that is the same as ours,
// which is in the sum then.
func (s *Sender) agree(f *os.File, h hash.Hash, offer goOn) (at int64, err error) {
	if offer.offset == 0 {
		return 0, nil
	}
	if h == nil || !offer.sum.known {
		return 0, unexpected(offer)
	}
	if _, err := io.CopyN(h, f, offer.offset); err != nil {
		return 0, changed(err)
	}
	have := Sum{known: true}
	h.Sum(have.of[:0])
	if have == offer.sum {
		return offer.offset, nil
	}
	h.Reset()
	_, err = f.Seek(0, io.SeekStart)
	return 0, err
}

// bytes sends what is left of a file. early is the receiver's refusal that came before
// the end.
func (s *Sender) bytes(o *outgoing, f *os.File, h hash.Hash, left int64) (early, err error) {
	if s.Copy != nil && left >= few {
		return s.copied(o, f, h, left)
	}
	b := borrow()
	defer giveBack(b)
	return s.pieces(o, left, func(most int64) (int64, error) {
		n, err := f.Read(b[:min(int64(len(b)), most)])
		if err != nil {
			return 0, changed(err)
		}
		if h != nil {
			h.Write(b[:n])
		}
		_, err = s.out.Write(b[:n])
		return int64(n), err
	})
}

// copied is bytes with Copy. The sum is made of what is read beside it: if that is not
// what was sent, the receiver finds out.
func (s *Sender) copied(o *outgoing, f *os.File, h hash.Hash, left int64) (early, err error) {
	if err := s.out.Flush(); err != nil {
		return nil, err
	}
	summed := make(chan error, 1)
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	var stopped atomic.Bool
	go func() { summed <- hashAll(h, io.NewSectionReader(f, at, left), &stopped) }()
	early, err = s.pieces(o, left, func(most int64) (int64, error) {
		n, err := s.Copy(f, min(most, copySize))
		if n == 0 && err == nil {
			err = changed(io.EOF)
		}
		return n, err
	})
	stopped.Store(err != nil)
	if failed := <-summed; err == nil {
		err = changed(failed)
	}
	return early, err
}

// copySize is how much is copied at a time: nothing is known of what has moved meanwhile.
const copySize = 128 << 10

// hashAll adds what a reader has to a sum, if there is one, unless that is not needed
// any more.
func hashAll(h hash.Hash, r *io.SectionReader, stopped *atomic.Bool) error {
	if h == nil {
		return nil
	}
	b := borrow()
	defer giveBack(b)
	for left := r.Size(); left > 0 && !stopped.Load(); {
		n, err := io.ReadFull(r, b[:min(int64(len(b)), left)])
		if err != nil {
			return err
		}
		h.Write(b[:n])
		left -= int64(n)
	}
	return nil
}

// pieces sends so many bytes, of which each call of next sends some.
func (s *Sender) pieces(o *outgoing, left int64, next func(most int64) (int64, error)) (early, err error) {
	for left > 0 {
		n, err := next(left)
		left -= n
		o.outcome.Moved += n
		s.moved(int(n))
		if err != nil {
			return nil, err
		}
		if early == nil {
			if early, err = s.early(); err != nil {
				return nil, err
			}
		}
		if early != nil && left > bearable {
			o.outcome.Err = early
			s.tell(o.outcome)
			return nil, errGivenUp
		}
	}
	return early, nil
}

// early is a refusal that came while bytes are being sent.
func (s *Sender) early() (refused, err error) {
	select {
	case a, open := <-s.answers:
		switch l := a.line.(type) {
		case no:
			return &RefusedError{l.reason}, nil
		case nil:
			if !open || a.err == nil {
				return nil, ErrCut
			}
			return nil, a.err
		default:
			return nil, unexpected(l)
		}
	default:
		return nil, nil
	}
}

// changed is what the end of a file means that was longer before.
func changed(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is shorter now", ErrChanged)
	}
	return err
}
