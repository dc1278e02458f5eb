// Package cdb reads and makes constant databases: D. J. Bernstein's cdb, the
// 32-bit one, which tcprules(1) writes and tcpserver(1) asks for every connection.
//
// A file begins with 256 pairs of position and number of slots, one for each hash
// table. Records follow, then the tables. All numbers are of 32 bits, the lowest
// byte first. A record is the length of the key, that of the value, key and value.
// A slot is the hash of a key and the position of its record, which is zero if the
// slot is free. The low eight bits of a hash choose the table; the others say where
// in it a search begins, which goes on to the next slot, round the end, until it
// finds a free one.
package cdb

import (
	"encoding/binary"
	"fmt"
)

const (
	tables     = 256
	headerSize = tables * pairSize
	pairSize   = 8 // two numbers: an entry of the header, a slot, the lengths of a record
	maxSize    = 1<<32 - 1
)

// FormatError says what is wrong with a file that is no database, or no whole one.
type FormatError struct {
	Path string
	What string
}

// Error names the file and what is wrong with it.
func (e *FormatError) Error() string { return fmt.Sprintf("cdb %q: %s", e.Path, e.What) }

func hash(key []byte) uint32 {
	h := uint32(5381)
	for _, c := range key {
		h = h<<5 + h ^ uint32(c)
	}
	return h
}

// first is the slot in a table of n, more than none, where the search for a key with
// that hash begins.
func first(h, n uint32) uint32 { return h >> 8 % n }

// pair reads the two numbers at a position.
func pair(data []byte, at uint64) (uint32, uint32) {
	b := data[at : at+pairSize]
	return binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
}

func appendPair(data []byte, a, b uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(data, a), b)
}
