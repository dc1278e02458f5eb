package transfer

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSizes: files of all sizes around what is told apart arrive as they are.
func TestSizes(t *testing.T) {
	for n := range 4 {
		plain, s := n%2 == 1, &Sender{Plain: n%2 == 1}
		if n > 1 {
			s.Copy = copyOver(nil)
		}
		st, dir := store(t)
		from := t.TempDir()
		var paths []string
		sizes := []int{0, 1, inline - 1, inline, inline + 1, few - 1, few, few + 1, 5*bodyBuffer + 7, 2, 3}
		for i, size := range sizes {
			p := filepath.Join(from, "f"+strconv.Itoa(i))
			write(t, p, size)
			paths = append(paths, p)
		}
		sent, received, err1, err2 := exchange(t, s, &Receiver{Store: st, Resume: true}, Files(paths, false))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if len(sent) != len(sizes) || len(received) != len(sizes) {
			t.Fatalf("%d sent, %d received, of %d", len(sent), len(received), len(sizes))
		}
		for i, p := range paths {
			a, _ := os.ReadFile(p)
			b, _ := os.ReadFile(filepath.Join(dir, filepath.Base(p)))
			if !bytes.Equal(a, b) || sent[i].Err != nil || sent[i].As != received[i].As || sent[i].Sum != received[i].Sum || sent[i].Sum.known == plain {
				t.Errorf("%d bytes: %d arrived; sent %+v, received %+v", len(a), len(b), sent[i], received[i])
			}
		}
		if got := tree(t, dir); len(got) != len(sizes) {
			t.Errorf("there are %q", got)
		}
	}
}

// TestMany: more small files than may be on their way at a time.
func TestMany(t *testing.T) {
	st, dir := store(t)
	from := t.TempDir()
	for i := range 3*window + 5 {
		write(t, filepath.Join(from, "many", strconv.Itoa(i%7), strconv.Itoa(i)), i)
	}
	sent, _, err1, err2 := exchange(t, &Sender{}, &Receiver{Store: st}, Files([]string{from + "/many"}, true))
	if err1 != nil || err2 != nil || len(sent) != 3*window+5 {
		t.Fatal(err1, err2, len(sent))
	}
	if got := tree(t, filepath.Join(dir, "many")); !slices.Equal(got, tree(t, filepath.Join(from, "many"))) {
		t.Errorf("%d files arrived", len(got))
	}
}

// TestTwins: both of two files with one name are kept, and none twice.
func TestTwins(t *testing.T) {
	for _, size := range []int{10, inline + 10} {
		st, dir := store(t)
		from := t.TempDir()
		p := filepath.Join(from, "a")
		write(t, p, size)
		send := func() Outcome {
			t.Helper()
			sent, _, err1, err2 := exchange(t, &Sender{}, &Receiver{Store: st, Resume: true}, Files([]string{p}, false))
			if err1 != nil || err2 != nil || len(sent) != 1 || sent[0].Err != nil {
				t.Fatal(err1, err2, sent)
			}
			return sent[0]
		}
		first := send()
		if again := send(); again.As != "a" || again.Sum != first.Sum || size > inline && again.Moved != 0 {
			t.Errorf("again: %+v", again)
		}
		want(t, dir, "a "+strconv.Itoa(size))
		b := write(t, p, size)
		b[3]++
		writeFile(t, p, b)
		if other := send(); other.As != "a.1" || other.Sum == first.Sum {
			t.Errorf("other: %+v", other)
		}
		if again := send(); again.As != "a.1" && size <= inline {
			t.Errorf("other, again: %+v", again)
		}
		write(t, p, size+1)
		if longer := send(); longer.As != "a.2" {
			t.Errorf("longer: %+v", longer)
		}
		want(t, dir, "a "+strconv.Itoa(size), "a.1 "+strconv.Itoa(size), "a.2 "+strconv.Itoa(size+1))
	}
}

// cutAfter is a connection that ends after so many bytes.
type cutAfter struct {
	*net.TCPConn
	left int
}

func (c *cutAfter) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b[:min(c.left, len(b))])
	c.left -= n
	if c.left == 0 {
		c.TCPConn.Close()
		return n, errors.New("cut off")
	}
	return n, err
}

