package handler

import "sync"

// Buffers start small, since most connections carry little, and grow once a read
// fills them.
const (
	smallBuffer = 16 << 10
	largeBuffer = 128 << 10
)

// The buffers of connections that have ended, for the next ones. If a child
// allocated new ones for each connection, it would grow by megabytes before the
// garbage collector runs. Their old content is overwritten before it is read.
var smallBuffers, largeBuffers sync.Pool

// borrow returns a small buffer, which goes back with release.
func borrow() []byte {
	if b, ok := smallBuffers.Get().(*[smallBuffer]byte); ok {
		return b[:]
	}
	return make([]byte, smallBuffer)
}

// grown is the buffer for the next read after one of n bytes: buf, or a large
// one instead of a small one that was full.
func grown(buf []byte, n int) []byte {
	if n < len(buf) || n == largeBuffer {
		return buf
	}
	release(buf)
	if b, ok := largeBuffers.Get().(*[largeBuffer]byte); ok {
		return b[:]
	}
	return make([]byte, largeBuffer)
}

// release ends the use of a buffer.
func release(buf []byte) {
	if len(buf) == largeBuffer {
		largeBuffers.Put((*[largeBuffer]byte)(buf))
		return
	}
	smallBuffers.Put((*[smallBuffer]byte)(buf))
}
