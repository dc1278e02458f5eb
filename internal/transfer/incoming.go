package transfer

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// incoming is a file that is being received.
type incoming struct {
	*Receiver
	put     put
	outcome Outcome
	coming  bool  // its bytes are on their way
	left    int64 // of them
}

// file receives one file. What is wrong with it the sender hears; an error is the
// connection's.
func (r *Receiver) file(p put) error {
	if !r.Keep {
		p.exec, p.mtime = false, time.Time{}
	}
	f := &incoming{Receiver: r, put: p, outcome: Outcome{Name: p.name, Size: p.size}}
	if p.now {
		f.coming, f.left = true, p.size
	}
	u, refusal, err := f.begin()
	if u != nil && err == nil {
		refusal, err = f.body(u)
	}
	if err == nil && refusal != nil && !errors.Is(refusal, ErrDiffers) {
		r.answer(no{refusal.Error()})
		err = f.discard()
	}
	f.outcome.Err = refusal
	if err = cut(err); err != nil {
		f.outcome.Err = err
	}
	return errors.Join(err, r.tell(f.outcome))
}

// discard drops the rest of a file that the sender is sending.
func (f *incoming) discard() error {
	if !f.coming {
		return nil
	}
	if err := f.out.Flush(); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, f.in, f.left); err != nil {
		return err
	}
	_, err := f.readSum()
	return err
}

// begin comes to an end with the sender about where to begin. Without a refusal or an
// error there is an upload, unless the file is there already.
func (f *incoming) begin() (u *upload, refusal, err error) {
	p := f.put
	if f.Begun != nil {
		f.Begun(p.name, p.size)
	}
	if f.begun++; f.begun > 1 && (f.Out != nil || f.Store.as != "") {
		return nil, errors.New("one file was asked for, and this is another"), nil
	}
	if f.Most > 0 && p.size > f.Most {
		return nil, fmt.Errorf("%d bytes are too many, %d is the most", p.size, f.Most), nil
	}
	if f.Out != nil {
		u = toStream(p, f.Out)
		return u, nil, f.goOn(u)
	}
	resume := f.Resume && !p.now && !p.plain
	if resume {
		if name, have, found := f.Store.finished(p); found {
			if there, err := f.isThere(name, have); there || err != nil {
				return nil, nil, err
			}
			resume = false
		}
	}
	if u, err = f.Store.begin(p, resume); err != nil {
		return nil, err, nil
	}
	if f.Reserve != nil {
		if err := f.Reserve(p.size - u.have); err != nil {
			u.leave()
			return nil, err, nil
		}
	}
	if err = f.goOn(u); err != nil {
		u.leave()
	}
	return u, nil, err
}

// isThere asks the sender whether a file that is here is the one.
func (f *incoming) isThere(name string, have Sum) (bool, error) {
	at, err := f.agree(goOn{f.put.size, have})
	if err != nil || at == 0 && f.put.size > 0 {
		f.coming, f.left = true, f.put.size
		return false, err
	}
	if _, err := f.readSum(); err != nil {
		return false, err
	}
	f.outcome.As, f.outcome.Sum, f.outcome.Known = name, have, true
	f.answer(ok{f.put.size, have, name})
	return true, nil
}

// goOn has the sender go on with the file, unless it does so already.
func (f *incoming) goOn(u *upload) error {
	if f.coming {
		return nil
	}
	at, err := f.agree(goOn{u.have, u.sum()})
	if err != nil {
		return err
	}
	if at == 0 && u.have > 0 {
		err = u.startOver()
	}
	f.coming, f.left = true, f.put.size-at
	return err
}

// agree tells the sender what is there, and hears where it begins.
func (f *incoming) agree(offer goOn) (at int64, err error) {
	f.answer(offer)
	l, err := readLine(f.in)
	if err != nil {
		return 0, cut(err)
	}
	from, ok := l.(from)
	if !ok || from.offset != 0 && from.offset != offer.offset {
		return 0, unexpected(l)
	}
	return from.offset, nil
}

// readSum reads what the sender says that the sum of its bytes is.
func (f *incoming) readSum() (Sum, error) {
	l, err := readLine(f.in)
	if err != nil {
		return Sum{}, cut(err)
	}
	sum, ok := l.(sum)
	if !ok || sum.sum.known == f.put.plain {
		return Sum{}, unexpected(l)
	}
	f.coming = false
	return sum.sum, nil
}

// body receives the bytes, and finishes the file.
func (f *incoming) body(u *upload) (refusal, err error) {
	if refusal, err = f.bytes(u); refusal != nil {
		u.drop()
		return refusal, nil
	}
	var want Sum
	if err == nil {
		want, err = f.readSum()
	}
	if err != nil {
		u.leave()
		return nil, err
	}
	have := u.sum()
	if have != want {
		u.drop()
		f.answer(differs{have})
		return ErrDiffers, nil
	}
	name, known, refusal := u.finish(f.Sync == SyncEach || f.Sync == SyncAll && !syncsAll)
	if refusal != nil {
		return refusal, nil
	}
	f.outcome.As, f.outcome.Sum, f.outcome.Known = name, have, known
	f.answer(ok{f.put.size, have, name})
	return nil, nil
}

// bytes receives the bytes.
func (f *incoming) bytes(u *upload) (refusal, err error) {
	d := newDigest(u.hash, f.left)
	defer d.end()
	for f.left > 0 {
		b := d.buffer()
		n, err := f.in.Read(b[:min(int64(len(b)), f.left)])
		f.left -= int64(n)
		f.outcome.Moved += int64(n)
		if f.Moved != nil {
			f.Moved(n)
		}
		if refusal := u.write(b[:n]); refusal != nil {
			return refusal, nil
		}
		d.add(b[:n])
		if err != nil && f.left > 0 {
			return nil, cut(err)
		}
	}
	return nil, nil
}

// raw receives bytes that are not of the protocol, until the end. Nothing tells
// whether that is the sender's, or somebody has cut it off.
func (r *Receiver) raw() error {
	f := &incoming{Receiver: r, outcome: Outcome{Name: r.Raw}, coming: true}
	u, err := r.Store.begin(put{name: r.Raw}, false)
	if err == nil {
		err = f.stream(u)
	}
	f.outcome.Err = err
	return errors.Join(err, r.tell(f.outcome))
}

// rawRoom is for how many bytes room is asked at a time when nobody knows how many
// there will be.
const rawRoom = 4 << 20

func (f *incoming) stream(u *upload) error {
	room := int64(0)
	for {
		f.left = rawRoom
		if f.Most > 0 {
			f.left = min(f.left, f.Most+1-f.outcome.Moved)
		}
		if f.Reserve != nil && room < f.left {
			if err := f.Reserve(f.left); err != nil {
				u.drop()
				return err
			}
			room += f.left
		}
		before := f.outcome.Moved
		refusal, err := f.bytes(u)
		room -= f.outcome.Moved - before
		switch {
		case refusal != nil:
			u.drop()
			return refusal
		case f.Most > 0 && f.outcome.Moved > f.Most:
			u.drop()
			return fmt.Errorf("more than %d bytes", f.Most)
		case errors.Is(err, ErrCut):
			return f.finishRaw(u)
		case err != nil:
			u.drop()
			return err
		}
	}
}

func (f *incoming) finishRaw(u *upload) error {
	f.outcome.Size, f.outcome.Sum = f.outcome.Moved, u.sum()
	u.put.size = f.outcome.Size
	name, known, err := u.finish(f.Sync != SyncNever)
	f.outcome.As, f.outcome.Known = name, known
	return err
}
