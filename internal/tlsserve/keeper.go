package tlsserve

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"nettool/internal/handoff"
)

// Rotation is how often a Keeper is to be told to Rotate. A ticket is good for as
// long as its key is among the last few: for three of these, about.
const Rotation = 8 * time.Hour

// ticketKeys is how many keys of tickets there are: one for new ones.
const ticketKeys = 3

// Keeper has the material that is in force. One goroutine changes it, others may
// ask for it at the same time.
type Keeper struct {
	options handoff.TLSOptions
	files   Files
	opened  map[string]*os.File // before rights were given up
	current atomic.Pointer[inForce]
}

// inForce is a material with its configuration.
type inForce struct {
	material *Material
	config   *tls.Config
}

// NewKeeper reads the files, and keeps them open: they can be read again when
// nobody may open them any more. inherited are those that another image of the
// program had open, by path, and may be nil; they are the Keeper's from then on.
// doubts are what is odd about certificates that can be used.
func NewKeeper(o handoff.TLSOptions, files Files, inherited map[string]*os.File) (k *Keeper, doubts []error, err error) {
	k = &Keeper{options: o, files: files, opened: inherited}
	if k.opened == nil {
		k.opened = map[string]*os.File{}
	}
	m, err := files.read(k.openFirst)
	if err != nil {
		k.Close()
		return nil, nil, err
	}
	m.TicketKeys = [][32]byte{newKey()}
	k.use(m)
	return k, files.doubts(m, time.Now()), nil
}

// newKey is a key of tickets.
func newKey() (key [32]byte) {
	rand.Read(key[:]) // never fails: crypto/rand
	return key
}

// Material is what is in force.
func (k *Keeper) Material() *Material { return k.current.Load().material }

// Config is the configuration for it.
func (k *Keeper) Config() *tls.Config { return k.current.Load().config }

func (k *Keeper) use(m *Material) { k.current.Store(&inForce{m, Config(&k.options, m)}) }

// Reload reads the files again. After an error the material is what it was.
func (k *Keeper) Reload() (doubts []error, err error) {
	m, err := k.files.read(k.openAgain)
	if err != nil {
		return nil, err
	}
	m.TicketKeys = k.Material().TicketKeys
	k.use(m)
	return k.files.doubts(m, time.Now()), nil
}

// Rotate makes a new key of tickets; the oldest one is forgotten.
func (k *Keeper) Rotate() {
	m := *k.Material()
	m.TicketKeys = slices.Insert(slices.Clone(m.TicketKeys), 0, newKey())
	m.TicketKeys = m.TicketKeys[:min(len(m.TicketKeys), ticketKeys)]
	k.use(&m)
}

// Files are what is open, by path: for another image of the program.
func (k *Keeper) Files() map[string]*os.File { return k.opened }

// Close closes the files. The material stays.
func (k *Keeper) Close() {
	if k == nil {
		return
	}
	for _, f := range k.opened {
		f.Close()
	}
	clear(k.opened)
}

// openFirst opens a file, or takes the one that was inherited if it is not ours to
// open any more. It stays open.
func (k *Keeper) openFirst(path string) (*os.File, error) {
	f, err := k.openAgain(path)
	if err != nil {
		return nil, err
	}
	stays, err := dup(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	if old := k.opened[path]; old != nil {
		old.Close()
	}
	k.opened[path] = stays
	return f, nil
}

// openAgain opens a file by its path. One that we may not open any more is read as
// it is where we had it open, also when there is another one of its name by now.
func (k *Keeper) openAgain(path string) (*os.File, error) {
	f, err := openFile(path)
	if errors.Is(err, fs.ErrPermission) && k.opened[path] != nil {
		return dup(k.opened[path])
	}
	return f, err
}