// TestResume: what was cut off goes on where it ended, if it is the same file.
func TestResume(t *testing.T) {
	st, dir := store(t)
	p := filepath.Join(t.TempDir(), "a")
	const size = 10 * bodyBuffer
	content := write(t, p, size)
	broken := func(after int) {
		t.Helper()
		a, b := pair(t)
		over := make(chan error, 1)
		go func() { over <- (&Receiver{Conn: b, Store: st, Resume: true}).Receive() }()
		if err := (&Sender{Conn: &cutAfter{a, after}}).Send(Files([]string{p}, false)); err == nil {
			t.Error("cut off, and no error")
		}
		if err := <-over; !errors.Is(err, ErrCut) {
			t.Errorf("cut off: the receiver says %v", err)
		}
	}
	broken(size / 2)
	list := tree(t, dir)
	if len(list) != 1 || !strings.Contains(list[0], partSuffix) {
		t.Fatalf("cut off: there are %q", list)
	}
	broken(size / 4)
	sent, _, err1, err2 := exchange(t, &Sender{Copy: copyOver(nil)}, &Receiver{Store: st, Resume: true}, Files([]string{p}, false))
	if err1 != nil || err2 != nil || sent[0].Err != nil || sent[0].Moved > size/3 || sent[0].Moved == 0 {
		t.Fatal(err1, err2, sent)
	}
	want(t, dir, "a "+strconv.Itoa(size))

	os.Remove(filepath.Join(dir, "a"))
	broken(size / 2)
	content[0]++
	writeFile(t, p, content)
	sent, _, err1, err2 = exchange(t, &Sender{}, &Receiver{Store: st, Resume: true}, Files([]string{p}, false))
	if err1 != nil || err2 != nil || sent[0].Err != nil || sent[0].Moved != size {
		t.Fatal(err1, err2, sent)
	}
	want(t, dir, "a "+strconv.Itoa(size))
	if got, _ := os.ReadFile(filepath.Join(dir, "a")); !bytes.Equal(got, content) {
		t.Error("the file is a mixture")
	}
}

