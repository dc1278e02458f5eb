package cdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// ErrFull is what a record, or a table, would make too large: positions have 32 bits.
var ErrFull = errors.New("a constant database cannot be larger than 4 GiB")

// Maker writes a database: records in the order they are added, then, with Finish,
// the tables and the header.
type Maker struct {
	to      io.WriteSeeker
	out     *bufio.Writer
	at      uint64 // where the next byte is written
	records [tables][]slot
}

type slot struct{ hash, at uint32 }

// NewMaker begins a database at the start of w, which stays the caller's. w must be
// empty; it has no header, and so is no database, until Finish.
func NewMaker(w io.WriteSeeker) (*Maker, error) {
	if _, err := w.Seek(headerSize, io.SeekStart); err != nil {
		return nil, err
	}
	return &Maker{to: w, out: bufio.NewWriter(w), at: headerSize}, nil
}

// Add writes a record. The same key may come again; readers find the first.
func (m *Maker) Add(key, value []byte) error {
	at, h := m.at, hash(key)
	if err := m.advance(pairSize + uint64(len(key)) + uint64(len(value))); err != nil {
		return fmt.Errorf("add key of %d bytes and value of %d: %w", len(key), len(value), err)
	}
	m.records[h%tables] = append(m.records[h%tables], slot{h, uint32(at)})
	m.out.Write(appendPair(m.out.AvailableBuffer(), uint32(len(key)), uint32(len(value))))
	m.out.Write(key)
	_, err := m.out.Write(value) // which tells of an error of any of the three
	return err
}

// advance makes room for so many bytes.
func (m *Maker) advance(size uint64) error {
	if size > maxSize-m.at {
		return ErrFull
	}
	m.at += size
	return nil
}

// Finish writes the tables and the header, and makes it a database. It neither syncs
// nor closes what it was written to.
func (m *Maker) Finish() error {
	var header []byte
	for _, records := range m.records {
		header = appendPair(header, uint32(m.at), uint32(2*len(records)))
		if err := m.table(records); err != nil {
			return err
		}
	}
	if err := m.out.Flush(); err != nil {
		return err
	}
	if _, err := m.to.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := m.to.Write(header)
	return err
}

// table writes the hash table of records, in which every second slot is free.
func (m *Maker) table(records []slot) error {
	slots := make([]slot, 2*len(records))
	if err := m.advance(uint64(len(slots)) * pairSize); err != nil {
		return fmt.Errorf("write table of %d slots: %w", len(slots), err)
	}
	for _, r := range records {
		i := first(r.hash, uint32(len(slots)))
		for slots[i].at != 0 {
			i = (i + 1) % uint32(len(slots))
		}
		slots[i] = r
	}
	for _, s := range slots {
		m.out.Write(appendPair(m.out.AvailableBuffer(), s.hash, s.at)) // Flush tells of errors
	}
	return nil
}
