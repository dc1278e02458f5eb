package transfer

import (
	"hash"
	"sync"
)

// digest has the sum of many bytes made beside the reading and the writing of them.
type digest struct {
	hash hash.Hash // nil when no sum is wanted
	one  []byte    // the only buffer, when there are few bytes

	free, full chan []byte
	over       chan struct{}
}

// few is how many bytes are not worth another goroutine.
const few = 1 << 20

// inFlight is how many buffers go round.
const inFlight = 4

var buffers sync.Pool

func borrow() []byte {
	if b, ok := buffers.Get().(*[bodyBuffer]byte); ok {
		return b[:]
	}
	return make([]byte, bodyBuffer)
}

func giveBack(b []byte) { buffers.Put((*[bodyBuffer]byte)(b[:bodyBuffer])) }

// newDigest makes the digest for so many bytes. Its user ends it.
func newDigest(h hash.Hash, size int64) *digest {
	d := &digest{hash: h}
	if h == nil || size < few {
		d.one = borrow()
		return d
	}
	d.free, d.full, d.over = make(chan []byte, inFlight), make(chan []byte, inFlight), make(chan struct{})
	for range inFlight {
		d.free <- borrow()
	}
	go d.work()
	return d
}

func (d *digest) work() {
	for b := range d.full {
		d.hash.Write(b)
		d.free <- b[:bodyBuffer]
	}
	close(d.over)
}

// buffer is where the next bytes go.
func (d *digest) buffer() []byte {
	if d.one != nil {
		return d.one
	}
	return <-d.free
}

// add takes the bytes at the beginning of the buffer that was given out last.
func (d *digest) add(b []byte) {
	switch {
	case d.one == nil:
		d.full <- b
	case d.hash != nil:
		d.hash.Write(b)
	}
}

// end waits until the sum has all bytes that were added.
func (d *digest) end() {
	if d.one != nil {
		giveBack(d.one)
		return
	}
	close(d.full)
	<-d.over
	for len(d.free) > 0 {
		giveBack(<-d.free)
	}
}
