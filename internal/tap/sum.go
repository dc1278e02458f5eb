package tap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Sum is what the received bytes are expected to be.
type Sum struct {
	bytes  int64 // -1: any number
	sha256 string
	count  int64
	hash   hash.Hash
}

// NewSum expects so many bytes, unless negative, with this SHA-256 in hex, unless
// empty.
func NewSum(bytes int64, sha string) (*Sum, error) {
	s := &Sum{bytes: bytes, sha256: strings.ToLower(sha)}
	if sha == "" {
		return s, nil
	}
	if raw, err := hex.DecodeString(sha); err != nil || len(raw) != sha256.Size {
		return nil, fmt.Errorf("sha256 %q: want 64 hexadecimal digits", sha)
	}
	s.hash = sha256.New()
	return s, nil
}

// Add takes bytes into account.
func (s *Sum) Add(p []byte) {
	s.count += int64(len(p))
	if s.hash != nil {
		s.hash.Write(p)
	}
}

// Check is nil when what came is what was expected.
func (s *Sum) Check() error {
	if s.bytes >= 0 && s.count != s.bytes {
		return fmt.Errorf("expected %d bytes, received %d", s.bytes, s.count)
	}
	if s.hash == nil {
		return nil
	}
	if got := hex.EncodeToString(s.hash.Sum(nil)); got != s.sha256 {
		return fmt.Errorf("expected sha256 %s, received %s", s.sha256, got)
	}
	return nil
}
