package isolate

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"nettool/internal/cli"
)

// rlimitNames are the limits that setrlimit(2) knows, in the order of their
// numbers on most processors; see resource.
func rlimitNames() []string {
	return []string{
		"as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue",
		"nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
	}
}

// UnmarshalText parses NAME=SOFT[:HARD]. Without HARD it is the same as SOFT.
func (l *Rlimit) UnmarshalText(text []byte) error {
	s := string(text)
	name, values, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("limit %q: want NAME=SOFT[:HARD], as in nofile=256 or as=64M", s)
	}
	name = strings.TrimPrefix(strings.ToLower(name), "rlimit_")
	if !slices.Contains(rlimitNames(), name) {
		return fmt.Errorf("limit %q: there is no %q; there are %s", s, name, strings.Join(rlimitNames(), ", "))
	}
	soft, hard, both := strings.Cut(values, ":")
	parsed := Rlimit{Name: name}
	var err error
	if parsed.Soft, err = limitValue(soft); err != nil {
		return fmt.Errorf("limit %q: %w", s, err)
	}
	parsed.Hard = parsed.Soft
	if both {
		if parsed.Hard, err = limitValue(hard); err != nil {
			return fmt.Errorf("limit %q: %w", s, err)
		}
	}
	if parsed.Soft > parsed.Hard {
		return fmt.Errorf("limit %q: the soft limit is above the hard one", s)
	}
	*l = parsed
	return nil
}

// String is the limit as UnmarshalText reads it.
func (l Rlimit) String() string {
	text := func(v uint64) string {
		if v == Unlimited {
			return "unlimited"
		}
		return strconv.FormatUint(v, 10)
	}
	return l.Name + "=" + text(l.Soft) + ":" + text(l.Hard)
}

// limitValue parses a number with an optional k, M or G (powers of 1024), or
// "unlimited".
func limitValue(s string) (uint64, error) {
	if s == "unlimited" || s == "infinity" {
		return Unlimited, nil
	}
	n, ok := cli.Bytes(s)
	if !ok {
		return 0, fmt.Errorf("value %q: want a number, as in 256 or 64M, or unlimited", s)
	}
	return uint64(n), nil
}

// UnmarshalText parses ro:PATH or rw:PATH.
func (r *PathRule) UnmarshalText(text []byte) error {
	s := string(text)
	how, file, ok := strings.Cut(s, ":")
	if !ok || file == "" || (how != "ro" && how != "rw") {
		return fmt.Errorf("rule %q: want ro:PATH or rw:PATH", s)
	}
	if strings.ContainsRune(file, 0) {
		return fmt.Errorf("rule %q: a path has no zero byte", s)
	}
	*r = PathRule{Path: file, Write: how == "rw"}
	return nil
}

// String is the rule as UnmarshalText reads it.
func (r PathRule) String() string {
	if r.Write {
		return "rw:" + r.Path
	}
	return "ro:" + r.Path
}

// UnmarshalText parses PATH[:SIZE].
func (t *Tmpfs) UnmarshalText(text []byte) error {
	s := string(text)
	dir, size, sized := strings.Cut(s, ":")
	if !path.IsAbs(dir) || strings.ContainsRune(dir, 0) {
		return fmt.Errorf("tmpfs %q: want an absolute path, with or without a size, as in /tmp:64M", s)
	}
	parsed := Tmpfs{Path: dir}
	if sized {
		n, err := limitValue(size)
		if err != nil || n == 0 || n > math.MaxInt64 {
			return fmt.Errorf("tmpfs %q: size %q: want a number of bytes, as in 64M", s, size)
		}
		parsed.Size = int64(n)
	}
	*t = parsed
	return nil
}

// parseNamespace is the kind with a name.
func parseNamespace(name string) (Namespaces, error) {
	i := slices.Index(namespaceNames(), name)
	if i < 0 {
		return 0, fmt.Errorf("namespace %q: there is no such kind; there are %s", name, strings.Join(namespaceNames(), ", "))
	}
	return 1 << i, nil
}

// UnmarshalText parses a list of kinds with commas between them, and adds them to
// the set.
func (n *Namespaces) UnmarshalText(text []byte) error {
	for name := range strings.SplitSeq(string(text), ",") {
		kind, err := parseNamespace(name)
		if err != nil {
			return err
		}
		*n |= kind
	}
	return nil
}

// ParseUmask parses an octal mask.
func ParseUmask(s string) (int, error) {
	mask, err := strconv.ParseUint(s, 8, 16)
	if err != nil || mask > 0o777 {
		return 0, fmt.Errorf("umask %q: want an octal number, as in 027", s)
	}
	return int(mask), nil
}

// CheckVariable reports whether text is NAME=VALUE.
func CheckVariable(text string) error {
	name, _, ok := strings.Cut(text, "=")
	if !ok || name == "" || strings.ContainsRune(text, 0) {
		return fmt.Errorf("variable %q: want NAME=VALUE", text)
	}
	return nil
}

// With are the variables of an environment and others, which replace those of
// their name.
func With(environ, others []string) []string {
	for _, kv := range others {
		name, _, _ := strings.Cut(kv, "=")
		environ = slices.DeleteFunc(slices.Clone(environ), func(old string) bool { return strings.HasPrefix(old, name+"=") })
		environ = append(environ, kv)
	}
	return environ
}
