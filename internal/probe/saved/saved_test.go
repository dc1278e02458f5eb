package saved_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/saved"
	"nettool/internal/probe/series"
	"nettool/internal/probe/tally"
)

// run is a short one.
func run() (*saved.Run, *series.Series) {
	var t tally.Tally
	var s series.Series
	began := time.Now()
	for i := range 100 {
		due := time.Duration(i) * 10 * time.Millisecond
		r := attempt.Result{Start: began.Add(due), Total: time.Duration(i) * time.Microsecond}
		if i%10 == 9 {
			r.Outcome = attempt.Refused
			s.Fail(due)
		} else {
			s.Add(due, r.Total)
		}
		t.Add(began.Add(due), &r)
	}
	return &saved.Run{Mode: "ping", ElapsedUS: 1_000_000, Targets: []saved.Target{saved.Of("db:5432", &t, &s)}}, &s
}

// TestRoundTrip: what was written is read again.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	wrote, course := run()
	var file bytes.Buffer
	if err := saved.Write(&file, wrote); err != nil {
		t.Fatal(err)
	}
	read, err := saved.Read(&file)
	if err != nil || !reflect.DeepEqual(read, wrote) {
		t.Fatalf("%v\n%+v\n%+v", err, read, wrote)
	}
	target := &read.Targets[0]
	if target.Outcomes["refused"] != 10 || target.Outcomes["ok"] != 90 || len(target.Outcomes) != 2 || target.Response.N != 90 {
		t.Errorf("%+v", target)
	}
	got := target.Series()
	if got.Width != course.Width || got.N() != 90 || len(got.Slots) != len(course.Slots) {
		t.Errorf("%+v", got)
	}
}

// TestDamaged: each of these is refused, by what is wrong with it.
func TestDamaged(t *testing.T) {
	t.Parallel()
	whole, _ := run()
	var file bytes.Buffer
	if err := saved.Write(&file, whole); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	for name, test := range map[string]struct{ text, want string }{
		"empty":        {"", "not a run"},
		"half":         {text[:len(text)/2], "not a run"},
		"other":        {strings.Replace(text, "nettool.run/1", "nettool.run/2", 1), "not a run"},
		"a list":       {"[1]", "not a run"},
		"kind":         {strings.Replace(text, `"sent":100`, `"sent":"x"`, 1), "damaged run: json: "},
		"no targets":   {`{"schema":"nettool.run/1"}`, "without targets"},
		"twice":        {strings.Replace(text, `"targets":[`, `"targets":[{"target":"db:5432"},`, 1), `target "db:5432" is there twice`},
		"fewer":        {strings.Replace(text, `"sent":100`, `"sent":1`, 1), `target "db:5432": its counts`},
		"a far slot":   {strings.Replace(text, `"at":0`, `"at":64`, 1), "slot 0 is at 64"},
		"no length":    {strings.Replace(text, `"slot_us":16000`, `"slot_us":0`, 1), "no length"},
		"out of bound": {strings.Replace(text, `"times_ns":[0`, `"times_ns":[99999999`, 1), "a time of slot 0"},
		"more times":   {strings.Replace(text, `"at":0,"ok":2`, `"at":0,"ok":1`, 1), "slot 0 cannot be"},
	} {
		if test.text == text {
			t.Errorf("%s: nothing is damaged in %.300s", name, text)
		}
		if _, err := saved.Read(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	whole, _ := run()
	var file bytes.Buffer
	if err := saved.Write(&file, whole); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(`{"schema":"nettool.run/1","targets":[{"target":"a","slot_us":1,"slots":[{"at":3,"ok":1,"times_ns":[0]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := saved.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for i := range r.Targets {
			if s := r.Targets[i].Series(); s.N() < 0 {
				t.Errorf("%d times", s.N())
			}
		}
	})
}
