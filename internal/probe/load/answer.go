package load

import (
	"bytes"
	"errors"
	"strconv"

	"nettool/internal/exit"
	"nettool/internal/probe/response"
)

// Answer says where the answer to a request ends.
type Answer struct {
	kind  answerKind
	bytes int // of kind exactly
}

type answerKind uint8

const (
	same    answerKind = iota // as many bytes as the request has
	some                      // whatever comes first
	line                      // up to a newline
	message                   // an HTTP/1 response
	closing                   // the end of the connection
	exactly                   // so many bytes
)

// MaxAnswer bounds an answer whose length is given, in bytes.
const MaxAnswer = 1 << 30

// ParseAnswer reads same, any, line, http, close or a number of bytes. Errors carry
// exit.Usage.
func ParseAnswer(text string) (Answer, error) {
	switch text {
	case "same":
		return Answer{kind: same}, nil
	case "any":
		return Answer{kind: some}, nil
	case "line":
		return Answer{kind: line}, nil
	case "http":
		return Answer{kind: message}, nil
	case "close":
		return Answer{kind: closing}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxAnswer {
		return Answer{}, exit.Errorf(exit.Usage, "answer %q: want same, any, line, http, close, or a number of bytes up to %d", text, MaxAnswer)
	}
	return Answer{kind: exactly, bytes: n}, nil
}

// Closes reports whether an answer ends with its connection, which then serves no other
// request.
func (a Answer) Closes() bool { return a.kind == closing }

// What is wrong with an answer.
var (
	errMore   = errors.New("more than one answer")
	errWrong  = errors.New("not what was sent")
	errStatus = errors.New("a status of 400 or more")
)

// scanner finds the end of an answer in what comes.
type scanner struct {
	Answer
	want []byte // that has to come (verify), or nil
	need int    // bytes of the answer, of kinds same and exactly
	got  int    // bytes that came
	http response.Response
}

// begin prepares for the answer to a request of n bytes. want may hold the very bytes.
func (s *scanner) begin(n int, want []byte) {
	s.want, s.got, s.need = want, 0, n
	if s.kind == exactly {
		s.need = s.bytes
	}
	s.http.Reset()
}

// feed takes bytes that came. done tells that the answer is complete.
func (s *scanner) feed(b []byte) (done bool, err error) {
	if len(b) == 0 {
		return false, nil
	}
	if s.want != nil {
		if len(b) > len(s.want)-s.got || !bytes.Equal(b, s.want[s.got:s.got+len(b)]) {
			return false, errWrong
		}
	}
	s.got += len(b)
	switch s.kind {
	case same, exactly:
		if s.got > s.need {
			return false, errMore
		}
		return s.got == s.need, nil
	case some:
		return true, nil
	case line:
		at := bytes.IndexByte(b, '\n')
		if at >= 0 && at != len(b)-1 {
			return false, errMore
		}
		return at >= 0, nil
	case message:
		done, err := s.http.Feed(b)
		if err == nil && done && s.http.Status() >= 400 {
			err = errStatus
		}
		return done, err
	}
	return false, nil // closing
}

// ended takes the end of the connection: whether the answer is complete with it.
func (s *scanner) ended() bool {
	return s.kind == closing && s.got > 0 || s.kind == message && s.http.Ended()
}

// last reports whether the peer means to close the connection behind this answer.
func (s *scanner) last() bool { return s.kind == message && s.http.Last() }
