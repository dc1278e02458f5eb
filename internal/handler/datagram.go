package handler

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// Answer is what a built-in handler does with one datagram: the answer, or nil when there
// is none. quit says that the datagram begins with quitOn, which ends the conversation.
// The answer may be the question itself.
type Answer func(question []byte, quitOn string) (answer []byte, quit bool)

// AnswerOf finds the datagram side of a built-in handler by its name.
func AnswerOf(name string) (Answer, bool) {
	switch name {
	case "echo":
		return echoed, true
	case "discard":
		return func([]byte, string) ([]byte, bool) { return nil, false }, true
	case "chargen":
		pattern := chargenPattern()
		return func([]byte, string) ([]byte, bool) { return characters(pattern), false }, true
	case "daytime":
		return func([]byte, string) ([]byte, bool) { return date(time.Now()), false }, true
	case "time":
		return func([]byte, string) ([]byte, bool) { return since1900(time.Now()), false }, true
	}
	return nil, false
}

// echoed is the datagram itself (RFC 862).
func echoed(question []byte, quitOn string) (answer []byte, quit bool) {
	if quitOn != "" && bytes.HasPrefix(question, []byte(quitOn)) {
		return nil, true
	}
	return question, false
}

// mostCharacters is how many characters a datagram of chargen can have (RFC 864).
const mostCharacters = 512

// characters is a random number of characters, 0 to 512 (RFC 864).
func characters(pattern []byte) []byte {
	line := rand.IntN(printing) * (lineWidth + 2)
	text := append(pattern[line:len(pattern):len(pattern)], pattern...)
	return text[:rand.IntN(mostCharacters+1)]
}

// date is the date and time as one line (RFC 867).
func date(now time.Time) []byte {
	return []byte(now.UTC().Format("Monday, January 2, 2006 15:04:05-UTC\r\n"))
}

// since1900 are the seconds since 1900 as 32 bits, big endian (RFC 868).
func since1900(now time.Time) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(now.Unix()+epoch1900))
}
