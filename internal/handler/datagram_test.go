package handler

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

// TestAnswers: what each built-in says to a datagram.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		if _, ok := AnswerOf(name); !ok {
			t.Errorf("%s has no datagrams", name)
		}
	}
	if _, ok := AnswerOf("forward"); ok {
		t.Error("forward has")
	}
	answer := func(name, question string) []byte {
		a, _ := AnswerOf(name)
		said, quit := a([]byte(question), "q")
		if quit != (name == "echo" && strings.HasPrefix(question, "q")) {
			t.Errorf("%s %q: quit is %v", name, question, quit)
		}
		return said
	}
	for _, question := range []string{"", "x", "no q", strings.Repeat("long", 10_000)} {
		if got := answer("echo", question); got == nil || string(got) != question {
			t.Errorf("echo of %.20q: %.20q", question, got)
		}
		if got := answer("discard", question); got != nil {
			t.Errorf("discard of %.20q: %q", question, got)
		}
	}
	if got := answer("echo", "quit"); got != nil {
		t.Errorf("quit: %q", got)
	}
	pattern := chargenPattern()
	pattern = append(pattern, pattern...)
	longest, shortest := 0, mostCharacters
	for range 2000 {
		got := answer("chargen", "")
		longest, shortest = max(longest, len(got)), min(shortest, len(got))
		if got == nil || !bytes.Contains(pattern, got) {
			t.Fatalf("chargen: %q", got)
		}
	}
	if longest > mostCharacters || longest < mostCharacters-20 || shortest > 20 {
		t.Errorf("chargen: %d to %d characters", shortest, longest)
	}
	at, err := time.Parse("Monday, January 2, 2006 15:04:05-MST\r\n", string(answer("daytime", "")))
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("daytime: %v, %v", at, err)
	}
	seconds := binary.BigEndian.Uint32(answer("time", ""))
	if off := time.Since(time.Unix(int64(seconds)-epoch1900, 0)).Abs(); off > time.Minute {
		t.Errorf("time: %v off", off)
	}
}
