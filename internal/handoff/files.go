package handoff

// Files is what children that receive or send files are told once. The zero value is
// for those that do not.
type Files struct {
	Dir   string // where they go, or come from
	One   string // the only one that is sent, or empty
	Most  int64  // bytes of a received one; zero is no limit
	Quota bool   // room has to be asked for
	Each  bool   // have each on the disk before its receipt
	Fresh bool   // say nothing of what is there
	Raw   bool   // take bytes that are not of the protocol
}

// Room asks whether connection ID may bring so many bytes more.
type Room struct {
	ID    uint64
	Bytes int64
}

// Filed tells of a file that connection ID has brought, or has not.
type Filed struct {
	ID    uint64
	Name  string // that it was sent under
	As    string // that it has got, relative to the directory; empty when it is not there
	Size  int64
	Moved int64  // bytes of it that this connection has carried
	Sum   string // SHA-256 in hexadecimal digits, or "-"
	Known bool   // the same bytes were there before, under that name
	Error string
}

// Noted answers Room, with a cause when there is none, and Filed.
type Noted struct {
	ID    uint64
	Cause string
}

// Sane reports whether a file can be what it is said to be.
func (m *Filed) Sane() bool {
	return m.Size >= 0 && m.Moved >= 0 && m.Moved <= m.Size && (m.As == "") == (m.Error != "") &&
		len(m.Name) <= longestFile && len(m.As) <= longestFile && len(m.Sum) <= 64 && len(m.Error) <= longestFile
}

// longestFile bounds the texts about a file.
const longestFile = 8 << 10

func (*Room) kind() Kind  { return KindRoom }
func (*Filed) kind() Kind { return KindFiled }
func (*Noted) kind() Kind { return KindNoted }

func (f *Files) write(w *writer) {
	w.text(f.Dir)
	w.text(f.One)
	w.number(uint64(f.Most))
	w.flag(f.Quota)
	w.flag(f.Each)
	w.flag(f.Fresh)
	w.flag(f.Raw)
}

func (f *Files) read(r *reader) {
	f.Dir = r.text()
	f.One = r.text()
	f.Most = int64(r.number())
	f.Quota = r.flag()
	f.Each = r.flag()
	f.Fresh = r.flag()
	f.Raw = r.flag()
}

func (m *Room) write(w *writer) {
	w.number(m.ID)
	w.number(uint64(m.Bytes))
}

func (m *Room) read(r *reader) {
	m.ID = r.number()
	m.Bytes = int64(r.number())
}

func (m *Filed) write(w *writer) {
	w.number(m.ID)
	w.text(m.Name)
	w.text(m.As)
	w.number(uint64(m.Size))
	w.number(uint64(m.Moved))
	w.text(m.Sum)
	w.flag(m.Known)
	w.text(m.Error)
}

func (m *Filed) read(r *reader) {
	m.ID = r.number()
	m.Name = r.text()
	m.As = r.text()
	m.Size = int64(r.number())
	m.Moved = int64(r.number())
	m.Sum = r.text()
	m.Known = r.flag()
	m.Error = r.text()
}

func (m *Noted) write(w *writer) {
	w.number(m.ID)
	w.text(m.Cause)
}

func (m *Noted) read(r *reader) {
	m.ID = r.number()
	m.Cause = r.text()
}
