package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hinshun/vt10x"

	"nettool/internal/pty"
)

const (
	// prompt is the shell's, in green.
	prompt = `\[\e[32m\]$\[\e[0m\] `
	// leave ends the shell, and what it has started.
	leave = "\x15kill $(jobs -p); exit\r"
	// keystroke is from one key to the next.
	keystroke = 30 * time.Millisecond
	// settled is for how long nothing changes before the shell is taken to wait.
	settled = 400 * time.Millisecond
	// patience bounds one command.
	patience = 30 * time.Second
	// closest is how close to each other two pictures are at most.
	closest = 80 * time.Millisecond
)

// frame is what a terminal shows from a time on.
type frame struct {
	at     time.Duration // since the beginning
	rows   [][]vt10x.Glyph
	cursor vt10x.Cursor
}

// text is a row of a frame, without the blanks at its end.
func (f *frame) text(row int) string {
	var b strings.Builder
	for _, g := range f.rows[row] {
		b.WriteRune(g.Char)
	}
	return strings.TrimRight(b.String(), " ")
}

// camera follows a terminal.
type camera struct {
	mu      sync.Mutex
	vt      vt10x.Terminal
	began   time.Time
	film    []frame
	changed time.Time // when something has changed last
	ended   bool
}

// record types a scene into a shell, and returns what its terminal showed.
func record(shell *exec.Cmd, scene []step) ([]frame, error) {
	master, slave, err := pty.Open(columns, rows)
	if err != nil {
		return nil, err
	}
	defer master.Close()
	shell.Stdin, shell.Stdout, shell.Stderr = slave, slave, slave
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = shell.Start()
	slave.Close()
	if err != nil {
		return nil, err
	}
	c := &camera{vt: vt10x.New(vt10x.WithSize(columns, rows), vt10x.WithWriter(master)), began: time.Now(), changed: time.Now()}
	go c.follow(master)
	err = c.perform(master, scene)
	master.WriteString(leave)
	stop := time.AfterFunc(patience, func() { shell.Process.Kill() })
	shell.Wait()
	stop.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut(), err
}

// perform types the commands.
func (c *camera) perform(master *os.File, scene []step) error {
	if err := c.await("the shell"); err != nil {
		return err
	}
	for _, s := range scene {
		time.Sleep(s.pause)
		for _, key := range s.command {
			if _, err := master.WriteString(string(key)); err != nil {
				return err
			}
			time.Sleep(keystroke + rand.N(keystroke))
		}
		time.Sleep(settled)
		if _, err := master.WriteString("\r"); err != nil {
			return err
		}
		if err := c.await(s.command); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true // what the shell's own end shows is not in the picture
	return nil
}

// await waits until the shell asks for a command, and nothing more is shown.
func (c *camera) await(command string) error {
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(closest / 4) {
		c.mu.Lock()
		asks := len(c.film) > 0 && time.Since(c.changed) > settled && c.asks()
		c.mu.Unlock()
		if asks {
			return nil
		}
	}
	return fmt.Errorf("%s: the shell does not come back", command)
}

// asks reports whether the cursor stands behind an empty prompt.
func (c *camera) asks() bool {
	last := &c.film[len(c.film)-1]
	return last.text(last.cursor.Y) == "$" && last.cursor.X == 2
}

// follow shows the terminal what it is sent, and keeps pictures of it.
func (c *camera) follow(master *os.File) {
	p := make([]byte, 4096)
	for {
		n, err := master.Read(p)
		c.mu.Lock()
		if !c.ended {
			c.vt.Write(p[:n])
			c.picture()
		}
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// picture keeps what the terminal shows now.
func (c *camera) picture() {
	f := frame{at: time.Since(c.began), cursor: c.vt.Cursor()}
	for y := range rows {
		row := make([]vt10x.Glyph, columns)
		for x := range row {
			row[x] = c.vt.Cell(x, y)
		}
		f.rows = append(f.rows, row)
	}
	c.changed = time.Now()
	if n := len(c.film); n > 0 && f.at-c.film[n-1].at < closest {
		f.at = c.film[n-1].at
		c.film[n-1] = f
		return
	}
	c.film = append(c.film, f)
}

// cut leaves out the time before the first picture.
func (c *camera) cut() []frame {
	if len(c.film) == 0 {
		return nil
	}
	first := c.film[0].at
	for i := range c.film {
		c.film[i].at -= first
	}
	return c.film
}
