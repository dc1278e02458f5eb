package exit

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"
	"testing"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want Code
	}{
		{nil, OK},
		{io.EOF, Local},
		{Errorf(Usage, "bad"), Usage},
		{With(Broken, io.EOF), Broken},
		{fmt.Errorf("wrapped: %w", With(NoName, io.EOF)), NoName},
		{errors.Join(io.EOF, Errorf(TimedOut, "late")), TimedOut},
		{With(Local, With(Usage, io.EOF)), Local}, // the outermost decides
		{Hint(With(Usage, io.EOF), "try"), Usage},
		{Hint(io.EOF, "try"), Local},
		{Status(No), No},
		{Status(OK), OK},
		{Status(Signal(syscall.SIGKILL)), 137},
	} {
		if got := Of(test.err); got != test.want {
			t.Errorf("%v: code %d, want %d", test.err, got, test.want)
		}
	}
}

func TestNil(t *testing.T) {
	t.Parallel()
	if With(Usage, nil) != nil || Hint(nil, "try") != nil || Status(OK) != nil {
		t.Error("nothing wrong became an error")
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	err := Hint(With(Broken, fmt.Errorf("read %q: %w", "x", io.EOF)), "try again")
	if err.Error() != `read "x": EOF` {
		t.Errorf("message %q", err)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
	var e *Error
	if !errors.As(err, &e) || e.Hint != "try again" || e.Code != Broken {
		t.Errorf("got %+v", e)
	}
	if got := Status(No).Error(); got != "exit status 1" {
		t.Errorf("a bare status says %q", got)
	}
	if errors.Unwrap(Status(No)) != nil {
		t.Error("a bare status wraps something")
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	for sig, want := range map[syscall.Signal]Code{syscall.SIGHUP: 129, syscall.SIGINT: 130, syscall.SIGKILL: 137, syscall.SIGTERM: 143} {
		if got := Signal(sig); got != want {
			t.Errorf("%v: %d, want %d", sig, got, want)
		}
	}
}

// TestTable: users see every code, once, in order. The numbers never change.
func TestTable(t *testing.T) {
	t.Parallel()
	codes := []Code{
		OK, No, Usage, NoName, Unreachable, ConnectTimeout, Handshake, Broken, TimedOut, Local, Expectation,
		WaitDeadline, NotExecutable, NotFound,
	}
	numbers := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 124, 126, 127}
	rows := Table()
	if len(rows) != len(codes)+1 || rows[len(codes)].Code != "128+n" {
		t.Fatalf("%d rows", len(rows))
	}
	for i, code := range codes {
		if int(code) != numbers[i] || rows[i].Code != strconv.Itoa(numbers[i]) || rows[i].Meaning == "" {
			t.Errorf("row %d is %+v, code %d, want %d", i, rows[i], code, numbers[i])
		}
	}
}
