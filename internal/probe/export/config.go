// Package export answers Prometheus: it asks a target, of those that its configuration
// allows, when it is scraped, as blackbox_exporter does and under the names of its
// metrics where they mean the same.
package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
	"nettool/internal/socket"
)

// Default is the module of a request that names none.
const Default = "default"

// Config is what may be asked, and of whom.
type Config struct {
	Modules map[string]attempt.Spec
	Targets []target.Pattern
}

// Allows reports whether a target may be asked.
func (c *Config) Allows(a socket.Addr) bool {
	for i := range c.Targets {
		if c.Targets[i].Allows(a) {
			return true
		}
	}
	return false
}

// Read adds what a file says to the configuration: lines module NAME [FLAG…] and
// target PATTERN…, with comments behind #. Words are divided by blanks; in single and in
// double quotes they may hold some. spec reads a module's flags. Errors carry exit.Usage
// and name the line.
func (c *Config) Read(from io.Reader, name string, spec func(flags []string) (attempt.Spec, error)) error {
	lines := bufio.NewScanner(from)
	n := 0
	for lines.Scan() {
		n++
		words, err := split(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if err == nil {
			err = c.line(words, spec)
		}
		if err != nil {
			return exit.Errorf(exit.Usage, "configuration %q, line %d: %w", name, n, err)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return exit.Errorf(exit.Usage, "configuration %q, line %d: has more than %d bytes", name, n+1, bufio.MaxScanTokenSize)
	}
	if err := lines.Err(); err != nil {
		return exit.Errorf(exit.Local, "read configuration %q: %w", name, err)
	}
	return nil
}

// isName reports whether text can be a module's name.
func isName(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == ""
}

// line takes one line.
func (c *Config) line(words []string, spec func([]string) (attempt.Spec, error)) error {
	if len(words) == 0 {
		return nil
	}
	switch words[0] {
	case "module":
		if len(words) < 2 || !isName(words[1]) {
			return fmt.Errorf("want module NAME [FLAG…], with letters, digits and _ . - in the name")
		}
		if _, ok := c.Modules[words[1]]; ok {
			return fmt.Errorf("there is a module %q already", words[1])
		}
		s, err := spec(words[2:])
		if err != nil {
			return fmt.Errorf("module %q: %w", words[1], err)
		}
		c.Modules[words[1]] = s
		return nil
	case "target":
		if len(words) < 2 {
			return fmt.Errorf("want target PATTERN…")
		}
		return c.Allow(words[1:])
	}
	return fmt.Errorf("%q: want module NAME [FLAG…] or target PATTERN…", words[0])
}

// Allow adds targets that may be asked. Errors carry exit.Usage.
func (c *Config) Allow(patterns []string) error {
	for _, text := range patterns {
		p, err := target.ParsePattern(text)
		if err != nil {
			return err
		}
		c.Targets = append(c.Targets, p)
	}
	return nil
}

// split divides a line into words.
func split(line string) (words []string, err error) {
	var word strings.Builder
	inside, quote := false, rune(0)
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			inside, quote = true, r
		case r == ' ' || r == '\t' || r == '\r':
			if inside {
				words = append(words, word.String())
				word.Reset()
			}
			inside = false
		case r == '#' && !inside:
			return words, nil
		default:
			inside = true
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote (%c) has no end", quote)
	}
	if inside {
		words = append(words, word.String())
	}
	return words, nil
}