// TestCopyChanged: who writes to a file while it is copied is found out: nothing arrives,
// or what was sent.
func TestCopyChanged(t *testing.T) {
	for name, change := range map[string]func(f *os.File) error{
		"shorter":   func(f *os.File) error { return f.Truncate(2 * few) },
		"written":   func(f *os.File) error { _, err := f.WriteAt([]byte("changed"), 3*few); return err },
		"truncated": func(f *os.File) error { return f.Truncate(0) },
	} {
		t.Run(name, func(t *testing.T) {
			st, dir := store(t)
			p := filepath.Join(t.TempDir(), "a")
			write(t, p, 4*few)
			a, b := pair(t)
			over := make(chan error, 1)
			go func() { over <- (&Receiver{Conn: b, Store: st, Resume: true}).Receive() }()
			file, err := os.OpenFile(p, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			var told []Outcome
			s := Sender{Conn: a, Told: func(o Outcome) { told = append(told, o) }}
			s.Copy = func(f *os.File, n int64) (int64, error) {
				if change != nil {
					if err := change(file); err != nil {
						t.Error(err)
					}
					change = nil
				}
				return copyOver(a)(f, n)
			}
			err = s.Send(Files([]string{p}, false))
			a.Close()
			<-over
			if err == nil && (len(told) != 1 || told[0].Err == nil) {
				t.Errorf("nobody has noticed: %+v", told)
			}
			for _, file := range tree(t, dir) {
				if strings.HasPrefix(file, "a ") && name != "written" {
					t.Errorf("there is %q", file)
				}
			}
		})
	}
}

// TestRefused: what is refused costs nothing else.
func TestRefused(t *testing.T) {
	st, dir := store(t)
	from := t.TempDir()
	var paths []string
	for i, size := range []int{5, 50, 6, 3 * inline, 7} {
		paths = append(paths, filepath.Join(from, strconv.Itoa(i)))
		write(t, paths[i], size)
	}
	sent, _, err1, err2 := exchange(t, &Sender{}, &Receiver{Store: st, Most: 10}, Files(paths, false))
	if err1 != nil || err2 != nil || len(sent) != 5 {
		t.Fatal(err1, err2, sent)
	}
	for i, o := range sent {
		if _, refused := errors.AsType[*RefusedError](o.Err); refused != (i == 1 || i == 3) {
			t.Errorf("%+v", o)
		}
	}
	want(t, dir, "0 5", "2 6", "4 7")
}

// flip is a connection that changes one byte.
type flip struct {
	*net.TCPConn
	at int
}

func (c *flip) Write(b []byte) (int, error) {
	if c.at >= 0 && c.at < len(b) {
		b = bytes.Clone(b)
		b[c.at]++
	}
	c.at -= len(b)
	return c.TCPConn.Write(b)
}

// TestDiffers: who has changed a byte on the way is found out by both sides.
func TestDiffers(t *testing.T) {
	for _, size := range []int{500, 3 * inline} {
		st, dir := store(t)
		p := filepath.Join(t.TempDir(), "a")
		write(t, p, size)
		a, b := pair(t)
		var sent, received Outcome
		over := make(chan error, 1)
		go func() {
			over <- (&Receiver{Conn: b, Store: st, Told: func(o Outcome) error { received = o; return nil }}).Receive()
		}()
		s := &Sender{Conn: &flip{a, 300}, Told: func(o Outcome) { sent = o }}
		if err := errors.Join(s.Send(Files([]string{p}, false)), <-over); err != nil {
			t.Fatal(err)
		}
		if sent.Err != ErrDiffers || received.Err != ErrDiffers || sent.As != "" {
			t.Errorf("sent %+v, received %+v", sent, received)
		}
		want(t, dir)
	}
}

// TestRaw: bytes that are not of the protocol go to a file of their own.
func TestRaw(t *testing.T) {
	for _, text := range []string{"hello", "NETTOOL/2 put", "NETTOOL/", strings.Repeat("x", few)} {
		st, dir := store(t)
		a, b := pair(t)
		go func() {
			io.WriteString(a, text)
			a.CloseWrite()
		}()
		var told Outcome
		r := &Receiver{Conn: b, Store: st, Raw: "conn-1", Told: func(o Outcome) error { told = o; return nil }}
		if err := r.Receive(); err != nil || told.As != "conn-1" || told.Size != int64(len(text)) {
			t.Errorf("%.20q: %v, %+v", text, err, told)
		}
		want(t, dir, "conn-1 "+strconv.Itoa(len(text)))
	}
	st, dir := store(t)
	a, b := pair(t)
	a.CloseWrite()
	if err := (&Receiver{Conn: b, Store: st, Raw: "conn-1"}).Receive(); err != nil {
		t.Error(err)
	}
	want(t, dir)
}

// TestGet: files are asked for by name, or all of them.
func TestGet(t *testing.T) {
	offered := t.TempDir()
	for name, size := range map[string]int{"a": 5, "b/c": 3 * inline, "b/.d": 7, ".e": 8, "f.part": 9} {
		write(t, filepath.Join(offered, name), size)
	}
	os.Symlink("a", filepath.Join(offered, "link"))
	root, err := os.OpenRoot(offered)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, test := range []struct {
		names, want, missing []string
	}{
		{nil, []string{"a 5", "b/.d 7", "b/c " + strconv.Itoa(3*inline)}, []string{"link"}},
		{[]string{"a"}, []string{"a 5"}, nil},
		{[]string{"b", "nope"}, []string{"b/.d 7", "b/c " + strconv.Itoa(3*inline)}, []string{"nope"}},
	} {
		st, dir := store(t)
		a, b := pair(t)
		over := make(chan error, 1)
		go func() {
			over <- Give(&Sender{Conn: a}, func(names []string) iter.Seq2[Item, error] { return Below(root, names) })
		}()
		var missing []string
		r := &Receiver{Conn: b, Store: st, Told: func(o Outcome) error {
			if o.Err != nil {
				missing = append(missing, o.Name)
			}
			return nil
		}}
		if err := errors.Join(r.Get(test.names), <-over); err != nil {
			t.Error(err)
		}
		want(t, dir, test.want...)
		if !slices.Equal(missing, test.missing) {
			t.Errorf("%q: missing %q", test.names, missing)
		}
	}
}

// TestHostile: what is not of the protocol, or leads elsewhere, is refused in words,
// and nothing is written.
func TestHostile(t *testing.T) {
	for says, hears := range map[string]string{
		"NETTOOL/1 put 5 ../a now\nhello":                "leads out",
		"NETTOOL/1 put 5 /a now\nhello":                  "leads out",
		"NETTOOL/1 put 5 a%2f..%2f..%2fb now\nhello":     "leads out",
		"NETTOOL/1 put 5 .a now\nhello":                  "begins with a dot",
		"NETTOOL/1 put 5 a%00 now\nhello":                "zero byte",
		"NETTOOL/1 put 5 a.part now\nhello":              "unfinished",
		"NETTOOL/1 put 5 a//b now\nhello":                `a part ""`,
		"NETTOOL/1 put -5 a now\nhello":                  "want a number",
		"NETTOOL/1 put 99999999999999999999 a\n":         "want a number",
		"NETTOOL/1 put 5\n":                              "without a name",
		"NETTOOL/1 put 5 a b\n":                          "no such attribute",
		"NETTOOL/1 put 5 a/../b now\nhello":              `a part ".."`,
		"NETTOOL/1 pull 5 a\n":                           "there is no line",
		"NETTOOL/1 put 5 " + strings.Repeat("a/", 70):    "",
		"NETTOOL/1 put 5 " + strings.Repeat("a", 20<<10): "a line of more than",
		"NETTOOL/1 put 5 a now\nhellosum -\n":            "does not belong here",
		"NETTOOL/1 put 5 a now\nhellosum 00\n":           "want a SHA-256",
		"NETTOOL/1 put 5 a\nfrom 3\n":                    "does not belong here",
		"NETTOOL/1 from 3\n":                             "there is no line",
		"NETTOOL/1 get a\n":                              "does not belong here",
		"NETTOOL/1 put 5 a mtime=1\n":                    "want seconds",
	} {
		st, dir := store(t)
		a, b := pair(t)
		go func() {
			io.WriteString(a, says)
			a.CloseWrite()
		}()
		err := (&Receiver{Conn: b, Store: st, Raw: "raw", Resume: true}).Receive()
		b.CloseWrite()
		if err == nil {
			t.Errorf("%.60q: no error", says)
		}
		answer, _ := io.ReadAll(a)
		if !strings.Contains(string(answer), hears) {
			t.Errorf("%.60q: hears %q", says, answer)
		}
		want(t, dir)
	}
}
