package transfer

import (
	"reflect"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	sha := Sum{of: [32]byte{1, 2, 0xff}, known: true}
	for _, l := range []line{
		put{size: 0, name: "a"},
		put{size: 1 << 62, name: "dir/ä b%\n/.c", now: true, plain: true, exec: true, mtime: time.Unix(-5, 7)},
		skip{name: ".hidden", reason: "it is\na \"link\""},
		end{files: 3},
		get{},
		get{names: []string{"a", "b/c d"}},
		from{offset: 5},
		sum{sum: sha},
		sum{},
		goOn{offset: 9, sum: sha},
		ok{size: 1, sum: sha, name: "a.1"},
		ok{size: 1, name: "é"},
		no{reason: "too large: 5 bytes"},
		no{},
		differs{sum: sha},
		done{files: 0},
	} {
		text := string(l.append(nil))
		got, err := parse(text)
		if err != nil || !reflect.DeepEqual(got, l) {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, l)
		}
	}
}

// FuzzLine: nothing that comes makes parse panic, and what it takes is written as
// what is taken for the same.
func FuzzLine(f *testing.F) {
	for _, s := range []string{
		"NETTOOL/1 put 5 a now plain exec mtime=5.000000000", "NETTOOL/1 skip a b", "NETTOOL/1 end 1", "NETTOOL/1 get a b",
		"from 5", "sum -", "go 5 -", "ok 5 - a", "no reason", "differs -", "done 5", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parse(text)
		if err != nil {
			return
		}
		written := string(l.append(nil))
		again, err := parse(written)
		if err != nil || string(again.append(nil)) != written {
			t.Errorf("%q is written %q, and that is %+v, %v", text, written, again, err)
		}
	})
}
